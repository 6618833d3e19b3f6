"""What is owed is done and what happened is written down, whoever dies and whatever breaks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import pytest

from autofix.core.incidents import State
from autofix.core.runbooks import Step
from autofix.core.runs import Outcome, RunEvent, RunOrder, RunResult, RunState
from autofix.errors import StoreError
from autofix.flow import stopping
from autofix.flow.recover import recover
from autofix.testing.clock import FakeClock
from autofix.testing.memory import MemoryStore, MemoryTransaction
from unit.flow.world import CatchWorld, Hands, Killed, World, kill, with_steps

PUTS_BACK = with_steps(Step("evict.yml", afterwards="restore.yml"))
AGAIN = replace(PUTS_BACK, idempotent=True)
ONE_STEP = with_steps(Step("rewrite.yml"))


def deep(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels):
        value = {"in": value}
    return value


class Chatty(Hands):
    """A runner whose playbooks say what no store keeps."""

    def run(self, order: RunOrder, on_event: Callable[[RunEvent], None], cancel: Any) -> RunResult:
        on_event(RunEvent("output", float("nan"), text="\ud800\x00", data={"big": 2**80}))
        return super().run(order, on_event, cancel)


class AwayStore(MemoryStore):
    """A store that refuses every commit until a time."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self._clock = clock
        self.away_until = 0.0

    @contextmanager
    def transaction(self) -> Iterator[MemoryTransaction]:
        if self._clock.now() < self.away_until:
            raise StoreError("the store is away")
        with super().transaction() as tx:
            yield tx


def test_an_afterwards_that_is_repeated_knows_what_its_fix_reported() -> None:
    world = CatchWorld(AGAIN)
    world.hands.does["evict.yml"] = world.well("r1")
    world.hands.does["restore.yml"] = kill
    world.ill()
    with pytest.raises(Killed):
        world.pass_time(20)
    del world.hands.does["restore.yml"]
    recover(world.ctx)
    world.settle()
    assert world.hands.played == ["evict.yml", "restore.yml", "restore.yml"]
    assert world.hands.orders[-1].variables["report"] == {"did": "evict.yml"}


def test_a_fix_and_what_it_owed_may_both_be_lost_and_both_be_repeated() -> None:
    world = CatchWorld(AGAIN)
    for playbook in ("evict.yml", "restore.yml"):
        world.hands.does[playbook] = kill
        with suppress(Killed):
            world.ill() if playbook == "evict.yml" else world.pass_time(60)
        assert recover(world.ctx)
    world.hands.does = {"evict.yml": world.well("r1")}
    world.pass_time(120)
    assert world.defects == []
    assert world.hands.played == [
        *("evict.yml", "restore.yml"),
        *("restore.yml", "evict.yml", "restore.yml"),
    ]
    assert world.incident().state is State.HEALED


def test_a_person_may_start_the_fix_again_after_an_afterwards_was_repeated() -> None:
    world = CatchWorld(AGAIN)
    world.hands.does["restore.yml"] = kill
    world.ill()
    with pytest.raises(Killed):
        world.pass_time(40)
    del world.hands.does["restore.yml"]
    recover(world.ctx)
    world.settle()
    assert world.incident().state is State.ESCALATED
    world.run_by("ann")
    world.pass_time(3)
    assert world.incident().state is State.VERIFYING
    assert world.hands.played[-1] == "evict.yml"
    assert world.defects == []


def test_what_one_runbook_will_put_back_is_not_fixed_by_another_meanwhile() -> None:
    other = replace(PUTS_BACK, name="redis-other")
    world = World(PUTS_BACK, other)
    world.patient.state["r1"] = {"ratio": 0.95}
    world.look("r1")
    world.book = other
    world.look("r1")
    world.settle()
    assert world.hands.played == ["evict.yml"]
    assert sorted(each.state for each in world.incidents()) == [State.HELD, State.VERIFYING]


def test_an_afterwards_that_the_servers_stop_cut_short_is_done_by_the_next_server() -> None:
    world = World(AGAIN)
    world.hands.does["evict.yml"] = world.well("r1")

    def stop(_: RunOrder) -> RunResult:
        stopping.cancel_all(world.ctx, world.ctx.owner, "the server stops")
        del world.hands.does["restore.yml"]
        return RunResult(Outcome.CANCELLED, "cancelled")

    world.hands.does["restore.yml"] = stop
    world.ill()
    world.pass_time(60)
    assert world.hands.played == ["evict.yml", "restore.yml", "restore.yml"]
    assert world.incident().state is State.HEALED
    assert world.bell.rung == []


def test_a_run_whose_end_could_not_be_written_for_long_is_lost_and_told_to_a_person() -> None:
    world = CatchWorld(ONE_STEP)
    store = AwayStore(world.clock)
    world.store = world.ctx.store = store

    def take_the_store_away(_: RunOrder) -> None:
        store.away_until = world.clock.now() + 180

    world.hands.does["rewrite.yml"] = take_the_store_away
    world.ill()
    world.pass_time(600, step=60)
    assert world.runs()[0].state is RunState.LOST
    assert world.incident().state is State.ESCALATED
    assert len(world.bell.rung) == 1
    with store.reading() as reads:
        assert reads.host_lock("r1") is None


def test_output_that_cant_be_stored_does_not_keep_a_run_from_ending() -> None:
    world = CatchWorld(ONE_STEP)
    world.hands = world.ctx.runner = Chatty()
    world.ill()
    assert world.runs()[0].outcome is Outcome.OK
    assert world.incident().state is State.VERIFYING
    assert world.defects == []


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(float("inf"), id="infinite"),
        pytest.param(2**4000, id="very large"),
        pytest.param(deep(60), id="nested"),
        pytest.param(deep(5000), id="nested too deeply"),
        pytest.param("\ud800", id="half a character"),
        pytest.param(object(), id="no data"),
    ],
)
def test_no_report_however_odd_keeps_a_run_from_ending(value: object) -> None:
    world = CatchWorld(ONE_STEP)
    result = RunResult(Outcome.OK, "all tasks ok", 0, report={"value": value})
    world.hands.does["rewrite.yml"] = lambda _: result
    world.ill()
    assert world.runs()[0].outcome is Outcome.OK
    assert world.incident().state is State.VERIFYING
    assert world.defects == []
