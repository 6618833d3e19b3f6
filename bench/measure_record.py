"""The record: how many entries are appended in a second, and verified."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from autofix.core.audit import AuditEvent
from autofix.store import open_store
from autofix.store.sql import SqlStore
from autofix.store.verify import verify
from bench import Row, rate

ENTRIES = 50_000
PER_COMMIT = 500


def event(number: int) -> AuditEvent:
    """An entry of usual size."""
    return AuditEvent(
        time.time(),
        "probe:redis",
        "incident.opened",
        "redis-memory-high",
        f"cache{number % 50}",
        number,
        None,
        {"reason": "used_memory_ratio > 0.90 (used_memory_ratio = 0.93)", "ratio": 0.93},
    )


def append(store: SqlStore, first: int, count: int) -> int:
    """So many entries in one durable commit."""
    with store.transaction() as tx:
        for number in range(first, first + count):
            tx.record(event(number))
    return count


def appended(store: SqlStore, what: str, note: str) -> Iterator[Row]:
    """Each entry is durable before the next of its thread; threads share commits."""
    for threads in (1, 16):
        per_second, slowest = by_threads(lambda: append(store, 1, 1), threads)
        told = f"{note}; the slowest took {slowest * 1000:.0f} ms"
        yield Row(
            f"{what}: append durably, {threads} threads", per_second, "per s", "≥ 2,000", told
        )


def by_threads(work: Callable[[], int], threads: int) -> tuple[float, float]:
    """Things done in a second by so many threads at once, and the longest single one in seconds."""
    slowest = [0.0] * threads
    done = [0] * threads
    end = time.perf_counter() + 3.0

    def go(place: int) -> None:
        while (began := time.perf_counter()) < end:
            done[place] += work()
            slowest[place] = max(slowest[place], time.perf_counter() - began)

    workers = [threading.Thread(target=go, args=(place,)) for place in range(threads)]
    began = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return sum(done) / (time.perf_counter() - began), max(slowest)


def measure() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder) / "state"
        store = open_store(f"sqlite:///{state}/autofix.db", state=state)
        try:
            yield from _measured(store)
        finally:
            store.close()


def _measured(store: SqlStore) -> Iterator[Row]:
    yield from appended(store, "record", "WAL, synchronous=FULL")
    batch = rate(lambda: append(store, 1, PER_COMMIT), at_least=2.0)
    yield Row(f"record: append, {PER_COMMIT} a commit", batch, "per s")
    with store.reading() as reads:
        size, _ = reads.audit_head()
    for first in range(size, ENTRIES, PER_COMMIT):
        append(store, first, PER_COMMIT)
    began = time.perf_counter()
    report = verify(store)
    took = time.perf_counter() - began
    if report.breaks:
        raise RuntimeError(f"the chain does not hold: {report.breaks[0]}")
    with store.reading() as reads:
        size, _ = reads.audit_head()
    yield Row("record: verified", size / took, "per s", "> 100,000", f"{size:,} entries")
