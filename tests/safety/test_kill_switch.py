"""SAFETY 39: no new run within a second of a pause, whatever the database does; and running ones
end within five seconds when that is asked for."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest

from autofix.app.killswitch import KillSwitch
from autofix.app.site import SystemClock
from autofix.core.incidents import Origin
from autofix.core.limits import Limits
from autofix.core.pauses import Pause
from autofix.core.runbooks import Attempts, Guards, Runbook, Step
from autofix.core.runs import Outcome, RunEvent, RunOrder, RunResult
from autofix.core.signals import Signal
from autofix.errors import StoreError
from autofix.flow import intake, stopping
from autofix.flow.context import Book, Context
from autofix.flow.pools import Pools
from autofix.flow.tick import Engine
from autofix.store import open_store
from autofix.testing.inventory import FakeInventory

HOSTS = [f"h{n}" for n in range(1, 25)]
#: Seconds after which nothing may start any more.
BOUND = 1.0
HOLD = """
import sqlite3, sys
held = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)
held.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.readline()
held.execute("ROLLBACK")
"""


@contextmanager
def locked(database: Path) -> Iterator[Callable[[], None]]:
    """Another program holds the database's write lock; the yielded function lets it go."""
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(database)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert child.stdin is not None
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"

    def let_go() -> None:
        if child.poll() is None:
            child.communicate("\n", timeout=30)

    try:
        yield let_go
    finally:
        let_go()


class Starts:
    """A runner whose playbooks end at once; it remembers when each started, and where."""

    def __init__(self) -> None:
        self.at: list[tuple[float, str]] = []

    def run(self, order: RunOrder, on_event: Callable[[RunEvent], None], cancel: Any) -> RunResult:
        self.at.append((time.monotonic(), order.host))
        return RunResult(Outcome.OK, "1 task went well", 0)

    def end_leftovers(self, _: Any) -> Sequence[int]:
        return []

    def after(self, moment: float, host: str = "") -> list[float]:
        """How late, in seconds, whatever started after this moment did so."""
        return [at - moment for at, where in list(self.at) if at > moment and host in ("", where)]


class Busy:
    """A store of SQLite, the real engine and pools, and people who ask for runs without end."""

    def __init__(self, folder: Path) -> None:
        free = Guards(cooldown=0.0, attempts=Attempts(1_000_000), at_once=1_000_000)
        self.folder = folder
        self.book = Runbook("refresh", "Refresh", (Step("refresh.yml"),), None, guards=free)
        self.store = open_store(f"sqlite:///{folder}/autofix.db", state=folder, busy_timeout=30)
        self.switch, self.starts = KillSwitch(folder), Starts()
        inventory = FakeInventory({"all": {name: {} for name in HOSTS}})
        limits = Limits(runs_per_hour=1_000_000, hosts_at_once=1000, percent_of_group=100.0)
        book = Book({"refresh": self.book}, inventory, limits=limits)
        self.ctx = Context(
            self.store, SystemClock(), self.starts, lambda _: pytest.fail("no probe is needed"),
            book, "test", switch=self.switch,
        )  # fmt: skip
        self.over = threading.Event()

    @contextmanager
    def at_work(self) -> Iterator[None]:
        pools = Pools()
        engine = Engine(self.ctx, pools.start)
        threads = [
            threading.Thread(target=engine.run, kwargs={"until": self.over.is_set}),
            threading.Thread(target=self._ask),
        ]
        for each in threads:
            each.start()
        try:
            yield
        finally:
            self.over.set()
            for each in threads:
                each.join(30)
            pools.close(wait=True)
            self.store.close()

    def _ask(self) -> None:
        dice = random.Random(39)
        while not self.over.wait(0.02):
            signal = Signal(
                0, Origin.PERSON, self.ctx.clock.now(), dice.choice(HOSTS), "refresh", by="ann"
            )
            try:
                intake.receive(self.ctx, signal)
            except StoreError:
                continue  # the database is held: no signal is taken

    def wait_for_starts(self, since: float) -> None:
        end = time.monotonic() + 30
        while not self.starts.after(since):
            assert time.monotonic() < end, "nothing starts, paused or not"
            time.sleep(0.01)


SCOPES = ({}, {"host": "h3"}, {"runbook": "refresh"}, {"runbook": "refresh", "host": "h7"})


def hammer(folder: Path, rounds: int) -> tuple[float, int]:
    """So many pauses in the middle of the work; the latest start after one in seconds, and how
    many starts there were."""
    busy, dice, worst = Busy(folder), random.Random(rounds), 0.0
    with busy.at_work():
        for number in range(rounds):
            scope = SCOPES[number % len(SCOPES)]
            resumed = time.monotonic()
            busy.wait_for_starts(resumed)
            time.sleep(dice.uniform(0.0, 0.2))
            late = _pause(busy, scope, hold=number % 3 == 1)
            assert not [each for each in late if each > BOUND], (number, scope, late)
            worst = max([worst, *late])
            stopping.resume(busy.ctx, "ann", **scope)
    return worst, len(busy.starts.at)


def _pause(busy: Busy, scope: dict[str, str], *, hold: bool) -> list[float]:
    """Pause, with the database held or not; how late what started after it returned came."""
    wish = Pause(busy.ctx.clock.now(), "ann", "hammer", **scope)  # type: ignore[arg-type]
    with locked(busy.folder / "autofix.db") if hold else nullcontext():
        before = time.monotonic()
        pause = busy.switch.set(wish)
        done = time.monotonic()
        assert done - before < BOUND
        time.sleep(0.3)
    stopping.record(busy.ctx, pause)
    time.sleep(BOUND)  # those that waited for the database come now
    return busy.starts.after(done, scope.get("host", ""))


@pytest.mark.parametrize("rounds", [4, pytest.param(20, marks=pytest.mark.long)])
def test_nothing_starts_once_a_pause_has_returned(tmp_path: Path, rounds: int) -> None:
    worst, starts = hammer(tmp_path, rounds)
    print(f"{rounds} pauses amid {starts} starts; the latest start: {worst * 1000:.0f} ms after")
