"""Brakes that must not be passed by a way round: a second reader's stories."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autofix.core.incidents import State
from autofix.core.runbooks import Step
from autofix.core.runs import RunOrder
from autofix.flow import approvals, stopping
from autofix.flow.recover import recover
from unit.flow.world import BOOK, World, swap, with_steps

ONE_STEP = with_steps(Step("rewrite.yml"))
ALONE = replace(ONE_STEP, guards=replace(BOOK.guards, at_once=1))


def planned_only(world: World, host: str = "r1") -> None:
    """The host is ill and its fix is decided on, and no thread is free to start it."""
    kept = world.engine._start
    world.engine._start = lambda kind, key, work: kind == "run" or kept(kind, key, work)
    world.ill(host)
    world.engine._start = kept
    assert world.incident().state is State.FIXING
    assert world.hands.played == []


# -- a runbook that was switched off -------------------------------------------------------------


def test_what_is_held_is_not_fixed_once_its_runbook_is_switched_off() -> None:
    world = World(ONE_STEP)
    stopping.pause(world.ctx, "ann")
    world.ill()
    swap(world, replace(ONE_STEP, enabled=False))
    stopping.resume(world.ctx, "ann")
    world.settle()
    assert world.hands.played == []
    assert world.incident().state is State.ESCALATED
    assert "not enabled" in world.incident().reason
    assert len(world.bell.rung) == 1


def test_no_further_step_follows_once_the_runbook_is_switched_off() -> None:
    world = World()
    off = replace(BOOK, enabled=False)
    world.hands.does["rewrite.yml"] = lambda _: swap(world, off)
    world.ill()
    world.pass_time(40)
    assert world.hands.played == ["rewrite.yml"]
    assert world.incident().state is State.ESCALATED


def test_a_person_still_runs_what_is_switched_off() -> None:
    world = World(replace(ONE_STEP, enabled=False))
    world.patient.state["r1"] = {"ratio": 0.95}
    world.hands.does["rewrite.yml"] = world.well("r1")
    world.run_by("ann")
    world.pass_time(20)
    assert world.incident().state is State.HEALED


# -- between the decision and the start ----------------------------------------------------------


def test_a_fix_decided_on_long_ago_is_decided_anew_after_a_restart() -> None:
    world = World(ONE_STEP)
    planned_only(world)
    world.patient.state["r1"] = {"ratio": 0.5}  # it went away while the server was down
    world.clock.advance(7200)
    recover(world.ctx)
    world.settle()
    assert world.hands.played == []
    assert world.incident().state is State.RECOVERED


def test_a_fix_decided_on_long_ago_starts_when_all_is_as_it_was() -> None:
    world = World(ONE_STEP)
    planned_only(world)
    world.clock.advance(7200)
    world.settle()
    world.pass_time(2)
    assert world.hands.played == ["rewrite.yml"]


def test_a_planned_fix_does_not_start_once_its_runbook_is_gone() -> None:
    world = World(ONE_STEP)
    planned_only(world)
    swap(world)
    world.settle()
    assert world.hands.played == []
    assert world.incident().state is State.ESCALATED


def test_a_planned_fix_does_not_start_once_its_step_is_another_one() -> None:
    world = World(ONE_STEP)
    planned_only(world)
    swap(world, with_steps(Step("other.yml")))
    world.settle()
    world.pass_time(2)
    assert world.hands.played == ["other.yml"]


def test_a_run_that_can_never_be_watched_is_told_and_not_tried_without_pause(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Refused:
        def __init__(self, *_: object) -> None: ...

        def __enter__(self) -> None:
            raise RuntimeError("can't start new thread")

        def __exit__(self, *_: object) -> None: ...

    world = World(ONE_STEP)
    monkeypatch.setattr("autofix.flow.remediate.Heartbeat", Refused)
    world.ill()
    world.pass_time(1000, step=10)
    assert world.hands.played == []
    assert len(world.bell.rung) == 1
    assert "can't be watched" in world.bell.rung[0].text
    with world.store.reading() as reads:
        tried = reads.audit(action="run.put_back", limit=5000)
    assert len(tried) <= 101


# -- a rehearsal does not stand in the way -------------------------------------------------------


def test_a_rehearsal_that_is_held_gives_way_to_the_real_failure() -> None:
    world = World(ONE_STEP)
    kept = world.engine._start
    world.engine._start = lambda *_: True
    world.ask_by("ann", check=True)  # nothing holds it yet
    world.engine._start = kept
    stopping.pause(world.ctx, "ann", reason="vendor")
    world.ill()
    for _ in range(80):
        world.pass_time(30, step=10)
        world.look("r1")
    real = [each for each in world.incidents() if not each.check]
    assert real, "the failure was never noticed"
    assert world.bell.rung, "nobody was told"


# -- what is put back afterwards is work, too ----------------------------------------------------


def test_at_once_counts_a_host_whose_afterwards_is_running() -> None:
    book = replace(ALONE, fix=(Step("rewrite.yml", afterwards="restore.yml"),))
    world = World(book)
    world.hands.does["rewrite.yml"] = lambda order: world.well(order.host)(order)
    seen: list[list[str]] = []

    def restoring(order: RunOrder) -> None:
        if order.host == "r1":
            world.ill("r2")
            seen.append([o.playbook for o in world.hands.orders if o.host == "r2"])

    world.hands.does["restore.yml"] = restoring
    world.ill("r1")
    world.pass_time(60)
    assert seen == [[]], "a second host was touched while the first was being put back"
    assert world.incident(2).state is State.HEALED


# -- nobody to page ------------------------------------------------------------------------------


def test_who_could_not_be_paged_for_want_of_a_policy_is_paged_once_there_is_one() -> None:
    world = World(ONE_STEP)
    policies = dict(world.ctx.book.policies)
    swap(world, ONE_STEP, policies={})
    world.ill()
    world.pass_time(60)
    assert world.incident().state is State.ESCALATED
    assert world.incident().call_at is not None
    swap(world, ONE_STEP, policies=policies)
    world.pass_time(3600, step=60)
    assert world.bell.rung


# -- approvals -----------------------------------------------------------------------------------


def test_a_yes_is_for_what_the_step_was_when_it_was_asked_for() -> None:
    asks = Step("evict.yml", vars=BOOK.fix[1].vars, approval="always")
    world = World(with_steps(asks))
    world.ill()
    assert world.incident().state is State.AWAITING_APPROVAL
    swap(world, with_steps(replace(asks, vars={})))
    approvals.approve(world.ctx, 1, "bob")
    world.settle()
    assert world.hands.played == []
    assert world.incident().state is State.AWAITING_APPROVAL
    approvals.approve(world.ctx, 1, "bob")
    world.settle()
    assert world.hands.played == ["evict.yml"]
