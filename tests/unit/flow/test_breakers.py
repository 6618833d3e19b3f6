"""Stories about the breaker: a fix that fails or flaps is not tried for ever (SAFETY 23)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autofix.core.incidents import State
from autofix.core.runbooks import Attempts
from autofix.core.signals import SignalState
from autofix.errors import HeldError, UsageError
from autofix.flow import breakers, people
from unit.flow.world import BOOK, World, with_guards

HOUR, DAY = 3600.0, 86400.0
QUICK = with_guards(cooldown=0, attempts=Attempts(3, DAY, half_open_after=HOUR))


def flap(world: World, times: int, pause: float = 60) -> None:
    """The symptom comes, its fix heals, and it comes back."""
    world.hands.does["rewrite.yml"] = world.well("r1")
    for _ in range(times):
        world.ill()
        world.pass_time(15)
        world.look("r1")
        world.pass_time(pause, step=30)


def fail(world: World) -> int:
    """The symptom comes, nothing helps, and a person takes it; the number of the incident."""
    world.ill()
    world.pass_time(150, step=5)
    number = world.incidents()[-1].id
    assert world.incident(number).state is State.ESCALATED
    return number


def standing(world: World) -> list[str]:
    with world.store.reading() as reads:
        return [str(each.breaker.state) for each in breakers.standing(world.ctx, reads)]


def open_by_failing(world: World) -> int:
    """Three attempts fail; the fourth incident finds the breaker open."""
    for _ in range(3):
        number = fail(world)
        people.resolve(world.ctx, number, "ann")
    world.hands.orders.clear()
    world.bell.rung.clear()
    world.ill()
    world.pass_time(15)
    return number + 1


def reset(world: World, by: str = "ann") -> None:
    breakers.reset(world.ctx, by, runbook=BOOK.name, host="r1", reason="the disk was swapped")


def test_a_fix_that_fails_is_tried_three_times_and_each_time_a_person_is_told() -> None:
    world = World(with_guards(cooldown=0))
    number = open_by_failing(world)
    assert world.incident(number).state is State.ESCALATED
    assert world.hands.played == []
    world.pass_time(7200, step=60)
    assert world.hands.played == []
    assert {page.incident for page in world.bell.rung} == {number}
    assert "breaker open on r1: 3 attempts within 1d" in world.bell.rung[0].text


def test_a_fix_that_heals_again_and_again_is_flapping_and_opens_it_too() -> None:
    world = World(with_guards(cooldown=0))
    flap(world, 3)
    assert world.bell.rung == []
    world.ill()
    world.pass_time(60)
    assert world.incident(4).state is State.ESCALATED
    assert world.hands.played.count("rewrite.yml") == 3
    assert len(world.bell.rung) == 1
    assert standing(world) == ["open"]


def test_a_persons_run_is_held_by_an_open_breaker_even_with_yes() -> None:
    world = World(with_guards(cooldown=0))
    flap(world, 3)
    answer = world.ask_by("bob", accepted=("cooldown", "freeze", "runs_per_hour"))
    assert answer.state is SignalState.IGNORED
    assert answer.reason.startswith("breaker open on r1")


def test_after_a_reset_one_attempt_heals_and_closes_it() -> None:
    world = World(with_guards(cooldown=0))
    number = open_by_failing(world)
    reset(world)
    assert standing(world) == ["half_open"]
    world.hands.does["rewrite.yml"] = world.well("r1")
    world.run_by("bob")  # starts the escalated incident again
    world.pass_time(30)
    healed = world.incident(number)
    assert (healed.state, healed.trial, healed.trial_passed) == (State.HEALED, True, True)
    assert standing(world) == []
    assert "breaker.reset" in world.actions()
    flap(world, 2)
    assert world.hands.played.count("rewrite.yml") == 3


def test_after_a_reset_an_attempt_that_fails_opens_it_again_at_once_with_a_page() -> None:
    world = World(with_guards(cooldown=0))
    number = open_by_failing(world)
    reset(world)
    world.pass_time(600, step=10)  # the pages of so many failures are gathered; they are out now
    world.run_by("bob")
    world.pass_time(150, step=5)
    failed = world.incident(number)
    assert failed.state is State.ESCALATED
    assert failed.reason.endswith("; the breaker is open again")
    world.pass_time(300, step=5)
    assert "the breaker is open again" in world.bell.rung[-1].text
    assert standing(world) == ["open"]
    people.resolve(world.ctx, number, "ann")
    assert standing(world) == []  # somebody has looked


def test_after_its_time_one_attempt_is_let_through_by_itself() -> None:
    world = World(QUICK)
    flap(world, 3)
    world.pass_time(HOUR, step=60)
    assert standing(world) == ["half_open"]
    world.ill()
    world.pass_time(15)
    trial = world.incident(4)
    assert (trial.state, trial.trial_passed) == (State.HEALED, True)
    with world.store.reading() as reads:
        acting = next(e for e in reads.audit(incident=4) if e.event.action == "incident.acting")
    assert "the breaker is half-open, 1h have passed" in acting.event.payload["reason"]
    assert acting.event.payload["trial"] is True


def test_a_trial_that_fails_waits_as_long_again() -> None:
    world = World(QUICK)
    flap(world, 3)
    world.pass_time(HOUR, step=60)
    world.hands.does.clear()
    number = fail(world)
    assert world.incident(number).reason.endswith("the breaker is open again")
    assert standing(world) == ["open"]
    world.pass_time(HOUR, step=60)
    assert standing(world) == ["half_open"]


def test_only_an_open_breaker_is_reset() -> None:
    world = World(with_guards(cooldown=0))
    with pytest.raises(HeldError, match="on r1 is closed: no attempts lately"):
        reset(world)
    flap(world, 3)
    reset(world)
    with pytest.raises(HeldError, match="on r1 is half-open: ann reset it"):
        reset(world)
    with pytest.raises(UsageError, match="there is no runbook 'x'"):
        breakers.reset(world.ctx, "ann", runbook="x", host="r1")
    assert world.actions().count("breaker.reset") == 1


def test_each_target_has_its_own_breaker() -> None:
    world = World(with_guards(cooldown=0))
    flap(world, 3)
    world.hands.does["rewrite.yml"] = world.well("r2")
    world.ill("r2")
    world.pass_time(15)
    assert world.incident(4).state is State.HEALED
    assert standing(world) == ["open"]


def test_a_breaker_by_other_rules_after_the_file_was_changed() -> None:
    world = World(with_guards(cooldown=0))
    flap(world, 3)
    more = replace(BOOK, guards=replace(BOOK.guards, cooldown=0, attempts=Attempts(5, DAY)))
    world.ctx.book = replace(world.ctx.book, runbooks={BOOK.name: more})
    assert standing(world) == []
