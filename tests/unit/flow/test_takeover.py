"""Runs of a leader before us, on a store that servers on several machines lead in turn."""

from __future__ import annotations

import pytest

from autofix.core.incidents import State
from autofix.core.runs import Run, RunState
from autofix.flow.heartbeat import LEASE
from autofix.flow.recover import lose, recover
from autofix.flow.takeover import MARGIN, free_lapsed, machine
from unit.flow.world import Killed, World, kill

HERE, THERE = "serve pid 2 on ops1", "serve pid 1 on ops2"


def left_by(owner: str, *, shared: bool = True) -> World:
    """A world whose first run was going on when its owner was last heard of."""
    world = World()
    world.store.shared = shared  # type: ignore[misc]
    world.ctx.owner = owner
    world.hands.does["rewrite.yml"] = kill
    with pytest.raises(Killed):
        world.ill()
    world.hands.does.clear()
    world.ctx.owner = HERE
    return world


def lock(world: World, host: str) -> int | None:
    with world.store.reading() as reads:
        return reads.host_lock(host)


def first(world: World) -> Run:
    return world.runs()[0]


def test_a_run_is_not_given_up_while_its_owner_may_be_at_it() -> None:
    world = left_by("serve pid 1 on ops1")
    assert recover(world.ctx) == []
    lose(world.ctx, 1)
    world.settle()
    assert first(world).state is RunState.STARTED
    assert world.hands.leftovers == []
    world.clock.advance(LEASE + 0.1)
    world.settle()
    assert first(world).state is RunState.LOST
    assert world.hands.leftovers == [1]


def test_where_one_machine_alone_can_lead_the_owner_is_dead_at_once() -> None:
    world = left_by("serve pid 1 on ops1", shared=False)
    assert [run.id for run in recover(world.ctx)] == [1]
    assert first(world).state is RunState.LOST


def test_a_lost_run_on_our_own_machine_was_ended_so_its_host_is_free() -> None:
    world = left_by("serve pid 1 on ops1")
    world.clock.advance(LEASE + 0.1)
    recover(world.ctx)
    assert lock(world, "r1") is None


def test_a_host_stays_locked_while_a_run_that_nobody_can_ask_about_may_go_on() -> None:
    world = left_by(THERE)
    begun = first(world).started_at or 0.0
    end = begun + first(world).timeout + MARGIN
    world.clock.advance(LEASE + 0.1)
    recover(world.ctx)
    assert first(world).state is RunState.LOST
    assert lock(world, "r1") == 1
    free_lapsed(world.ctx)
    assert lock(world, "r1") == 1
    world.settle()
    assert [run.state for run in world.runs()].count(RunState.STARTED) == 0
    assert world.hands.played == ["rewrite.yml"]
    world.clock.advance(end - world.clock.now() - 0.1)
    free_lapsed(world.ctx)
    assert lock(world, "r1") == 1
    world.clock.advance(0.2)
    free_lapsed(world.ctx)
    assert lock(world, "r1") is None


def test_when_the_run_must_be_over_by_now_its_host_is_free_at_once() -> None:
    world = left_by(THERE)
    world.clock.advance(first(world).timeout + MARGIN + LEASE)
    recover(world.ctx)
    assert first(world).state is RunState.LOST
    assert lock(world, "r1") is None


def test_the_incident_goes_on_or_to_a_person_when_its_host_is_free() -> None:
    world = left_by(THERE)
    world.clock.advance(LEASE + 0.1)
    recover(world.ctx)
    world.settle()
    world.clock.advance(first(world).timeout + MARGIN)
    free_lapsed(world.ctx)
    world.pass_time(120, step=5)
    assert world.hands.played.count("rewrite.yml") == 1
    assert world.incident().state in (State.ESCALATED, State.HEALED)


def test_a_lock_of_a_run_that_lives_is_never_freed_by_its_lease() -> None:
    world = left_by(THERE)
    world.clock.advance(10_000)
    free_lapsed(world.ctx)
    assert lock(world, "r1") == 1


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        ("serve pid 4711 on ops1", "ops1"),
        ("run pid 1 on on on x", "x"),
        ("strange", "strange"),
        ("", ""),
    ],
)
def test_the_machine_of_an_owner(owner: str, name: str) -> None:
    assert machine(owner) == name
