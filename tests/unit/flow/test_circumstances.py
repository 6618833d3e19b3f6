"""Stories about when not to act: other incidents, conditions, closing time, freezes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from autofix.core.calendars import Calendar
from autofix.core.conditions import parse
from autofix.core.freezes import Freeze
from autofix.core.incidents import State
from autofix.core.runbooks import Dependency
from autofix.core.signals import SignalState
from autofix.flow import approvals, people
from autofix.testing.inventory import FakeInventory
from unit.flow.world import BOOK, World, with_guards

DOWN = replace(BOOK, name="host-down", guards=replace(BOOK.guards, approval="always"))


def waiting_for(*dependencies: Dependency) -> World:
    world = World(with_guards(depends_on=dependencies), DOWN)
    inventory = FakeInventory(
        {
            "redis": {
                "r1": {"primary": "r2"},
                "r2": {"primary": "10.0.0.3"},
                "r3": {"ansible_host": "10.0.0.3"},
            }
        }
    )
    world.ctx.book = replace(world.ctx.book, inventory=inventory)
    return world


def down(world: World, host: str) -> int:
    """An incident of host-down is live there until a person resolves it."""
    world.book = DOWN
    number = world.run_by("bob", host).incident
    world.book = world.ctx.book.runbooks[BOOK.name]
    assert number is not None
    return number


def test_while_the_host_is_down_what_runs_on_it_is_left_alone() -> None:
    world = waiting_for(Dependency("host-down"))
    number = down(world, "r1")
    world.ill("r1")
    held = world.incidents()[-1]
    assert held.reason == (
        f"depends_on: waits for host-down on r1 (incident {number}, awaiting_approval)"
    )
    world.hands.does["rewrite.yml"] = world.well("r1")
    over(world, number)
    world.pass_time(30)
    assert world.incident(held.id).state is State.HEALED


def over(world: World, number: int) -> None:
    approvals.reject(world.ctx, number, "ann")
    people.resolve(world.ctx, number, "ann")


def test_an_incident_elsewhere_is_nobodys_business() -> None:
    world = waiting_for(Dependency("host-down"))
    down(world, "r2")
    world.ill("r1")
    assert world.hands.played == ["rewrite.yml"]


@pytest.mark.parametrize(("ill", "broken"), [("r1", "r2"), ("r2", "r3")])
def test_it_may_depend_on_another_host_by_any_of_its_names(ill: str, broken: str) -> None:
    world = waiting_for(Dependency("host-down", parse("host.primary")))
    down(world, broken)
    world.ill(ill)
    assert world.incidents()[-1].reason.startswith(f"depends_on: waits for host-down on {broken}")


def test_another_host_that_cant_be_told_holds_too() -> None:
    world = waiting_for(Dependency("host-down", parse("host.primary")))
    world.ill("r3")
    assert world.incidents()[-1].reason == (
        "depends_on: waits for host-down on host.primary, which is no host (unknown)"
    )


def test_unless_looks_again_and_acts_when_it_is_over() -> None:
    world = World(with_guards(unless=parse("ratio > 0.98")))
    world.hands.does["rewrite.yml"] = world.well("r1")
    world.ill("r1", 0.99)
    assert world.incident().reason == "unless: not while ratio > 0.98 (ratio = 0.99)"
    world.pass_time(60)
    assert world.hands.played == []
    world.patient.state["r1"] = {"ratio": 0.95}
    world.pass_time(60)
    assert world.incident().state is State.HEALED


def test_what_unless_cant_tell_is_left_to_a_person_in_the_end() -> None:
    world = World(with_guards(unless=parse("aof_broken"), hold_limit=60))
    world.ill("r1")
    assert world.incident().reason.startswith("unless: could not tell whether aof_broken")
    world.pass_time(90)
    assert world.incident().state is State.ESCALATED
    assert world.hands.played == []


def frozen(world: World, **of: Any) -> Freeze:
    now = world.clock.now()
    freeze = Freeze(now - 60, now + 3600, "the year's end", **of)
    world.ctx.book = replace(world.ctx.book, freezes=(freeze,))
    return freeze


def test_in_a_freeze_nothing_is_done_by_itself_and_a_person_hears_of_it_at_once() -> None:
    world = World()
    frozen(world)
    world.ill("r1")
    world.pass_time(30)
    assert world.hands.played == []
    assert len(world.bell.rung) == 1
    assert "a freeze for another 1h, nothing is done by itself: the year's end" in (
        world.bell.rung[0].text
    )
    world.pass_time(3590, step=10)
    assert world.hands.played[0] == "rewrite.yml"


@pytest.mark.parametrize(
    "of", [{"hosts": ("r2",)}, {"groups": ("mysql",)}, {"runbooks": ("another",)}]
)
def test_a_freeze_of_something_else_holds_nothing(of: dict[str, Any]) -> None:
    world = World()
    frozen(world, **of)
    world.ill("r1")
    assert world.hands.played == ["rewrite.yml"]


def test_a_person_is_told_of_a_freeze_and_may_accept_it_on_the_record() -> None:
    world = World()
    frozen(world, groups=("redis",))
    refused = world.ask_by("ann")
    assert refused.state is SignalState.IGNORED
    assert refused.reason.startswith("a freeze for another 1h")
    accepted = world.run_by("ann", accepted=("cooldown", "freeze", "runs_per_hour"))
    assert accepted.state is SignalState.MATCHED
    with world.store.reading() as reads:
        acting = reads.audit(action="incident.acting")[0]
    assert "freeze" in acting.event.payload["accepted"]


def test_a_freeze_that_leaves_the_settings_lets_go_within_minutes() -> None:
    world = World()
    frozen(world)
    world.ill("r1")
    world.pass_time(400, step=20)
    assert world.hands.played == []
    world.ctx.book = replace(world.ctx.book, freezes=())
    world.pass_time(310, step=10)
    assert world.hands.played[0] == "rewrite.yml"


def test_out_of_hours_it_waits_pages_after_its_limit_and_acts_when_they_open() -> None:
    world = World(with_guards(hours="office", hold_limit=3600))
    now = world.clock.now()  # a Tuesday, 22:13:20 UTC
    office = Calendar("office", "UTC", {2: ((0, 1440),)})
    opens = office.next_open(now)
    assert opens is not None
    world.ctx.book = replace(world.ctx.book, calendars={"office": office})
    world.ill("r1")
    assert world.incident().reason == "hours: office is closed and opens in 1h 46m"
    world.pass_time(3590, step=60)
    assert world.bell.rung == []
    world.pass_time(opens - world.clock.now() - 10, step=60)
    assert world.hands.played == []
    assert len(world.bell.rung) == 1
    world.pass_time(20)
    assert world.hands.played == ["rewrite.yml"]


def test_a_person_works_at_any_hour() -> None:
    world = World(with_guards(hours="office"))
    world.ctx.book = replace(world.ctx.book, calendars={})
    assert world.run_by("ann").state is SignalState.MATCHED
