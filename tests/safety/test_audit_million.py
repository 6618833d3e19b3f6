"""SAFETY 36: a million entries, sealed, are verified in less than ten seconds."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from autofix.core.audit import GENESIS
from autofix.core.checkpoints import ENTRIES, Checkpoint
from autofix.store import chain
from autofix.store.keys import Keys
from autofix.store.sealing import SEALED
from autofix.store.verify import Report, verify
from storekit import open_sqlite

PAYLOAD = '{"ratio":0.93,"reason":"used_memory_ratio > 0.90 (used_memory_ratio = 0.93)"}'
COLUMNS = (*SEALED, "hash")


def fill(state: Path, size: int) -> Keys:
    """A store with so many entries of usual size, a checkpoint after every thousandth; past the
    store, which would take minutes."""
    keys = Keys(state / "keys")
    keys.make()
    open_sqlite(state).close()
    prev, seals, rows = GENESIS, [], []
    for seq in range(1, size + 1):
        row = (
            seq, 1.7e9 + seq / 8, "probe:redis", "incident.opened", "redis-memory-high",
            f"cache{seq % 50}", seq, None, PAYLOAD, prev,
        )  # fmt: skip
        prev = chain.digest((*row, ""))
        rows.append((*row, prev))
        if seq % ENTRIES == 0:
            draft = Checkpoint(seq, prev, 1.7e9 + seq / 8, "", seq - ENTRIES)
            seals.append(keys.sign(draft))
    with closing(sqlite3.connect(state / "autofix.db")) as database, database:
        marks = ",".join("?" * len(COLUMNS))
        database.executemany(f"INSERT INTO audit ({','.join(COLUMNS)}) VALUES ({marks})", rows)
        database.executemany(
            "INSERT INTO checkpoints (size, head, at, key, before, signature) VALUES (?,?,?,?,?,?)",
            [(s.size, s.head, s.at, s.key, s.before, s.signature) for s in seals],
        )
    return keys


def timed(state: Path, keys: Keys) -> tuple[Report, float, float]:
    """What verifying says; its seconds on the wall, and of our own processor time."""
    store = open_sqlite(state)
    try:
        began, spent = time.perf_counter(), time.process_time()
        report = verify(store, trusted=keys.trusted())
        return report, time.perf_counter() - began, time.process_time() - spent
    finally:
        store.close()


def test_twenty_thousand_entries_are_verified_in_a_fiftieth_of_that(tmp_path: Path) -> None:
    keys = fill(tmp_path / "state", 20_000)
    report, _, spent = timed(tmp_path / "state", keys)
    assert report.holds, report.breaks[:3]
    assert (report.size, report.sealed, report.checkpoints) == (20_000, 20_000, 20)
    assert spent < 10 / 50 * 4  # the machine may be busy, its caches cold


@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_million_entries_are_verified_in_ten_seconds(tmp_path: Path) -> None:
    keys = fill(tmp_path / "state", 1_000_000)
    report, wall, spent = timed(tmp_path / "state", keys)
    print(f"1,000,000 entries, {report.checkpoints} checkpoints: {wall:.2f} s ({spent:.2f} s CPU)")
    assert report.holds, report.breaks[:3]
    assert (report.size, report.sealed, report.checkpoints) == (1_000_000, 1_000_000, 1000)
    assert spent < 10
