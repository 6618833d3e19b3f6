"""Stop at once: pauses by file and by store, what they hold, what is owed, what a resume says."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from autofix.core.incidents import State
from autofix.core.pauses import Pause
from autofix.core.runbooks import Step
from autofix.core.runs import Outcome, RunEvent, RunKind, RunOrder, RunResult, RunState
from autofix.core.stories import Resumed
from autofix.errors import StoreError
from autofix.flow import claim, pauses, remediate, stopping
from autofix.testing.memory import MemoryStore, MemoryTransaction
from autofix.testing.switch import FakeSwitch
from unit.flow.world import World, with_steps

UNDONE = with_steps(Step("raise.yml", rollback="lower.yml", afterwards="tidy.yml"))


def wait_until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("scope", "holds"),
    [
        ({}, True),
        ({"host": "r1"}, True),
        ({"runbook": "redis-memory-high"}, True),
        ({"runbook": "redis-memory-high", "host": "r1"}, True),
        ({"host": "r2"}, False),
        ({"runbook": "another"}, False),
        ({"runbook": "redis-memory-high", "host": "r2"}, False),
    ],
)
def test_a_pause_in_a_file_holds_its_scope_and_no_other(scope: dict[str, str], holds: bool) -> None:
    world = World()
    pause = replace(Pause(world.clock.now(), "ann"), **scope)  # type: ignore[arg-type]
    world.ctx.switch.set(pause)
    world.ill()
    assert (world.incident().state is State.HELD) is holds
    assert (world.hands.played == []) is holds


def test_a_pause_set_without_the_store_gets_its_record_late_with_the_true_time() -> None:
    world = World()
    set_at = world.clock.now()
    pause = world.ctx.switch.set(Pause(set_at, "ann", "the store is down", host="r1"))
    world.clock.advance(40)
    pauses.reconcile(world.ctx)
    pauses.reconcile(world.ctx)
    with world.store.reading() as reads:
        assert reads.pauses() == [pause]
        (entry,) = reads.audit(action="pause.set")
    assert (entry.event.at, entry.event.actor) == (set_at, "ann")
    assert entry.event.payload["recorded_at"] == world.clock.now()
    assert entry.event.payload["id"] == pause.id


def test_what_the_command_wrote_down_is_not_written_again() -> None:
    world = World()
    stopping.pause(world.ctx, "ann")
    pauses.reconcile(world.ctx)
    (pause,) = world.ctx.switch.pauses()
    assert stopping.record(world.ctx, pause) == []
    assert world.actions() == ["pause.set"]


def test_a_file_that_a_resume_cut_short_left_behind_is_removed() -> None:
    world = World()
    stopping.pause(world.ctx, "ann")
    (left,) = world.ctx.switch.pauses()
    stopping.resume(world.ctx, "bob")
    world.ctx.switch = Left(left)
    pauses.reconcile(world.ctx)
    assert world.ctx.switch.pauses() == []
    with world.store.reading() as reads:
        assert reads.pauses() == []


class Left(FakeSwitch):
    """A switch with this very pause still in its file."""

    def __init__(self, pause: Pause) -> None:
        super().__init__()
        self._pauses[pause.id] = pause


def test_a_file_made_by_hand_is_on_the_record_and_holds_as_long_as_it_is_there() -> None:
    world = World()
    world.ctx.switch = Left(Pause(world.clock.now(), "a file", "paused exists", id="paused@17"))
    pauses.reconcile(world.ctx)
    pauses.reconcile(world.ctx)
    assert world.actions() == ["pause.set"]
    world.ill()
    assert world.hands.played == []
    world.ctx.switch = FakeSwitch()  # somebody has removed it
    world.pass_time(3)
    assert world.hands.played == ["rewrite.yml"]


def test_a_pause_that_was_a_mistake_leaves_no_row_behind() -> None:
    world = World()
    pause = world.ctx.switch.set(Pause(world.clock.now(), "ann", host="r9"))
    pauses.reconcile(world.ctx)  # the server was faster
    stopping.withdraw(world.ctx, pause)
    stopping.withdraw(world.ctx, pause)
    pauses.reconcile(world.ctx)
    with world.store.reading() as reads:
        assert reads.pauses() == []
    assert world.ctx.switch.pauses() == []
    assert world.actions() == ["pause.set", "pause.lifted"]


def test_an_older_pause_found_late_does_not_take_the_place_of_a_newer_one() -> None:
    world = World()
    old = world.ctx.switch.set(Pause(world.clock.now(), "ann"))
    world.clock.advance(5)
    with world.store.transaction() as tx:
        newer = Pause(world.clock.now(), "bob", id="elsewhere")
        tx.add_pause(newer, pauses.set_event(newer))
    pauses.reconcile(world.ctx)
    pauses.reconcile(world.ctx)
    with world.store.reading() as reads:
        assert [each.by for each in reads.pauses()] == ["bob"]
    assert world.actions().count("pause.set") == 2
    assert world.ctx.switch.pauses() == [old]


def test_a_store_that_fails_lifts_nothing() -> None:
    world = World()
    stopping.pause(world.ctx, "ann")
    world.ctx.store = Failing()
    with pytest.raises(StoreError):
        stopping.resume(world.ctx, "bob")
    assert len(world.ctx.switch.pauses()) == 1


class Failing(MemoryStore):
    @contextmanager
    def transaction(self) -> Iterator[MemoryTransaction]:
        raise StoreError("the disk is gone")
        yield  # the shape of a context manager


def test_a_resume_says_what_was_held_and_what_happens_now() -> None:
    world = World(UNDONE)
    # r1 is paused in the middle of its work: its rollback and afterwards are owed.
    world.hands.does["raise.yml"] = lambda order: _pause_all(world)
    world.ill("r1")
    world.pass_time(30)
    world.ill("r2")
    assert world.incident(1).state is State.ROLLING_BACK
    assert world.hands.played == ["raise.yml"]
    with world.store.reading() as reads:
        owed = stopping.owed(reads)
    assert [(run.kind, run.due_at is None) for run in owed] == [
        (RunKind.AFTERWARDS, True),
        (RunKind.ROLLBACK, False),
    ]

    world.pass_time(240, step=10)
    stopping.pause(world.ctx, "bob", host="r2")
    found = stopping.resume(world.ctx, "bob")
    assert [each.by for each in found.lifted] == ["ann"]
    assert [run.playbook for run in found.owed] == ["lower.yml"]
    assert found.held == ()
    assert [(each.incident.host, each.pause.words) for each in found.blocked] == [
        ("r2", "r2 paused by bob")
    ]
    assert [each.words for each in found.still] == ["r2 paused by bob"]
    world.pass_time(5)
    assert world.hands.played == ["raise.yml", "lower.yml", "tidy.yml"]

    found = stopping.resume(world.ctx, "bob", host="r2")
    assert [each.host for each in found.held] == ["r2"]
    assert found.still == ()
    world.pass_time(5)
    assert world.hands.played[-1] == "raise.yml"


def _pause_all(world: World) -> None:
    stopping.pause(world.ctx, "ann", reason="look first")


def test_a_resume_of_what_is_not_paused_names_what_is() -> None:
    world = World()
    stopping.pause(world.ctx, "ann", host="r1")
    before = world.actions()
    found = stopping.resume(world.ctx, "bob")
    assert found.lifted == ()
    assert [each.scope for each in found.still] == ["r1"]
    assert world.actions() == before
    assert stopping.resume(World().ctx, "bob") == Resumed()


class PausedAtTheCommit(MemoryStore):
    """Somebody pauses everything while the claim of a run is being committed."""

    def __init__(self, switch: FakeSwitch) -> None:
        super().__init__()
        self._switch, self.armed = switch, True

    @contextmanager
    def transaction(self) -> Iterator[MemoryTransaction]:
        with super().transaction() as tx:
            yield tx
            started = tx.runs(states=[RunState.STARTED])
        if self.armed and started:
            self.armed = False
            self._switch.set(Pause(1.0, "ann"))


def _paused_at_the_commit(world: World) -> FakeSwitch:
    switch = FakeSwitch()
    world.ctx.switch = switch
    world.store = world.ctx.store = PausedAtTheCommit(switch)
    return switch


def test_a_pause_during_the_claim_starts_nothing_and_costs_no_attempt() -> None:
    world = World(UNDONE)
    switch = _paused_at_the_commit(world)
    world.ill()
    assert world.hands.played == []
    incident = world.incident()
    assert incident.state is State.HELD
    assert incident.fix_started_at is None
    assert {run.state for run in world.runs()} == {RunState.DROPPED}
    assert "run.put_back" in world.actions()
    with world.store.reading() as reads:
        assert reads.host_lock("r1") is None

    switch.lift([each.id for each in switch.pauses()])
    world.pass_time(3)
    assert world.hands.played == ["raise.yml"]
    assert world.incident().attempt == 2


def test_what_puts_things_back_stays_owed_when_a_pause_comes_during_its_claim() -> None:
    world = World(UNDONE)
    switch = _paused_at_the_commit(world)
    store = world.ctx.store
    assert isinstance(store, PausedAtTheCommit)
    store.armed = False
    world.hands.does["raise.yml"] = lambda _: _arm(store)
    world.ill()
    world.pass_time(25)
    assert world.hands.played == ["raise.yml"]
    rollback = next(run for run in world.runs() if run.kind is RunKind.ROLLBACK)
    assert rollback.state is RunState.PLANNED
    assert rollback.due_at is not None
    assert rollback.started_at is None
    switch.lift([each.id for each in switch.pauses()])
    world.pass_time(5)
    assert world.hands.played == ["raise.yml", "lower.yml", "tidy.yml"]


def _arm(store: PausedAtTheCommit) -> None:
    store.armed = True


def test_a_claim_is_given_back_even_if_the_store_fails_meanwhile() -> None:
    world = World(UNDONE)
    _paused_at_the_commit(world)
    world.ill()
    run = world.runs()[0]
    failing = FailsTwice(world.store)
    started = replace(run, state=RunState.STARTED)
    world.ctx.store = failing
    claim.give_back(world.ctx, started, "paused")
    assert failing.left == 0


class FailsTwice(MemoryStore):
    def __init__(self, store: MemoryStore) -> None:
        super().__init__()
        self._store, self.left = store, 2

    @contextmanager
    def transaction(self) -> Iterator[MemoryTransaction]:
        if self.left:
            self.left -= 1
            raise StoreError("busy")
        with self._store.transaction() as tx:
            yield tx


class DeafStore(MemoryStore):
    """From `hang` on, whoever asks in a run's heartbeat waits for ever (until the test ends)."""

    def __init__(self) -> None:
        super().__init__()
        self.hang, self.over = threading.Event(), threading.Event()

    @contextmanager
    def reading(self) -> Iterator[Any]:
        if self.hang.is_set() and threading.current_thread().name.startswith("beat"):
            self.over.wait(20)
        with super().reading() as reads:
            yield reads


