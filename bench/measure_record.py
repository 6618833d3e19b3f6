"""The record: how many entries are appended in a second, and verified."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
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


def measure() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder) / "state"
        store = open_store(f"sqlite:///{state}/autofix.db", state=state)
        try:
            yield from _measured(store)
        finally:
            store.close()


def _measured(store: SqlStore) -> Iterator[Row]:
    single = rate(lambda: append(store, 1, 1), at_least=2.0)
    yield Row("record: append, a commit each", single, "per s", "", "WAL, synchronous=FULL")
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
