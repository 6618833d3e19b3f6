"""A person who has an incident tries a step again, or has one undone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autofix.core.conditions import parse
from autofix.core.incidents import State
from autofix.core.runbooks import Step
from autofix.core.runs import Outcome, RunKind, RunResult, RunState
from autofix.core.silences import Silence
from autofix.errors import HeldError, NotFound, UsageError
from autofix.flow import again, decide, people, silences, stopping
from autofix.flow.recover import recover
from unit.flow.world import BOOK, Killed, World, kill, swap, with_steps

UNDOABLE = with_steps(Step("soft.yml"), Step("raise.yml", rollback="lower.yml"))


def broke(_: object) -> RunResult:
    return RunResult(Outcome.FAILED, "it broke", 2)


@pytest.fixture
def world() -> World:
    """Everything was tried, nothing helped, a person was called."""
    world = World()
    world.ill()
    world.pass_time(120)
    assert world.incident().state is State.ESCALATED
    return world


@pytest.fixture
def undoable() -> World:
    """The last step ran and was rolled back in vain: its rollback broke."""
    world = World(UNDOABLE)
    world.hands.does["lower.yml"] = broke
    world.ill()
    world.pass_time(120)
    assert world.incident().state is State.ESCALATED
    world.hands.does.pop("lower.yml")
    return world


def test_a_retry_begins_at_the_step_that_was_named(world: World) -> None:
    before = len(world.hands.orders)
    world.hands.does["evict.yml"] = world.well("r1")
    asked = again.retry(world.ctx, 1, "ann", step=1)
    assert (asked.step, asked.requested_by) == (1, "ann")
    assert asked.reason == "ann starts the fix again at step 2"
    world.pass_time(60)
    assert world.hands.played[before:] == ["evict.yml", "restore.yml"]
    assert world.incident().state is State.HEALED


def test_a_retry_is_on_the_record_under_its_askers_name(world: World) -> None:
    again.retry(world.ctx, 1, "ann")
    with world.store.reading() as reads:
        [entry] = [e for e in reads.audit(incident=1) if e.event.action == "incident.retried"]
    assert (entry.event.actor, entry.event.payload["step"]) == ("ann", 1)
    assert world.incident().answered_at == world.clock.now()


def test_a_retry_that_was_asked_for_is_not_asked_for_twice(world: World) -> None:
    again.retry(world.ctx, 1, "ann")
    with pytest.raises(HeldError, match="about to start again already: ann starts"):
        again.retry(world.ctx, 1, "bob")


@pytest.mark.parametrize("step", [-1, 3, 99])
def test_a_step_that_is_not_there_is_told(world: World, step: int) -> None:
    for act in (again.retry, again.roll_back):
        with pytest.raises(UsageError, match=f"no step {step + 1}") as told:
            act(world.ctx, 1, "ann", step)
        assert told.value.hint == "its steps are numbered from 1 to 3"


def test_an_incident_that_is_not_there_is_told() -> None:
    for act in (again.retry, again.roll_back):
        with pytest.raises(NotFound, match="no incident 7"):
            act(World().ctx, 7, "ann", 0)


def test_a_retry_under_a_pause_is_refused_at_once_with_its_words(world: World) -> None:
    stopping.pause(world.ctx, "bob", reason="the vendor is on the line")
    with pytest.raises(HeldError, match="the vendor is on the line"):
        again.retry(world.ctx, 1, "ann")
    assert world.incident().due_at is None


def test_a_retry_looks_before_it_acts(world: World) -> None:
    """By what was seen hours ago no step would apply; by what is seen now one does."""
    swap(world, with_steps(Step("rewrite.yml", when=parse("ratio > 0.97"))))
    world.patient.state["r1"] = {"ratio": 0.99}
    before = len(world.hands.orders)
    again.retry(world.ctx, 1, "ann")
    world.settle()
    assert world.hands.played[before:] == ["rewrite.yml"]


def test_without_its_runbook_nothing_is_run(world: World) -> None:
    swap(world)
    for act in (again.retry, again.roll_back):
        with pytest.raises(HeldError, match="not there or has errors"):
            act(world.ctx, 1, "ann", 0)


def test_only_who_has_it_starts_it_again() -> None:
    world = World(with_steps(Step("raise.yml", approval="always")))
    world.ill()
    for act in (again.retry, again.roll_back):
        with pytest.raises(HeldError, match="incident 1 is awaiting_approval"):
            act(world.ctx, 1, "ann", 0)


def test_a_retry_of_a_step_that_asks_waits_for_somebody_else() -> None:
    world = World(with_steps(Step("soft.yml"), Step("raise.yml", approval="always")))
    world.ill()
    world.pass_time(4000, step=20)
    assert world.incident().state is State.ESCALATED
    again.retry(world.ctx, 1, "ann", step=1)
    world.settle()
    assert world.incident().state is State.AWAITING_APPROVAL


def test_a_step_is_undone_and_the_incident_is_the_persons_again(undoable: World) -> None:
    before, calls = len(undoable.hands.orders), len(undoable.bell.rung)
    asked = again.roll_back(undoable.ctx, 1, "ann", 1)
    assert asked.state is State.ROLLING_BACK
    assert asked.reason == "step 2 is rolled back with lower.yml: ann asked for it"
    undoable.pass_time(30)
    assert undoable.hands.played[before:] == ["lower.yml"]
    after = undoable.incident()
    assert (after.state, len(undoable.bell.rung)) == (State.ACKNOWLEDGED, calls)
    assert after.reason == "step 2: lower.yml, which a person asked for, has undone it"
    assert undoable.actions(1)[-1] == "incident.rolled_back"


def test_a_rollback_is_on_the_record_with_the_step_that_it_undoes() -> None:
    both = with_steps(Step("soft.yml", rollback="hard.yml"), Step("raise.yml"))
    world = World(both)
    world.hands.does["hard.yml"] = broke
    world.hands.does["raise.yml"] = broke
    world.ill()
    world.pass_time(120)
    world.hands.does.pop("hard.yml")
    again.retry(world.ctx, 1, "ann", step=1)
    world.pass_time(60)
    assert world.incident().step == 1
    again.roll_back(world.ctx, 1, "ann", 0)
    world.pass_time(5)
    with world.store.reading() as reads:
        told = {e.event.action: e.event for e in reads.audit(incident=1, limit=100)}
    assert told["incident.rolling_back"].payload["step"] == 1
    assert told["incident.rolled_back"].payload["step"] == 1


def test_a_rollback_knows_what_its_step_reported(undoable: World) -> None:
    again.roll_back(undoable.ctx, 1, "ann", 1)
    undoable.settle()
    assert undoable.hands.orders[-1].variables["report"] == {"did": "raise.yml"}
    assert undoable.runs()[-1].kind is RunKind.ROLLBACK


def test_a_rollback_knows_it_even_when_a_later_try_was_dropped_before_it_began(
    undoable: World,
) -> None:
    again.retry(undoable.ctx, 1, "ann", step=1)
    decide.decide_due(undoable.ctx, 1)
    assert undoable.incident().state is State.FIXING
    stopping.pause(undoable.ctx, "bob")
    undoable.settle()
    assert any(each.state is RunState.DROPPED for each in undoable.runs())
    undoable.patient.state["r1"] = "no route"
    stopping.resume(undoable.ctx, "bob")
    undoable.pass_time(2000, step=20)
    assert undoable.incident().state is State.ESCALATED
    again.roll_back(undoable.ctx, 1, "ann", 1)
    undoable.settle()
    assert undoable.hands.orders[-1].variables["report"] == {"did": "raise.yml"}


def test_a_rollback_in_which_the_server_died_is_lost_and_a_person_goes_on(undoable: World) -> None:
    undoable.hands.does["lower.yml"] = kill
    again.roll_back(undoable.ctx, 1, "ann", 1)
    with pytest.raises(Killed):
        undoable.settle()
    undoable.hands.does.pop("lower.yml")
    undoable.busy.clear()
    recover(undoable.ctx)
    assert undoable.incident().state is State.ESCALATED
    assert "which a person asked for, ended lost" in undoable.incident().reason
    again.roll_back(undoable.ctx, 1, "ann", 1)
    undoable.pass_time(5)
    assert undoable.incident().state is State.ACKNOWLEDGED


def test_a_rollback_that_breaks_calls_a_person(undoable: World) -> None:
    calls = len(undoable.bell.rung)
    people.acknowledge(undoable.ctx, 1, "ann")
    undoable.hands.does["lower.yml"] = broke
    again.roll_back(undoable.ctx, 1, "ann", 1)
    undoable.pass_time(5)
    assert undoable.incident().state is State.ESCALATED
    assert "ended failed: it broke" in undoable.incident().reason
    assert len(undoable.bell.rung) == calls + 1


def test_what_was_undone_is_not_undone_twice(undoable: World) -> None:
    again.roll_back(undoable.ctx, 1, "ann", 1)
    undoable.pass_time(5)
    with pytest.raises(HeldError, match=r"rolled back already, by run \d+"):
        again.roll_back(undoable.ctx, 1, "ann", 1)


def test_what_broke_is_undone_by_a_second_try(undoable: World) -> None:
    undoable.hands.does["lower.yml"] = broke
    again.roll_back(undoable.ctx, 1, "ann", 1)
    undoable.pass_time(5)
    undoable.hands.does.pop("lower.yml")
    again.roll_back(undoable.ctx, 1, "ann", 1)
    undoable.pass_time(5)
    assert undoable.incident().state is State.ACKNOWLEDGED


def test_a_step_that_was_tried_again_may_be_undone_again(undoable: World) -> None:
    again.roll_back(undoable.ctx, 1, "ann", 1)
    undoable.pass_time(5)
    undoable.hands.does["lower.yml"] = broke
    again.retry(undoable.ctx, 1, "ann", step=1)
    undoable.pass_time(60)
    undoable.hands.does.pop("lower.yml")
    again.roll_back(undoable.ctx, 1, "ann", 1)
    undoable.pass_time(5)
    assert undoable.incident().state is State.ACKNOWLEDGED


def test_a_step_without_a_rollback_is_told(undoable: World) -> None:
    with pytest.raises(HeldError, match="step 1 of redis-memory-high has no rollback"):
        again.roll_back(undoable.ctx, 1, "ann", 0)


def test_a_step_that_never_ran_has_nothing_to_undo() -> None:
    world = World(with_steps(Step("soft.yml"), Step("raise.yml", rollback="lower.yml")))
    world.hands.does["soft.yml"] = lambda _: RunResult(Outcome.UNREACHABLE, "no route", 4)
    world.ill()
    world.pass_time(60)
    with pytest.raises(HeldError, match="never started here"):
        again.roll_back(world.ctx, 1, "ann", 1)


def test_a_step_that_was_changed_since_is_not_undone(undoable: World) -> None:
    swap(undoable, replace(UNDOABLE, fix=(BOOK.fix[0], Step("other.yml", rollback="lower.yml"))))
    with pytest.raises(HeldError, match="was changed since run"):
        again.roll_back(undoable.ctx, 1, "ann", 1)


def test_a_pause_holds_a_rollback_too(undoable: World) -> None:
    stopping.pause(undoable.ctx, "bob", reason="hands off")
    with pytest.raises(HeldError, match="hands off"):
        again.roll_back(undoable.ctx, 1, "ann", 1)
    assert undoable.incident().state is State.ESCALATED


def test_a_target_that_is_to_be_left_alone_is_neither_mended_nor_undone(undoable: World) -> None:
    now, why = undoable.clock.now(), "the disk is swapped"
    silences.add(undoable.ctx, Silence(0, now, "bob", why, now, now + 600, host="r1"))
    for act in (again.retry, again.roll_back):
        with pytest.raises(HeldError, match=r"silence 1 .* by bob .*: the disk is swapped"):
            act(undoable.ctx, 1, "ann", 1)
    undoable.pass_time(601, step=30)
    again.roll_back(undoable.ctx, 1, "ann", 1)
    undoable.pass_time(5)
    assert undoable.incident().state is State.ACKNOWLEDGED


def test_a_host_that_is_worked_on_is_not_touched_by_a_rollback(undoable: World) -> None:
    with undoable.store.transaction() as tx:
        tx.lock_host("r1", 1, undoable.clock.now() + 60)
    with pytest.raises(HeldError, match="r1 is being worked on by run 1"):
        again.roll_back(undoable.ctx, 1, "ann", 1)


def test_a_pause_after_the_rollback_was_asked_for_makes_it_wait(undoable: World) -> None:
    again.roll_back(undoable.ctx, 1, "ann", 1)
    stopping.pause(undoable.ctx, "bob")
    before = len(undoable.hands.orders)
    undoable.pass_time(5)
    assert len(undoable.hands.orders) == before
    stopping.resume(undoable.ctx, "bob")
    undoable.pass_time(5)
    assert undoable.hands.played[before:] == ["lower.yml"]
