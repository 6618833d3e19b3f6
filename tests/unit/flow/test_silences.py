"""Stories about silences: what they hold, what they say, and what happens when they end."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autofix.core.incidents import Origin, State
from autofix.core.presets import ESCORT
from autofix.core.signals import Signal, SignalState
from autofix.core.silences import Silence
from autofix.desk.explain import explain
from autofix.errors import HeldError, UsageError
from autofix.flow import intake, silences, stopping
from unit.flow.world import BOOK, World, with_guards


def silence(world: World, seconds: float = 3600, **of: object) -> Silence:
    until = world.clock.now() + seconds
    draft = silences.drafted(
        world.clock.now(),
        "ann",
        until=until,
        reason="disk swap",
        **of,  # type: ignore[arg-type]
    )
    return silences.add(world.ctx, draft)


def test_what_is_silent_waits_and_nobody_is_paged_however_long_it_takes() -> None:
    world = World()
    silence(world, 7200, host="r1")
    world.ill("r1")
    world.pass_time(7000, step=50)
    held = world.incident()
    assert held.state is State.HELD
    assert held.reason.startswith("silence: silence 1 (on r1) by ann for another 2h: disk swap")
    assert world.bell.rung == []
    assert world.hands.played == []
    assert world.actions(1).count("incident.held") == 1


def test_when_a_silence_is_over_what_it_held_is_decided_anew() -> None:
    world = World()
    world.hands.does["rewrite.yml"] = world.well("r1")
    silence(world, 7200, host="r1")
    world.ill("r1")
    world.pass_time(7199, step=30)
    assert world.hands.played == []
    world.pass_time(15)
    assert world.incident().state is State.HEALED


def test_what_went_away_under_a_silence_needs_nothing_afterwards() -> None:
    world = World()
    silence(world, 60, host="r1")
    world.ill("r1")
    world.patient.state["r1"] = {"ratio": 0.5}
    world.pass_time(62)
    assert world.incident().state is State.RECOVERED
    assert world.hands.played == []


def test_a_silence_that_is_ended_lets_go_at_once() -> None:
    world = World()
    made = silence(world, 100_000, group="redis")
    world.ill("r1")
    world.pass_time(400, step=10)
    assert silences.end(world.ctx, "bob", made.id) == 1
    world.settle()
    assert world.hands.played == ["rewrite.yml"]
    assert {"silence.added", "silence.ended"} <= set(world.actions())
    with pytest.raises(HeldError, match="silence 1 is over"):
        silences.end(world.ctx, "bob", made.id)
    with pytest.raises(UsageError, match="there is no silence 7"):
        silences.end(world.ctx, "bob", 7)


def test_the_time_under_a_silence_does_not_count_to_the_hold_limit() -> None:
    world = World()
    stopping.pause(world.ctx, "bob", host="r1")
    world.ill("r1")
    world.pass_time(600, step=5)  # of the 900 seconds of its hold_limit
    silence(world, 3600, host="r1")
    world.pass_time(3650, step=10)
    assert world.bell.rung == []  # held by the pause again, and so for 600 to 690 seconds
    world.pass_time(400, step=5)
    assert len(world.bell.rung) == 1
    assert "held by pause" in world.bell.rung[0].text


def test_a_persons_run_is_held_and_told_why() -> None:
    world = World()
    silence(world, runbook=BOOK.name)
    answer = world.ask_by("bob", accepted=("cooldown", "freeze"))
    assert answer.state is SignalState.IGNORED
    assert answer.reason == ("silence 1 (redis-memory-high) by ann for another 1h: disk swap")


@pytest.mark.parametrize(
    ("labels", "state"),
    [
        ({"team": "cache", "cluster": "b"}, State.HELD),
        ({"team": "db"}, State.FIXING),
        ({}, State.FIXING),
    ],
)
def test_the_labels_of_a_signal_choose_what_is_silent(labels: dict[str, str], state: State) -> None:
    world = World()
    silence(world, labels={"team": "cache"})
    world.patient.state["r1"] = {"ratio": 0.95}
    world.hands.does["rewrite.yml"] = lambda _: None
    asked = Signal(0, Origin.ALERT, world.clock.now(), "r1", BOOK.name, labels=labels, by="alert x")
    intake.handle(world.ctx, intake.receive(world.ctx, asked))
    world.engine.tick()
    found = world.incident()
    assert dict(found.labels) == labels
    assert (found.state is State.HELD) == (state is State.HELD)


def test_a_target_that_cant_be_seen_is_told_only_when_the_silence_is_over() -> None:
    world = World()
    world.patient.state["r1"] = "connection refused"
    silence(world, 600, host="r1")
    for _ in range(10):
        world.pass_time(30)
        world.look("r1")
    assert world.bell.rung == []
    world.pass_time(600, step=30)
    world.look("r1")
    world.settle()
    assert len(world.bell.rung) == 1


def test_a_deadline_that_passes_under_a_silence_is_told_when_it_is_over() -> None:
    world = World()
    world.ctx.book = replace(world.ctx.book, severities=ESCORT)
    silence(world, 7200, host="r1")
    world.ill("r1")
    assert world.incident().deadline_at is not None
    world.pass_time(7190, step=10)
    assert world.bell.rung == []
    silences.end(world.ctx, "ann", 1)
    stopping.pause(world.ctx, "bob", host="r1")
    world.pass_time(310, step=5)
    assert any("missed" in page.text for page in world.bell.rung)


def test_why_names_the_silence_and_what_the_other_guards_say() -> None:
    world = World(with_guards(at_once=1))
    silence(world, host="r1")
    stopping.pause(world.ctx, "bob", host="r1", reason="moving")
    world.ill("r1")
    lines = "\n".join(explain(world.ctx, BOOK.name, "r1", True).lines)
    assert "guard pause: brakes: r1 paused by bob: moving" in lines
    assert "guard silence: brakes: silence 1 (on r1) by ann for another 1h: disk swap" in lines
    assert "guard breaker: passes (closed: no attempts lately)" in lines
    assert "guard hosts_at_once: passes" in lines
    assert "approval: step 1 needs none" in lines


def test_a_silence_needs_something_to_be_silent_a_reason_and_time() -> None:
    world = World()
    now = world.clock.now()
    for wrong, words in (
        ({"until": now + 60, "reason": "x"}, "a silence of everything"),
        ({"until": now + 60, "reason": " ", "host": "r1"}, "needs a reason"),
        ({"until": now, "reason": "x", "host": "r1"}, "over before it begins"),
        ({"until": now + 60, "starts_at": now + 60, "reason": "x", "host": "r1"}, "over before"),
        ({"until": now + 400 * 86400, "reason": "x", "host": "r1"}, "within 366d"),
    ):
        with pytest.raises(UsageError, match=words):
            silences.drafted(now, "ann", **wrong)  # type: ignore[arg-type]
    assert "silence.added" not in world.actions()


def test_a_silence_that_begins_later_holds_nothing_before() -> None:
    world = World()
    now = world.clock.now()
    draft = silences.drafted(now, "ann", starts_at=now + 60, until=now + 120, reason="x", host="r1")
    silences.add(world.ctx, draft)
    world.ill("r1")
    assert world.hands.played == ["rewrite.yml"]
