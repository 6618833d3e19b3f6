"""The head file beside the store: it follows the chain, and never hides a contradiction."""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from pathlib import Path

import pytest

from autofix.store import head
from autofix.store.verify import verify
from storekit import event, open_sqlite


def record(state: Path, count: int = 1, actor: str = "ann") -> None:
    store = open_sqlite(state)
    for _ in range(count):
        with store.transaction() as tx:
            tx.record(event(actor=actor))
    store.close()


def test_the_head_follows_within_seconds_and_at_close(tmp_path: Path) -> None:
    store = open_sqlite(tmp_path / "state")
    with store.transaction() as tx:
        tx.record(event())
        first = tx.audit_head()
    deadline = time.monotonic() + 10
    while head.read(store.head_file) != first and time.monotonic() < deadline:
        time.sleep(0.02)
    assert head.read(store.head_file) == first
    with store.transaction() as tx:
        tx.record(event())
        second = tx.audit_head()
    store.close()
    assert head.read(store.head_file) == second


def test_without_events_nothing_is_written(tmp_path: Path) -> None:
    store = open_sqlite(tmp_path / "state")
    with store.transaction() as tx:
        tx.claim_slot("job", "slot")
    store.close()
    assert head.read(store.head_file) is None


def test_a_head_that_contradicts_the_chain_is_kept_as_evidence(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    state = tmp_path / "state"
    record(state, 5)
    evidence = (state / "audit.head").read_bytes()
    with sqlite3.connect(state / "autofix.db") as database:
        database.execute("DELETE FROM audit WHERE seq > 3")
    database.close()
    record(state, 1, "ben")
    assert (state / "audit.head").read_bytes() == evidence
    with caplog.at_level(logging.ERROR):
        record(state, 5, "ben")
    assert "contradicts the audit chain" in caplog.text
    assert (state / "audit.head").read_bytes() == evidence
    store = open_sqlite(state)
    report = verify(store, head=store.head_file)
    store.close()
    assert [each.seq for each in report.breaks] == [5]


def test_a_head_that_can_not_be_written_stops_no_commit(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    state = tmp_path / "state"
    (state / "audit.head").mkdir(parents=True)
    with caplog.at_level(logging.ERROR):
        record(state, 2)
    assert "audit verify" in caplog.text
    store = open_sqlite(state)
    with store.reading() as reads:
        assert reads.audit_head()[0] == 2
    store.close()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"7 {'a' * 64}\n", [(7, "a" * 64)]),
        (f"x autofix[12]: 8 {'b' * 64} ok\n9 {'c' * 64}", [(8, "b" * 64), (9, "c" * 64)]),
        (f"7 {'a' * 65}", []),
        (f"7 {'A' * 64}", []),
        ("", []),
    ],
)
def test_copies_of_the_head_are_found_in_any_text(text: str, found: list[head.Head]) -> None:
    assert head.parse(text) == found


def test_what_a_killed_process_left_half_way_is_removed_an_hour_later(tmp_path: Path) -> None:
    state = tmp_path / "state"
    record(state)
    old, fresh = state / "audit.head.4711.new", state / "audit.head.4712.new"
    for each in (old, fresh):
        each.write_text("1 ")
    os.utime(old, (time.time() - 2 * head.LEFT_BEHIND,) * 2)
    record(state)
    assert not old.exists()
    assert fresh.exists()
