"""What was seen over time, as a desk tells it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autofix.core.charted import Limit, Milestone, Readings
from autofix.core.conditions import parse
from autofix.core.incidents import State
from autofix.core.roles import Role
from autofix.core.runbooks import ProbeTrigger
from autofix.core.runs import RunOrder
from autofix.core.series import AROUND
from autofix.errors import NotFound
from unit.desk.kit import desk, person
from unit.flow.world import BOOK, World


def slow(world: World, playbook: str, *, heals: bool = False) -> None:
    """It takes two seconds."""

    def play(_: RunOrder) -> None:
        world.clock.advance(2)
        if heals:
            world.patient.state["r1"] = {"ratio": 0.6}

    world.hands.does[playbook] = play


def healed() -> World:
    """A calm while, a failure, two steps of which the second heals."""
    clears = replace(BOOK.triggers[0], clear_when=parse("ratio < 0.8"))
    assert isinstance(clears, ProbeTrigger)
    world = World(replace(BOOK, triggers=(clears,)))
    for _ in range(5):
        world.look("r1")
        world.clock.advance(30)
    slow(world, "rewrite.yml")
    slow(world, "evict.yml", heals=True)
    world.ill()
    world.pass_time(120)
    assert world.incident().state is State.HEALED
    return world


def of(world: World, number: int = 1) -> Readings:
    return desk(world, person("vera", Role.VIEWER)).readings(number)


def test_of_more_looks_than_are_read_the_beginning_is_told_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An incident that is open for weeks: how it fell ill, and how it is now."""
    monkeypatch.setattr("autofix.desk.readings.MOST", 20)
    world = World()
    world.ill()
    opened = world.incident().opened_at
    for _ in range(300):
        world.clock.advance(30)
        world.look("r1")
    [ratio] = of(world).series
    moments = [at for at, value in ratio.points if value is not None]
    assert moments == sorted(set(moments))
    assert len(moments) == 40
    assert opened < moments[0] < moments[19] <= opened + AROUND
    assert moments[-1] == world.clock.now()


def test_a_story_in_numbers_what_was_seen_what_it_was_compared_with_and_what_was_done() -> None:
    world = healed()
    found = of(world)
    [ratio] = found.series
    assert ratio.fact == "ratio"
    assert ratio.limits == (
        Limit(">", 0.9, "fires"), Limit("<", 0.8, "clears"), Limit("<", 0.85, "healed"),
    )  # fmt: skip
    values = [value for _, value in ratio.points]
    assert values[0] == 0.5
    assert max(value or 0.0 for value in values) == 0.95
    assert values[-1] == 0.6
    assert [(each.kind, each.step, each.outcome) for each in found.milestones] == [
        ("opened", 0, ""), ("run", 0, "ok"), ("verification", 0, ""), ("run", 1, "ok"),
        ("verification", 0, ""), ("run", 1, "ok"), ("ended", 0, "healed"),
    ]  # fmt: skip
    assert found.since == world.incident().opened_at - 3600
    assert found.until == (world.incident().ended_at or 0.0) + 3600


def test_lately_is_in_few_points_and_has_no_milestones() -> None:
    world = healed()
    room = desk(world, person("vera", Role.VIEWER))
    found = room.recent("redis-memory-high", "r1", since=world.clock.now() - 3600)
    assert found.milestones == ()
    assert found.series[0].points == of(world).series[0].points
    assert room.recent("redis-memory-high", "r2").series == ()
    assert room.recent("redis-memory-high", "r1", "6379").series == ()


def test_a_runbook_that_is_gone_still_has_what_it_saw() -> None:
    world = healed()
    room = desk(world, person("vera", Role.VIEWER))
    before = room.readings(1)
    world.ctx.book = replace(world.ctx.book, runbooks={})
    found = room.readings(1)
    assert found.series == (replace(before.series[0], limits=()),)


def test_of_an_incident_that_is_none_nothing_is_told() -> None:
    with pytest.raises(NotFound, match="no incident 9"):
        of(World(), 9)


def test_an_incident_that_is_live_goes_on_to_now() -> None:
    world = World()
    world.ill()
    found = of(world)
    assert found.until == world.clock.now()
    assert Milestone("opened", world.incident().opened_at) in found.milestones


def test_each_verification_is_told_from_its_first_look_to_its_last() -> None:
    world = World()
    for playbook in ("rewrite.yml", "evict.yml", "raise.yml"):
        slow(world, playbook)
    world.ill()
    world.pass_time(300)
    found = [each for each in of(world).milestones if each.kind == "verification"]
    assert len(found) == 3
    runs = [each.at for each in of(world).milestones if each.run_kind == "fix"]
    for begun, each, following in zip(runs, found, [*runs[1:], world.clock.now()], strict=True):
        assert begun <= each.at < (each.until or 0.0) <= following


def test_a_verification_that_goes_on_has_no_end() -> None:
    world = World()
    world.ill()
    assert world.incident().state is State.VERIFYING
    assert of(world).milestones[-1].until is None
