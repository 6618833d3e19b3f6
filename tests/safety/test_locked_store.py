"""SAFETY 18: the database locked by another process: nothing is acknowledged without a commit.

While the lock lasts, each signal is refused within the busy timeout; what was taken before and
after is all there; when the lock is gone, work goes on by itself.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from autofix.core.incidents import Origin
from autofix.core.signals import Signal, SignalState
from autofix.errors import StoreError
from autofix.flow import intake
from autofix.flow.pools import Pools
from autofix.flow.tick import Engine
from autofix.store import open_store
from autofix.store.verify import verify
from servers.mariadb import eventually
from storekit import give_back, new_database
from unit.flow.world import World

#: The other process: it takes every lock that there is, holds it, and lets go.
SQLITE = """
import sqlite3, sys, time
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("BEGIN EXCLUSIVE")
"""
POSTGRESQL = """
import psycopg, sys, time
database = psycopg.connect(sys.argv[1])
database.execute("LOCK TABLE signals, audit, incidents IN ACCESS EXCLUSIVE MODE")
"""
HOLD = 'print("locked", flush=True)\ntime.sleep(float(sys.argv[2]))\ndatabase.rollback()\n'
SENDERS = 8
FORMS = [
    pytest.param(2.5, 0.5, id="short"),
    pytest.param(30.0, 10.0, id="long", marks=[pytest.mark.long]),
]


@contextmanager
def locked(kind: str, url: str, seconds: float) -> Iterator[None]:
    """For the block, but no longer than so many seconds, another process has the database."""
    program = (SQLITE if kind == "sqlite" else POSTGRESQL) + HOLD
    where = url.removeprefix("sqlite:///")
    words = [sys.executable, "-c", program, where, str(seconds)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout
        assert other.stdout.readline() == "locked\n"
        yield
        assert other.wait(60) == 0


class Senders:
    """Threads that send signals and remember each answer, with when it was asked for and came."""

    def __init__(self, world: World) -> None:
        self.taken: list[tuple[float, float, int]] = []
        self.refused: list[tuple[float, float]] = []
        self._world = world
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._send, args=(n,)) for n in range(SENDERS)]

    def _send(self, number: int) -> None:
        count = 0
        while not self._stop.is_set():
            count += 1
            signal = Signal(0, Origin.ALERT, time.time(), f"{number}.{count}", "nothing")
            asked = time.monotonic()
            try:
                taken = intake.receive(self._world.ctx, signal)
            except StoreError:
                self.refused.append((asked, time.monotonic()))
            else:
                self.taken.append((asked, time.monotonic(), taken.id))
            time.sleep(0.01)

    def __enter__(self) -> Senders:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive()


@pytest.fixture(params=["postgresql", "sqlite"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def url(kind: str, tmp_path: Path) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{tmp_path}/state/autofix.db"
        return
    made = new_database()
    yield made
    give_back(made)


@pytest.mark.parametrize(("seconds", "patience"), FORMS)
def test_nothing_is_acknowledged_without_a_commit_and_all_recovers(
    kind: str, url: str, tmp_path: Path, seconds: float, patience: float
) -> None:
    store = open_store(url, state=tmp_path / "state", busy_timeout=patience)
    world = World()
    world.ctx.store = store
    pools = Pools()
    engine = Engine(world.ctx, pools.start)
    loop = threading.Thread(target=engine.run)
    with Senders(world) as senders:
        loop.start()
        eventually(lambda: len(senders.taken) > SENDERS)
        with locked(kind, url, seconds):
            begun = time.monotonic()
            time.sleep(seconds * 0.8)
            held_until = time.monotonic()
        freed = time.monotonic()
        eventually(lambda: sum(asked > freed for asked, _, _ in senders.taken) > SENDERS)
    eventually(lambda: all_handled(store), within=60)
    engine.stop()
    loop.join(30)
    pools.close(wait=True)
    # What was asked for and answered under the lock was refused, and in time.
    within = [each for each in senders.taken if begun < each[0] and each[1] < held_until]
    assert within == []
    assert len(senders.refused) >= SENDERS
    slowest = max(answered - asked for asked, answered in senders.refused)
    assert slowest < 2 * patience + 1.5
    # Every acknowledged signal is in the store, and no other was told to be.
    stored = {signal.id for signal in signals(store)}
    assert {number for _, _, number in senders.taken} <= stored
    assert verify(store).holds
    store.close()


def signals(store: Any) -> list[Signal]:
    with store.reading() as reads:
        found: list[Signal] = reads.signals(limit=100_000)
    return found


def all_handled(store: Any) -> bool:
    return all(each.state is not SignalState.RECEIVED for each in signals(store))
