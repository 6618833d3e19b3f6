"""Threads, pools and the server's stop: no playbook outlives it, nobody goes deaf."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any, cast

import pytest

from autofix.app.clock import SystemClock
from autofix.app.server import Server
from autofix.app.site import Site
from autofix.config import Settings
from autofix.config.alive_models import SentinelBlock
from autofix.config.web_models import WebBlock
from autofix.core.audit import GENESIS
from autofix.core.incidents import State
from autofix.core.limits import Limits
from autofix.core.runbooks import Step
from autofix.core.runs import Outcome, RunEvent, RunOrder, RunResult, RunState
from autofix.flow import stopping
from autofix.flow.claim import page_overdue
from autofix.flow.pools import SIZES, Pools
from autofix.flow.tick import Engine
from autofix.testing.inventory import FakeInventory
from autofix.testing.memory import MemoryStore, MemoryTransaction
from autofix.testing.memory_state import MemoryReads
from unit.flow.world import World, swap, with_guards, with_steps

#: Seconds that anything awaited here may take, on a machine that is busy with other things, too;
#: a runner that nobody ends gives up by itself.
DEADLINE = 60.0
ONE_STEP = with_steps(Step("rewrite.yml"))


def wait_until(
    condition: Callable[[], bool], what: str, working: Callable[[], bool] = lambda: True
) -> None:
    """`working`: while this is not so, there is nothing to wait for."""
    end = time.monotonic() + DEADLINE
    while not condition():
        assert working(), f"nobody is there to bring about: {what}"
        assert time.monotonic() < end, f"waited in vain: {what}"
        time.sleep(0.01)


class Endless:
    """A runner whose playbooks end only when they are cancelled."""

    def __init__(self, *says: RunEvent) -> None:
        self.says = says
        self.started: list[int] = []
        self.at_work: set[int] = set()

    def run(self, order: RunOrder, on_event: Callable[[RunEvent], None], cancel: Any) -> RunResult:
        for event in self.says:
            on_event(event)
        self.at_work.add(order.run_id)
        self.started.append(order.run_id)
        ended = cancel.wait(2 * DEADLINE)
        self.at_work.discard(order.run_id)
        return RunResult(Outcome.CANCELLED if ended else Outcome.OK, "ended")

    def end_leftovers(self, _: Any) -> Sequence[int]:
        return []


class DeafOnce(MemoryStore):
    """A store in which the first question of a run's heartbeat meets a defect."""

    asked = 0

    @contextmanager
    def reading(self) -> Iterator[MemoryReads]:
        if threading.current_thread().name.startswith("beat"):
            self.asked += 1
            if self.asked == 1:
                raise RuntimeError("can't start new thread")
        with super().reading() as reads:
            yield reads


class SlowClaim(MemoryStore):
    """A busy store: a claim that began before the server's stop is through only after it."""

    def __init__(self) -> None:
        super().__init__()
        self.claiming, self.asked_to_end = threading.Event(), threading.Event()
        self.stopping = False

    @contextmanager
    def transaction(self) -> Iterator[MemoryTransaction]:
        if threading.current_thread().name.startswith("run"):
            self.claiming.set()
            self.asked_to_end.wait(DEADLINE)
        with super().transaction() as tx:
            yield tx

    @contextmanager
    def reading(self) -> Iterator[MemoryReads]:
        with super().reading() as reads:
            yield reads
        if self.stopping:
            self.asked_to_end.set()


def real_time(world: World, runner: Endless, store: MemoryStore | None = None) -> None:
    world.ctx.clock = SystemClock()
    world.ctx.runner = runner
    if store is not None:
        world.store = world.ctx.store = store


@contextmanager
def at_work(world: World) -> Iterator[Pools]:
    """The engine's real pools, with the run of one ill host on its way."""
    world.patient.state["r1"] = {"ratio": 0.95}
    world.look("r1")
    pools = Pools()
    engine = Engine(world.ctx, pools.start)
    over = threading.Event()
    thread = threading.Thread(target=engine.run, kwargs={"until": over.is_set})
    thread.start()
    try:
        yield pools
    finally:
        over.set()
        thread.join()
        pools.close(wait=True)


