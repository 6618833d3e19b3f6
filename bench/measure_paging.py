"""Paging: from the decision that calls a person to the moment at which a channel gets the page.

A real engine with its threads on a real SQLite; the channels note when they are called.
"""

from __future__ import annotations

import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from autofix.core.escalation import simple
from autofix.core.incidents import Incident, Origin, State
from autofix.core.pages import Page, PageState
from autofix.flow.context import Book, Context
from autofix.flow.lanes import AT_ONCE
from autofix.flow.pools import Pools
from autofix.flow.record import of_incident
from autofix.flow.tick import Engine
from autofix.store import open_store
from autofix.testing.inventory import FakeInventory
from autofix.testing.probes import FakeProbe
from autofix.testing.runner import FakeRunner
from bench import Row

SINGLE, TOGETHER = 100, 100
PATIENCE = 60.0


class Wall:
    now = staticmethod(time.time)
    sleep = staticmethod(time.sleep)


class Bell:
    """A channel that takes every page at once."""

    closes = False

    def __init__(self, name: str) -> None:
        self.name = name
        self.rung: list[float] = []  # seconds from the decision to here
        self._came = threading.Condition()

    def send(self, page: Page, *, timeout: float) -> str:  # noqa: ARG002 - it never waits
        with self._came:
            self.rung.append(time.time() - page.created_at)
            self._came.notify_all()
        return "taken"

    def wait_for(self, count: int) -> list[float]:
        with self._came:
            if not self._came.wait_for(lambda: len(self.rung) >= count, PATIENCE):
                raise RuntimeError(f"{len(self.rung)} of {count} pages left in {PATIENCE} s")
            return list(self.rung)


class Stuck(Bell):
    """A channel that hangs until it is let go."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.free = threading.Event()

    def send(self, page: Page, *, timeout: float) -> str:  # noqa: ARG002 - that is its defect
        self.rung.append(time.time() - page.created_at)
        self.free.wait()
        return "taken"


def measure() -> Iterator[Row]:
    bell = Bell("bell")
    with _served(bell) as ctx:
        for number in range(SINGLE):
            _alarms(ctx, f"single{number}", 1)
            bell.wait_for(number + 1)
        yield from _rows(bell.rung, "one page")
        bell.rung.clear()
        _alarms(ctx, "together", TOGETHER)
        yield from _rows(bell.wait_for(TOGETHER), f"{TOGETHER} decided at once")
    yield from _beside_a_stuck_one()


def _beside_a_stuck_one() -> Iterator[Row]:
    """The pages of one channel while another one hangs with as many of its own."""
    bell, stuck = Bell("bell"), Stuck("stuck")
    with _served(bell, stuck) as ctx:
        _alarms(ctx, "stuck", TOGETHER)
        while len(stuck.rung) < AT_ONCE or _queued(ctx) < TOGETHER:
            time.sleep(0.01)
        _call(ctx, "bell")
        _alarms(ctx, "together", TOGETHER)
        yield from _rows(bell.wait_for(TOGETHER), f"{TOGETHER} beside {TOGETHER} that hang")
        stuck.free.set()


def _rows(took: list[float], what: str) -> Iterator[Row]:
    ordered = sorted(1000 * each for each in took)
    worst = ordered[int(0.99 * (len(ordered) - 1))]
    yield Row(f"paging: decision to channel, {what}", statistics.median(ordered), "ms", "< 1,000")
    yield Row(f"paging: the same, p99 of {len(ordered)}", worst, "ms", "< 1,000")


@contextmanager
def _served(*channels: Bell) -> Iterator[Context]:
    """The default policy calls the last of these channels; see `_call`."""
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder) / "state"
        policies = {"default": simple("default", *(each.name for each in channels[-1:]))}
        book = Book({}, FakeInventory({}), {each.name: each for each in channels}, policies)
        ctx = Context(
            open_store(f"sqlite:///{state}/autofix.db", state=state),
            Wall(),
            FakeRunner({}),
            lambda _: FakeProbe("fake", {}),
            book,
            "bench",
        )
        pools = Pools()
        engine = Engine(ctx, pools.start)
        thread = threading.Thread(target=engine.run)
        thread.start()
        try:
            yield ctx
        finally:
            engine.stop()
            thread.join()
            pools.close(wait=True)
            ctx.store.close()


def _queued(ctx: Context) -> int:
    with ctx.store.reading() as reads:
        return len(reads.pages(states=[PageState.QUEUED], limit=1000))


def _call(ctx: Context, channel: str) -> None:
    """From now on the default policy calls this one."""
    ctx.book = replace(ctx.book, policies={"default": simple("default", channel)})


def _alarms(ctx: Context, name: str, count: int) -> None:
    """Incidents of runbooks that are gone, each of its own: what a decision makes of that is a
    page to the default policy."""
    now = ctx.clock.now()
    with ctx.store.transaction() as tx:
        for number in range(count):
            draft = Incident(
                0, f"{name}-{number}", "web1", "", State.OPEN, Origin.PROBE, "P1", now, now, now
            )
            tx.add_incident(draft, of_incident(draft, "opened", now))
