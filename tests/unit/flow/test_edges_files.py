"""The project's files change in the middle of an incident: nothing is forgotten, nobody misled."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autofix.core.escalation import simple
from autofix.core.incidents import State
from autofix.core.runbooks import Step
from autofix.core.runs import Outcome, RunResult
from autofix.flow import approvals, people
from autofix.flow.recover import recover
from autofix.testing.inventory import FakeInventory
from unit.flow.world import BOOK, Bell, CatchWorld, Killed, World, kill, swap, with_steps

TWO_STEPS = with_steps(Step("soft.yml"), Step("harsh.yml"))


def test_a_step_that_vanishes_while_it_is_verified_goes_to_a_person() -> None:
    world = CatchWorld(TWO_STEPS)
    world.ill()
    while world.incident().step == 0:
        world.pass_time(1)
    assert world.incident().state is State.VERIFYING
    swap(world, with_steps(Step("soft.yml")))
    world.pass_time(60)
    assert world.incident().state is State.ESCALATED
    assert len(world.bell.rung) == 1
    assert world.defects == []


def test_a_lost_step_that_vanished_meanwhile_does_not_keep_the_server_from_starting() -> None:
    book = replace(TWO_STEPS, verify=None, triggers=())
    world = CatchWorld(book)
    world.hands.does["soft.yml"] = lambda _: RunResult(Outcome.FAILED, "a task failed", 2)
    world.hands.does["harsh.yml"] = kill
    with pytest.raises(Killed):
        world.run_by("ann")
    swap(world, replace(book, fix=book.fix[:1]))
    recover(world.ctx)
    world.settle()
    assert world.incident().state is State.ESCALATED
    assert len(world.bell.rung) == 1


def test_a_host_that_leaves_the_inventory_while_verified_is_a_persons_matter() -> None:
    world = CatchWorld()
    world.ill()
    swap(world, BOOK, inventory=FakeInventory({"redis": {"r2": {}, "r3": {}}}))
    world.pass_time(120, step=5)
    assert world.incident().state is State.ESCALATED
    assert len(world.bell.rung) == 1
    assert world.hands.played == ["rewrite.yml"]


def test_a_runbook_that_vanishes_while_verified_still_puts_back_what_it_changed() -> None:
    world = CatchWorld(with_steps(Step("evict.yml", afterwards="restore.yml")))
    world.ill()
    assert world.incident().state is State.VERIFYING
    swap(world)
    world.pass_time(60)
    assert world.incident().state is State.ESCALATED
    assert world.hands.played == ["evict.yml", "restore.yml"]


def test_a_retry_whose_runbook_vanishes_goes_back_to_the_person() -> None:
    world = CatchWorld()
    world.ill()
    world.pass_time(120)
    people.acknowledge(world.ctx, 1, "ann")
    world.ask_by("ann")
    swap(world)
    world.pass_time(5)
    assert world.incident().state is State.ESCALATED
    assert "is not there any more" in world.incident().reason
    assert len(world.bell.rung) == 2
    assert world.defects == []


def test_a_yes_to_one_playbook_is_no_yes_to_another() -> None:
    book = with_steps(Step("soft.yml", approval="always"))
    world = World(book)
    world.ill()
    swap(world, replace(book, fix=(Step("flushall.yml", approval="always"),)))
    approvals.approve(world.ctx, 1, "bob")
    world.settle()
    assert world.hands.played == []
    assert world.incident().state is State.AWAITING_APPROVAL
    assert "flushall.yml" in world.bell.rung[-1].text


def test_a_lost_step_is_not_repeated_when_the_steps_change_their_order() -> None:
    world = CatchWorld(TWO_STEPS)
    world.hands.does["soft.yml"] = kill
    with pytest.raises(Killed):
        world.ill()
    del world.hands.does["soft.yml"]
    swap(world, with_steps(Step("new.yml"), *TWO_STEPS.fix))
    recover(world.ctx)
    world.pass_time(60)
    assert world.hands.played == ["soft.yml"]
    assert world.incident().state is State.ESCALATED


def test_a_page_whose_channels_vanish_leaves_by_those_of_today() -> None:
    world = World(with_steps())
    world.bell.broken = world.second.broken = "down"
    world.ill()
    world.pass_time(60)
    new = Bell("new")
    swap(world, BOOK, channels={"new": new}, policies={"default": simple("default", "new")})
    world.pass_time(600, 60)
    assert len(new.rung) == 1
