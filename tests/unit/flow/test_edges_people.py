"""People act in the middle of things: a yes, a no and a wish mean what the person meant."""

from __future__ import annotations

import pytest

from autofix.core.conditions import parse
from autofix.core.incidents import State
from autofix.core.runbooks import Step
from autofix.errors import HeldError
from autofix.flow import approvals, people, stopping
from autofix.flow.decide import decide_due
from unit.flow.world import CatchWorld, World, with_steps

WITH_AOF = {"ratio": 0.95, "aof": True}
WITHOUT_AOF = {"ratio": 0.95, "aof": False}


def test_a_retry_to_which_no_step_applies_goes_back_to_the_person() -> None:
    world = CatchWorld(with_steps(Step("rewrite.yml", when=parse("aof"))))
    world.patient.state["r1"] = WITH_AOF
    world.look("r1")
    world.pass_time(30)
    people.acknowledge(world.ctx, 1, "ann")
    assert world.ask_by("ann").state == "matched"
    world.patient.state["r1"] = WITHOUT_AOF
    world.pass_time(5)
    assert world.incident().state is State.ESCALATED
    assert world.incident().due_at is None
    assert len(world.bell.rung) == 2
    assert world.defects == []


def test_a_retry_that_meets_a_pause_runs_when_the_pause_is_lifted() -> None:
    world = CatchWorld()
    world.ill()
    world.pass_time(120)
    before = len(world.hands.orders)
    assert world.ask_by("ann").state == "matched"
    stopping.pause(world.ctx, "bob")
    world.settle()
    assert world.incident().state is State.HELD
    assert len(world.hands.orders) == before
    stopping.resume(world.ctx, "bob")
    world.pass_time(2)
    assert world.hands.played[before:] == ["rewrite.yml"]
    assert world.defects == []


def test_a_retry_is_not_forgotten_when_its_incident_is_acknowledged() -> None:
    world = CatchWorld()
    world.ill()
    world.pass_time(120)
    before = len(world.hands.orders)
    world.ask_by("ann")
    people.acknowledge(world.ctx, 1, "bob")
    world.settle()
    assert world.hands.played[before:] == ["rewrite.yml"]


def test_a_yes_given_when_another_step_applies_asks_for_that_step_first() -> None:
    soft = Step("soft.yml", when=parse("aof"), approval="always")
    world = CatchWorld(with_steps(soft, Step("harsh.yml", approval="always")))
    world.patient.state["r1"] = WITH_AOF
    world.look("r1")
    world.settle()
    assert world.incident().state is State.AWAITING_APPROVAL
    world.patient.state["r1"] = WITHOUT_AOF
    approvals.approve(world.ctx, 1, "bob")
    world.settle()
    assert world.incident().state is State.AWAITING_APPROVAL
    assert world.hands.played == []
    assert len(world.bell.rung) == 2
    assert "harsh.yml" in world.bell.rung[-1].text
    approvals.approve(world.ctx, 1, "bob")
    world.settle()
    assert world.hands.played == ["harsh.yml"]


def test_a_rejected_step_is_not_asked_for_again_by_a_decision_that_was_on_its_way() -> None:
    world = CatchWorld(with_steps(Step("raise.yml", approval="always")))
    world.ill()
    approvals.reject(world.ctx, 1, "bob")
    decide_due(world.ctx, 1)
    assert world.incident().state is State.ESCALATED


def test_an_escalated_incident_is_not_taken_up_by_a_decision_that_was_on_its_way() -> None:
    world = CatchWorld(with_steps(Step("rewrite.yml", when=parse("aof"))))
    world.ill()
    assert world.incident().state is State.ESCALATED
    world.patient.state["r1"] = WITH_AOF
    decide_due(world.ctx, 1)
    assert world.incident().state is State.ESCALATED
    assert world.hands.played == []


def test_a_persons_run_that_is_held_too_long_pages_once() -> None:
    world = World(with_steps(Step("soft.yml"), Step("harsh.yml")))
    world.patient.state["r1"] = {"ratio": 0.95}
    world.run_by("ann")
    stopping.pause(world.ctx, "bob")
    world.pass_time(3600, step=20)
    assert world.incident().state is State.HELD
    assert len(world.bell.rung) == 1


def test_nobody_approves_the_retry_that_they_asked_for() -> None:
    world = World(with_steps(Step("raise.yml", approval="always")))
    world.ill()
    approvals.reject(world.ctx, 1, "bob")
    world.run_by("ann")
    assert world.incident().state is State.AWAITING_APPROVAL
    with pytest.raises(HeldError, match="ann asked for incident 1"):
        approvals.approve(world.ctx, 1, "ann")
    approvals.approve(world.ctx, 1, "bob")
    world.settle()
    assert world.hands.played == ["raise.yml"]


def test_acknowledging_drops_the_page_that_no_channel_has_taken_yet() -> None:
    world = World(with_steps(Step("rewrite.yml")))
    world.bell.broken = world.second.broken = "refused"
    world.ill()
    world.pass_time(25)
    assert world.incident().state is State.ESCALATED
    people.acknowledge(world.ctx, 1, "ann")
    world.bell.broken = ""
    world.pass_time(600, step=20)
    assert world.bell.rung == []
    assert world.actions().count("page.dropped") == 1
