"""A sender says that it is over: it is looked at, and never taken for true."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autofix.core.alerts import Verdict
from autofix.core.incidents import State
from autofix.core.runbooks import AlertTrigger
from autofix.core.runs import Outcome, RunResult
from autofix.core.signals import Signal, SignalState
from autofix.flow import people, stopping
from unit.flow.alerting import MEMORY, AlertWorld, high
from unit.flow.world import BOOK

WELL, ILL, AWAY = {"ratio": 0.5}, {"ratio": 0.95}, "connection refused"


def held(world: AlertWorld) -> None:
    """An incident that waits: nothing was begun."""
    stopping.pause(world.ctx, "ann", host="r1", reason="a test")
    world.fires()
    world.settle()
    assert world.incident().state is State.HELD


def last(world: AlertWorld) -> Signal:
    with world.store.reading() as reads:
        return reads.signals()[0]


def test_what_waits_recovers_when_the_symptom_is_gone() -> None:
    world = AlertWorld()
    held(world)
    world.patient.state["r1"] = WELL
    row = world.over()
    assert row.judged[0].verdict is Verdict.CLEARS
    assert row.judged[0].incident == 1
    assert last(world).state is SignalState.MATCHED
    incident = world.incident()
    assert incident.state is State.RECOVERED
    assert incident.reason == (
        "its sender says that it is over, and the symptom is gone: ratio < 0.85 (ratio = 0.5)"
    )
    assert world.hands.played == []


@pytest.mark.parametrize(
    ("state", "why"),
    [
        (ILL, "incident 1 stays: the symptom still stands, ratio < 0.85 (ratio = 0.95)"),
        (AWAY, "incident 1 stays: it can't be told, connection refused"),
    ],
)
def test_what_still_stands_or_cannot_be_told_stays_open_and_says_so(
    state: dict[str, float] | str, why: str
) -> None:
    world = AlertWorld()
    held(world)
    world.patient.state["r1"] = state
    world.over()
    assert world.incident().state is State.HELD
    signal = last(world)
    assert (signal.state, signal.reason, signal.incident) == (SignalState.IGNORED, why, 1)


def test_a_person_who_has_it_is_told() -> None:
    world = AlertWorld()
    world.hands.does["rewrite.yml"] = lambda _: RunResult(Outcome.FAILED, "no", 2)
    world.fires()
    world.settle()
    world.pass_time(60)
    assert world.incident().state is State.ESCALATED
    people.acknowledge(world.ctx, 1, "ann")
    world.patient.state["r1"] = WELL
    world.over()
    assert world.incident().state is State.ACKNOWLEDGED
    assert world.actions(1)[-2:] == ["incident.symptom_gone", "signal.matched"]


def test_what_is_worked_on_is_verified_anyway() -> None:
    world = AlertWorld()
    world.fires()
    world.settle()
    assert world.incident().state is State.VERIFYING
    world.patient.state["r1"] = WELL
    world.over()
    assert world.incident().state is State.VERIFYING
    assert last(world).reason == "incident 1: it is being worked on, and verified"


def test_an_all_clear_is_never_needed() -> None:
    world = AlertWorld()
    held(world)
    world.patient.state["r1"] = WELL
    stopping.resume(world.ctx, "ann", host="r1")
    world.pass_time(200)
    assert world.incident().state is State.RECOVERED


def test_a_thousand_all_clears_are_one_look() -> None:
    world = AlertWorld()
    held(world)
    rows = [world.post(high(firing=False), high(firing=False)) for _ in range(10)]
    assert {each.signal for row in rows for each in row.judged} == {2}
    world.settle()
    with world.store.reading() as reads:
        assert len(reads.signals()) == 2


def test_an_all_clear_for_what_is_not_open_is_only_recorded() -> None:
    world = AlertWorld()
    row = world.over()
    assert row.judged[0].verdict is Verdict.IGNORED
    assert row.judged[0].why == "nothing of ours is open for this"
    world.fires()  # received, and not handled yet
    early = world.post(high(firing=False))
    assert "looked at before anything is" in early.judged[0].why
    with world.store.reading() as reads:
        assert len(reads.signals()) == 1


def test_what_a_person_asked_for_is_not_called_off_by_a_sender() -> None:
    world = AlertWorld()
    held(world)
    asked = replace(world.incident(), requested_by="ann")
    with world.store.transaction() as tx:
        tx.save_incident(asked, None)
    world.patient.state["r1"] = WELL
    world.over()
    assert world.incident().state is State.HELD
    assert last(world).reason == "incident 1: a person asked for this run"


def test_a_probe_that_still_sees_it_has_the_last_word() -> None:
    both = replace(BOOK, triggers=(*BOOK.triggers, AlertTrigger("High")))
    world = AlertWorld(both)
    stopping.pause(world.ctx, "ann", host="r1", reason="a test")
    world.look("r1")
    world.settle()
    world.patient.state["r1"] = WELL  # the probe's next look is still to come
    world.over()
    assert world.incident().state is State.HELD
    assert last(world).reason == "incident 1 stays: a trigger of its runbook still sees it"


def test_a_runbook_that_is_gone_leaves_it_to_the_person_who_is_called() -> None:
    world = AlertWorld()
    held(world)
    world.post(high(firing=False))
    world.ctx.book = replace(world.ctx.book, runbooks={"x": replace(MEMORY, name="x")})
    world.settle()
    assert last(world).reason in ("its runbook is not there any more", "nothing of ours is open "
                                  "for this")  # fmt: skip
    assert last(world).state is SignalState.IGNORED
