"""SAFETY 20: two servers on one store, the holder stopped for twice its lease: one execution.

The holder is stopped (SIGSTOP, as by a hypervisor or a debugger) at a random moment with many
incidents in every state of the flow, and wakes when another leads. Nothing may be executed twice,
and an incident whose run was lost before it did anything ends with a person.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from autofix.core.incidents import Incident, Origin, State
from autofix.core.runs import RunState
from autofix.core.signals import Signal
from autofix.store import open_store
from autofix.store.verify import verify
from servers.mariadb import eventually
from storekit import event, give_back, new_database

CHILD = Path(__file__).with_name("two_servers_child.py")
#: Stops, incidents at each, the leader's lease and that of a host's lock, in seconds.
FORMS = [
    pytest.param(1, 10, 0.6, 1.5, id="short"),
    pytest.param(20, 25, 8.0, 30.0, id="long", marks=[pytest.mark.long, pytest.mark.timeout(3600)]),
]


@contextmanager
def server(
    url: str, folder: Path, name: str, lease: float, lock: float
) -> Iterator[subprocess.Popen[str]]:
    words = [sys.executable, str(CHILD), url, str(folder), name, str(lease), str(lock)]
    log = (folder / f"{name}.log").open("w")
    with log, subprocess.Popen(words, stdout=subprocess.PIPE, stderr=log, text=True) as child:
        try:
            yield child
        finally:
            child.send_signal(signal.SIGCONT)
            child.terminate()
            try:
                child.wait(30)
            except subprocess.TimeoutExpired:
                child.kill()


def said(child: subprocess.Popen[str], words: str) -> None:
    assert child.stdout
    line = child.stdout.readline()
    assert line.startswith(words), line


def report_ill(store: Any, count: int) -> None:
    """A person asks for each host at once."""
    for number in range(1, count + 1):
        asked = Signal(0, Origin.PERSON, time.time(), f"h{number}", "heal", by="ann")
        with store.transaction() as tx:
            tx.add_signal(asked, event("signal.received", at=time.time()))


def ended(store: Any, count: int) -> list[Incident]:
    """All of them, when each is over or with a person; else none."""
    with store.reading() as reads:
        found: list[Incident] = reads.incidents(limit=1000)
        busy = reads.runs(states=[RunState.PLANNED, RunState.CLAIMED, RunState.STARTED])
    over = [row for row in found if not row.live or row.state is State.ESCALATED]
    return over if len(over) == count and not busy else []


def one_stop(
    folder: Path, count: int, lease: float, lock: float, chance: random.Random
) -> Counter[str]:
    url = new_database()
    store = open_store(url, state=folder / "parent", lease=lease)
    with server(url, folder, "a", lease, lock) as first:
        said(first, "leading")
        with server(url, folder, "b", lease, lock) as second:
            report_ill(store, count)
            # Within the time that all of it takes, so that incidents are in every state of it.
            time.sleep(chance.uniform(0.0, 0.6 + count * 0.03))
            os.kill(first.pid, signal.SIGSTOP)
            stopped = time.monotonic()
            said(second, "leading")
            time.sleep(max(0.0, 2 * lease - (time.monotonic() - stopped)))
            os.kill(first.pid, signal.SIGCONT)
            said(first, "lost serve b pid")
            logs = folder / "b.log"
            rows = eventually(
                lambda: ended(store, count), within=lock + 60, every=0.2, said=f"over: {logs}"
            )
    assert verify(store).holds
    tally = judged(store, folder, rows)
    store.close()
    give_back(url)
    return tally


def judged(store: Any, folder: Path, rows: list[Incident]) -> Counter[str]:
    """How each incident was dealt with; AssertionError for what must never be."""
    lines = (folder / "executed").read_text().splitlines() if (folder / "executed").exists() else []
    times = Counter(line.split()[0] for line in lines)
    assert max(times.values(), default=0) <= 1, f"executed twice: {times.most_common(3)}"
    tally: Counter[str] = Counter()
    with store.reading() as reads:
        for row in rows:
            states = {run.state for run in reads.runs(incident=row.id)}
            if times[row.host]:
                tally["executed once"] += 1
            else:  # lost between its claim and its first act: a person looks
                assert states == {RunState.LOST}, (row, states)
                assert row.state is State.ESCALATED
                tally["lost before its first act, and paged"] += 1
            if row.state is State.ESCALATED:
                assert reads.pages(incident=row.id) or reads.digests(row.id), row
    return tally


@pytest.mark.parametrize(("stops", "count", "lease", "lock"), FORMS)
def test_a_stopped_holder_and_its_follower_execute_nothing_twice(
    tmp_path: Path, stops: int, count: int, lease: float, lock: float
) -> None:
    chance = random.Random(f"{stops} {count}")
    tally: Counter[str] = Counter()
    for number in range(stops):
        folder = tmp_path / str(number)
        folder.mkdir()
        tally += one_stop(folder, count, lease, lock, chance)
    print(dict(tally))
    assert tally.total() == stops * count
