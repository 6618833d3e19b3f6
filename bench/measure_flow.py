"""The flow itself: what a trip from signal to run costs us, and a tick with many open incidents.

The playbook and the look are left out (fakes that answer at once); the store is a real SQLite.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from autofix.core.audit import AuditEvent
from autofix.core.conditions import parse
from autofix.core.incidents import Incident, Origin, State
from autofix.core.limits import Limits
from autofix.core.runbooks import Guards, ProbeTrigger, Runbook, Step, Verify
from autofix.core.runs import RunOrder
from autofix.core.signals import Signal
from autofix.flow import intake
from autofix.flow.context import Book, Context
from autofix.flow.tick import Engine
from autofix.store import open_store
from autofix.testing.clock import FakeClock
from autofix.testing.inventory import FakeInventory
from autofix.testing.probes import FakeProbe
from autofix.testing.runner import FakeRunner, Play
from bench import Row

TRIPS = 200
OPEN = 10_000
RUNBOOKS = 20
USUAL = Guards()
#: Many trips in a short time are what the usual limits are there to hold.
WIDE = Limits(runs_per_hour=100_000, hosts_at_once=100_000, percent_of_group=100.0)
INSERTED_AT_ONCE = 500


def measure() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        yield from _trips(Path(folder) / "state")
    with tempfile.TemporaryDirectory() as folder:
        yield from _ticks(Path(folder) / "state")


def _trips(state: Path) -> Iterator[Row]:
    """One after the other, each on a host of its own: CPU of the whole process, and the wall."""
    started: dict[str, tuple[float, float]] = {}

    def note(order: RunOrder) -> None:
        started[order.host] = (time.process_time(), time.perf_counter())
        world.probe.sees(order.host, ratio=0.5)

    world = _World(state, hosts=TRIPS, does=note, guards=Guards(at_once=1000))
    cpu, wall = [], []
    for host in world.hosts:
        began = (time.process_time(), time.perf_counter())
        intake.receive(world.ctx, world.signal(host))
        while host not in started:
            world.engine.tick()
        cpu.append(1000 * (started[host][0] - began[0]))
        wall.append(1000 * (started[host][1] - began[1]))
        world.engine.tick()  # the look that finds it healed
    world.ctx.store.close()
    note_ = f"{TRIPS} trips; the slowest {max(cpu):.1f} ms"
    yield Row("flow: signal to run start, our CPU", statistics.median(cpu), "ms", "<= 12", note_)
    yield Row("flow: signal to run start, by the clock", statistics.median(wall), "ms")


def _ticks(state: Path) -> Iterator[Row]:
    """Ticks over 10,000 open incidents: nothing due; and all of them due at one moment."""
    world = _World(state, hosts=OPEN // RUNBOOKS)
    _fill(world)
    began = time.perf_counter()
    world.engine.tick()
    took = time.perf_counter() - began
    yield Row(f"flow: tick, {OPEN:,} open, none due", took, "s", "< 1", "20 runbooks, 500 hosts")
    world.clock.sleep(100.0)
    began = time.perf_counter()
    world.engine.tick()
    took = time.perf_counter() - began
    handed = len(world.handed)
    yield Row(f"flow: tick, {OPEN:,} open, all due", took, "s", "< 1", f"{handed} handed on")
    began, cost = time.perf_counter(), time.process_time()
    for _, work in world.handed:
        work()
    took, cost = time.perf_counter() - began, time.process_time() - cost
    per = 1000 * took / max(handed, 1)
    yield Row("flow: one decision among them", per, "ms", "", f"CPU {1000 * cost / handed:.2g} ms")
    world.ctx.store.close()


class _World:
    """A store, an inventory, runbooks; the engine's work is done here or only collected."""

    def __init__(
        self,
        state: Path,
        *,
        hosts: int,
        does: Callable[[RunOrder], None] | None = None,
        guards: Guards = USUAL,
    ) -> None:
        self.hosts = [f"web{number}" for number in range(hosts)]
        self.clock = FakeClock()
        self.handed: list[tuple[str, Callable[[], None]]] = []
        self._inline = does is not None
        self.probe = FakeProbe("fake", {"ratio": 0.95})
        inventory = FakeInventory({"web": dict.fromkeys(self.hosts)})
        book = Book(self._runbooks(guards), inventory, limits=WIDE)
        self.ctx = Context(
            open_store(f"sqlite:///{state}/autofix.db", state=state),
            self.clock,
            FakeRunner({"mend.yml": Play(does=does)}),
            lambda _: self.probe,
            book,
            "bench",
        )
        self.engine = Engine(self.ctx, self._start)

    def _runbooks(self, guards: Guards) -> Mapping[str, Runbook]:
        verify = Verify("fake", parse("ratio < 0.85"), within=0.5)
        trigger = ProbeTrigger("fake", "web", parse("ratio > 0.9"))
        names = [f"runbook{number}" for number in range(RUNBOOKS)]
        fix = (Step("mend.yml"),)
        return {n: Runbook(n, n, fix, verify, triggers=(trigger,), guards=guards) for n in names}

    def _start(self, _kind: str, key: str, work: Callable[[], None]) -> bool:
        if self._inline:
            work()
        else:
            self.handed.append((key, work))
        return True

    def signal(self, host: str) -> Signal:
        now = self.clock.now()
        return Signal(0, Origin.ALERT, now, host, "runbook0", by="alert bench")


def _fill(world: _World) -> None:
    """Open incidents, each runbook on each host; one of each runbook works, the others wait."""
    now = world.clock.now()
    wanted = [(name, host) for name in world.ctx.book.runbooks for host in world.hosts]
    for first in range(0, OPEN, INSERTED_AT_ONCE):
        with world.ctx.store.transaction() as tx:
            for name, host in wanted[first : first + INSERTED_AT_ONCE]:
                tx.add_incident(_held(name, host, now), AuditEvent(now, "bench", "incident.opened"))


def _held(name: str, host: str, now: float) -> Incident:
    return Incident(
        0,
        name,
        host,
        "",
        State.FIXING if host == "web0" else State.HELD,
        Origin.PROBE,
        "P2",
        opened_at=now,
        updated_at=now,
        due_at=None if host == "web0" else now + 50.0,
        held_since=now,
        requested_by="probe fake",
        facts={"ratio": 0.95},
        facts_before={"ratio": 0.95},
        reason="at_once: bench",
    )