@contextmanager
def serving(world: World) -> Iterator[Callable[[], None]]:
    """A server on this world; the yielded function stops it and waits for its end."""
    with TemporaryDirectory() as name:
        yield from _serving(world, Path(name))


def _serving(world: World, folder: Path) -> Iterator[Callable[[], None]]:
    state = folder / "state"
    state.mkdir()
    settings = Settings(
        folder / "autofix.yaml", state, f"sqlite:///{state}/autofix.db", folder, folder, folder,
        sentinel=SentinelBlock(enabled=False), web=WebBlock(enabled=False),
    )  # fmt: skip
    # A store in memory has no bytes on a disk that could differ from what was sealed.
    unsealed = SimpleNamespace(faults=[], checkpoints=[], base=(0, GENESIS))
    store = cast(Any, world.store)
    store.sealed_ledger, store.sealed_rows = lambda: unsealed, lambda after=0: (each for each in ())
    store.head_file = state / "audit.head"
    site = SimpleNamespace(
        settings=settings, store=world.store, file=settings.file, warnings=[], timezone="UTC",
        context=lambda owner, full: world.ctx, changed=lambda: False, clock=world.ctx.clock,
        sealer=SimpleNamespace(settle=lambda store: 0),  # nothing is kept here
    )  # fmt: skip
    server = Server(cast(Site, site))
    thread = threading.Thread(target=server.run, name="server")
    thread.start()

    def stop() -> None:
        server.stop()
        thread.join(2 * DEADLINE)
        assert not thread.is_alive()

    try:
        yield stop
    finally:
        stop()


def serves() -> bool:
    return any(each.name == "server" for each in threading.enumerate())


def test_a_run_that_is_claimed_while_the_server_stops_is_ended_too() -> None:
    world, runner, store = World(ONE_STEP), Endless(), SlowClaim()
    real_time(world, runner, store)
    world.patient.state["r1"] = {"ratio": 0.95}
    world.look("r1")
    with serving(world) as stop:
        assert store.claiming.wait(DEADLINE)
        store.stopping = True
        stop()
        assert runner.at_work == set()
    assert world.runs()[0].outcome is Outcome.CANCELLED


def test_what_waits_for_a_thread_does_not_start_while_the_server_stops() -> None:
    threads = SIZES["run"]
    hosts = [f"r{number}" for number in range(threads + 3)]
    world, runner = World(with_guards(at_once=len(hosts))), Endless()
    real_time(world, runner)
    inventory = FakeInventory({"redis": dict.fromkeys(hosts)})
    swap(world, world.book, inventory=inventory, limits=Limits(100, 100, 100.0))
    world.patient.state = {host: {"ratio": 0.95} for host in hosts}
    world.look(*hosts)
    with serving(world) as stop:
        # First what the engine decides, then what its threads take up: each with its own patience.
        wait_until(
            lambda: {each.state for each in world.incidents()} == {State.FIXING}, "plans", serves
        )
        wait_until(lambda: len(runner.at_work) == threads, "all threads at work", serves)
        stop()
        assert runner.at_work == set()
    assert len(runner.started) == threads
    with world.store.reading() as reads:
        assert len(reads.runs(states=[RunState.PLANNED])) == 3


def test_a_defect_of_the_heartbeat_does_not_make_a_run_deaf_to_a_cancel() -> None:
    world, runner, store = World(ONE_STEP), Endless(), DeafOnce()
    real_time(world, runner, store)
    with at_work(world):
        wait_until(lambda: bool(runner.at_work) and store.asked > 0, "the defect")
        stopping.cancel_all(world.ctx, "ann", "enough")
        wait_until(lambda: not runner.at_work, "the run's end")
    assert world.runs()[0].outcome is Outcome.CANCELLED


def test_output_that_cant_be_stored_does_not_make_a_run_deaf_to_a_cancel() -> None:
    world, runner = World(ONE_STEP), Endless(RunEvent("output", float("nan")))
    real_time(world, runner)
    with at_work(world):
        wait_until(lambda: bool(runner.at_work), "the run's start")
        stopping.cancel_all(world.ctx, "ann", "enough")
        wait_until(lambda: not runner.at_work, "the run's end")
    assert world.runs()[0].outcome is Outcome.CANCELLED


