"""The record: how many entries are appended, sealed and verified in a second."""

from __future__ import annotations

import io
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from autofix.core.audit import AuditEvent
from autofix.core.checkpoints import Checkpoint
from autofix.store import open_store
from autofix.store.export import export
from autofix.store.exported import verify_export
from autofix.store.keys import Keys
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


def appended(store: SqlStore, what: str, note: str, aim: str = "") -> Iterator[Row]:
    """Each entry is durable before the next of its thread; threads share commits."""
    for threads in (1, 16):
        per_second, slowest = by_threads(lambda: append(store, 1, 1), threads)
        told = f"{note}; the slowest took {slowest * 1000:.0f} ms"
        named = f"{what}: append durably, {threads} thread{'s' * (threads > 1)}"
        yield Row(named, per_second, "per s", aim if threads > 1 else "", told)


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
    yield from appended(store, "record", "WAL, synchronous=FULL", "≥ 2,000")
    batch = rate(lambda: append(store, 1, PER_COMMIT), at_least=2.0)
    yield Row(f"record: append, {PER_COMMIT} a commit", batch, "per s")
    with store.reading() as reads:
        size, _ = reads.audit_head()
    for first in range(size, ENTRIES, PER_COMMIT):
        append(store, first, PER_COMMIT)
    keys = Keys(store.head_file.parent / "keys")
    keys.make()
    yield Row("record: seal, a checkpoint", rate(lambda: seal(store, keys)), "per s")
    yield _verified(store, keys)
    yield _exported(store, keys)


def seal(store: SqlStore, keys: Keys) -> int:
    """An entry and a checkpoint over it, signed, in one durable commit."""
    with store.transaction() as tx:
        tx.record(event(0))
        (size, head), last = tx.audit_head(), tx.last_checkpoint()
        draft = Checkpoint(size, head, float(int(time.time())), "", last.size if last else 0)
        tx.add_checkpoint(keys.sign(draft))
    return 1


def _verified(store: SqlStore, keys: Keys) -> Row:
    began = time.perf_counter()
    report = verify(store, trusted=keys.trusted())
    took = time.perf_counter() - began
    if report.breaks:
        raise RuntimeError(f"the chain does not hold: {report.breaks[0]}")
    what = f"{report.size:,} entries, {report.checkpoints:,} checkpoints"
    return Row("record: verified", report.size / took, "per s", "> 100,000", what)


def _exported(store: SqlStore, keys: Keys) -> Row:
    out = io.StringIO()
    size = export(store, "jsonl", out)
    out.seek(0)
    began = time.perf_counter()
    report = verify_export(out, trusted=keys.trusted())
    took = time.perf_counter() - began
    if report.breaks:
        raise RuntimeError(f"the export does not hold: {report.breaks[0]}")
    return Row("record: an export verified", size / took, "per s", "> 100,000", "a public key only")