class Endless:
    """Ends only when it is cancelled."""

    def __init__(self) -> None:
        self.started, self.ended = threading.Event(), threading.Event()

    def run(self, order: RunOrder, on_event: Callable[[RunEvent], None], cancel: Any) -> RunResult:
        self.started.set()
        ended = cancel.wait(10)
        self.ended.set()
        return RunResult(Outcome.CANCELLED if ended else Outcome.OK, "ended")

    def end_leftovers(self, _: Any) -> Sequence[int]:
        return []


def test_cancel_running_is_heard_from_a_file_while_the_store_hangs() -> None:
    world = World(with_steps(Step("rewrite.yml", afterwards="tidy.yml")))
    store, hands = DeafStore(), Endless()
    world.store = world.ctx.store = store
    world.ctx.runner = hands
    world.patient.state["r1"] = {"ratio": 0.95}
    world.look("r1")
    _decide_only(world)
    thread = threading.Thread(target=remediate.execute, args=(world.ctx, 1), daemon=True)
    thread.start()
    assert hands.started.wait(10)
    store.hang.set()
    try:
        world.ctx.switch.set(Pause(world.clock.now(), "ann", "stop", "another", "", True))
        assert not hands.ended.wait(0.6), "another scope's wish ended it"
        before = time.monotonic()
        world.ctx.switch.set(Pause(world.clock.now(), "ann", "stop", "", "r1", True))
        assert hands.ended.wait(5)
        assert time.monotonic() - before < 1.5
    finally:
        store.over.set()
    thread.join(10)
    fix = world.runs()[0]
    assert (fix.outcome, fix.reason) == (Outcome.CANCELLED, "cancelled by ann: paused: stop")
    assert fix.cancel_requested == "ann: paused: stop"
    assert [run.state for run in world.runs()] == [RunState.FINISHED, RunState.PLANNED]