def test_the_engine_goes_on_when_a_thread_cant_be_started() -> None:
    world = World(ONE_STEP)
    tries = 0

    def start(kind: str, key: str, work: Callable[[], None]) -> bool:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise RuntimeError("can't start new thread")
        return world._start(kind, key, work)

    engine = Engine(world.ctx, start)

    def over() -> bool:
        engine.wake()
        return tries > 10 or world.incident().state is State.VERIFYING

    world.patient.state["r1"] = {"ratio": 0.95}
    world.look("r1")
    engine.run(over)
    assert world.incident().state is State.VERIFYING
    assert world.hands.played == ["rewrite.yml"]


def test_work_whose_thread_could_not_be_started_can_be_started_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    pools, done = Pools({"run": 1}), threading.Event()
    with monkeypatch.context() as system:
        system.setattr(threading.Thread, "start", refuse)
        assert not pools.start("run", "run 1", done.set)
    assert not pools.busy()
    assert not done.wait(0.1), "what was refused must not run after all"
    assert pools.start("run", "run 1", done.set)
    assert done.wait(DEADLINE)
    pools.close(wait=True)
    assert not pools.busy()


def test_the_clock_never_goes_back_and_follows_the_wall_when_it_is_ahead() -> None:
    wall, steady = 1000.0, 5.0
    clock = SystemClock(wall=lambda: wall, steady=lambda: steady)
    assert clock.now() == 1000.0
    wall, steady = 400.0, 8.0
    assert clock.now() == 1003.0
    wall, steady = 5000.0, 9.0
    assert clock.now() == 5000.0


def test_a_pool_that_got_some_threads_does_with_those(monkeypatch: pytest.MonkeyPatch) -> None:
    start, refused = threading.Thread.start, threading.Event()

    def one_only(thread: threading.Thread) -> None:
        if refused.is_set():
            raise RuntimeError("can't start new thread")
        refused.set()
        start(thread)

    pools, gate, done = Pools({"run": 3}), threading.Event(), []
    monkeypatch.setattr(threading.Thread, "start", one_only)
    assert pools.start("run", "run 1", lambda: done.append(gate.wait(DEADLINE)))
    for number in (2, 3, 4):
        assert pools.start("run", f"run {number}", lambda: done.append(True))
    gate.set()
    wait_until(lambda: len(done) == 4, "the one thread's work")
    pools.close(wait=True)


def test_what_never_began_is_forgotten_at_the_close() -> None:
    pools, gate, begun, ended = Pools({"run": 1}), threading.Event(), threading.Event(), []

    def work() -> None:
        begun.set()
        ended.append(gate.wait(DEADLINE))

    assert pools.start("run", "run 1", work)
    assert begun.wait(DEADLINE)
    assert pools.start("run", "run 2", lambda: ended.append(False))
    pools.close(wait=False)
    assert pools.busy("run") == 1
    assert not pools.start("run", "run 3", lambda: None)
    gate.set()
    pools.close(wait=True)
    assert ended == [True]
    assert pools.busy() == 0


def test_a_run_that_nobody_could_watch_is_not_started(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(ONE_STEP)
    start, refused = threading.Thread.start, []

    def refuse(thread: threading.Thread) -> None:
        if thread.name.startswith("ear") and not refused:
            refused.append(thread.name)
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    world.ill()
    assert refused == ["ear-1"]
    assert "run.put_back" in world.actions()
    assert world.incident().fix_started_at is None or len(world.hands.played) == 1
    world.pass_time(3)
    assert world.hands.played == ["rewrite.yml"]
    assert not [each for each in threading.enumerate() if each.name == "beat-1"]


def test_a_run_for_which_no_thread_is_free_is_told_to_a_person_once() -> None:
    world = World(ONE_STEP)
    kept = world.engine._start
    world.engine._start = lambda kind, key, work: kind == "run" or kept(kind, key, work)
    world.ill()
    for _ in range(4):
        page_overdue(world.ctx)
        world.pass_time(400, step=50)
    assert world.hands.played == []
    assert len(world.bell.rung) == 1
    assert "rewrite.yml can't start: due for" in world.bell.rung[0].text