def _decide_only(world: World) -> None:
    start = world._start

    def only_decide(kind: str, key: str, work: Callable[[], None]) -> bool:
        return start(kind, key, work) if kind == "decide" else False

    world.engine._start = only_decide
    world.engine.tick()
    world.engine._start = start


@pytest.mark.parametrize("idempotent", [True, False])
def test_an_afterwards_that_a_pause_cut_short_is_owed_again_where_that_is_harmless(
    idempotent: bool,
) -> None:
    book = with_steps(Step("rewrite.yml", afterwards="tidy.yml"), idempotent=idempotent)
    world = World(book)
    wish = Pause(0.0, "ann", "stop", cancel_running=True).wish
    tries: list[int] = []

    def tidy(order: RunOrder) -> RunResult | None:
        tries.append(order.run_id)
        if len(tries) > 1:
            return None
        with world.store.transaction() as tx:
            run = tx.run(order.run_id)
            assert run is not None
            tx.save_run(run.with_(cancel_requested=wish), None)
        return RunResult(Outcome.CANCELLED, "cancelled")

    world.hands.does |= {"rewrite.yml": world.well("r1"), "tidy.yml": tidy}
    world.ill()
    world.pass_time(30)
    assert len(tries) == (2 if idempotent else 1)
    assert (len(world.bell.rung) == 1) is not idempotent
