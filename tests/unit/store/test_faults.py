"""Trouble with the disk and the database: one clear line, and never a half state."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from autofix.errors import StoreError
from autofix.store.verify import verify
from storekit import at_once, event, incident, open_sqlite, opened

# Each transaction makes an incident and an event of the same number, or neither.
FILL = """
import resource, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from autofix.errors import StoreError
from storekit import event, incident, open_sqlite
store = open_sqlite(Path(sys.argv[1]))
if sys.argv[3] != "0":
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), resource.RLIM_INFINITY))
for number in range(int(sys.argv[4])):
    try:
        with store.transaction() as tx:
            tx.add_incident(incident(host=f"h{number}", facts={"x": "y" * 3000}), event())
            tx.record(event(payload={"x": "y" * 3000}))
    except StoreError as error:
        print("refused", error, flush=True)
        break
    print(number + 1, flush=True)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
if sys.argv[3] != "0":
    with store.transaction() as tx:
        tx.add_incident(incident(host="after"), event())
        tx.record(event())
    print("again", flush=True)
store.close()
"""
TESTS = str(Path(__file__).parents[2])


def fill(state: Path, limit: int, rounds: int) -> list[str]:
    return [sys.executable, "-c", FILL, str(state), TESTS, str(limit), str(rounds)]


def counted(state: Path) -> tuple[int, int]:
    store = open_sqlite(state)
    with store.reading() as reads:
        found = len(reads.incidents(limit=10**6)), reads.audit_head()[0]
    assert verify(store).holds
    store.close()
    return found


@pytest.mark.parametrize("limit", [300_000, 400_001, 700_000])
def test_a_full_disk_leaves_no_half_state_and_work_goes_on_after(
    tmp_path: Path, limit: int
) -> None:
    state = tmp_path / "state"
    done = subprocess.run(
        fill(state, limit, 2000), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stderr == ""
    *_, refused, again = done.stdout.splitlines()
    acknowledged = len(done.stdout.splitlines()) - 2
    assert refused.startswith("refused the store")
    assert str(state) in refused
    assert again == "again"
    assert counted(state) == (acknowledged + 1, 2 * (acknowledged + 1))


def test_no_space_is_said_as_such(tmp_path: Path) -> None:
    store = open_sqlite(tmp_path / "state")
    opened(store)

    def grow() -> None:
        with store.transaction() as tx:
            driver = tx._session._connection.connection.dbapi_connection
            driver.execute("PRAGMA max_page_count = 1")
            for number in range(200):
                tx.add_incident(incident(host=f"h{number}", facts={"x": "y" * 5000}), event())

    with pytest.raises(StoreError, match="the disk is full") as refused:
        grow()
    assert refused.value.hint
    store.engine.dispose()
    with store.reading() as reads:
        assert len(reads.incidents()) == reads.audit_head()[0] == 1
    store.close()


def test_a_swallowed_error_of_the_database_can_not_commit_a_half_state(tmp_path: Path) -> None:
    store = open_sqlite(tmp_path / "state")

    def swallow() -> None:
        with store.transaction() as tx:
            tx.add_incident(incident(), event())
            driver = tx._session._connection.connection.dbapi_connection
            driver.execute("PRAGMA query_only = ON")
            for _ in range(3):
                with pytest.raises(StoreError, match="read-only"):
                    tx.record(event())
            driver.execute("PRAGMA query_only = OFF")

    with pytest.raises(StoreError, match="read-only"):
        swallow()
    with store.reading() as reads:
        assert reads.incidents() == []
    store.close()


@pytest.mark.parametrize("seconds", [0.05, 0.15, 0.3])
def test_kill_9_loses_nothing_that_was_committed(tmp_path: Path, seconds: float) -> None:
    state = tmp_path / "state"
    with subprocess.Popen(fill(state, 0, 10**6), stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout
        assert writer.stdout.readline() == "1\n"
        time.sleep(seconds)
        os.kill(writer.pid, signal.SIGKILL)
        rest = writer.stdout.read().splitlines()
    acknowledged = int(rest[-1]) if rest else 1
    incidents, events = counted(state)
    # The last commit may have happened without its line being printed.
    assert incidents in (acknowledged, acknowledged + 1)
    assert events == 2 * incidents


def test_a_database_locked_by_another_program_is_waited_for_and_then_said(tmp_path: Path) -> None:
    store = open_sqlite(tmp_path / "state", busy_timeout=0.2)
    other = sqlite3.connect(tmp_path / "state" / "autofix.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    begun = time.monotonic()
    with pytest.raises(StoreError, match="is locked by another program") as refused:
        opened(store)
    assert 0.1 < time.monotonic() - begun < 5
    assert refused.value.exit_code == 4
    with store.reading() as reads:
        assert reads.incidents() == []
    other.execute("ROLLBACK")
    other.close()
    opened(store)
    store.close()


def test_a_thread_that_holds_the_store_too_long_is_said(tmp_path: Path) -> None:
    store = open_sqlite(tmp_path / "state", busy_timeout=0.1)
    with store.transaction():
        [refused] = at_once(lambda: opened(store))
    assert isinstance(refused, StoreError)
    assert "another thread" in str(refused)
    store.close()


def test_a_damaged_database_is_said(tmp_path: Path) -> None:
    state = tmp_path / "state"
    store = open_sqlite(state)
    with store.transaction() as tx:
        for number in range(300):
            tx.add_incident(incident(host=f"h{number}", facts={"x": "y" * 500}), event())
    store.close()
    database = state / "autofix.db"
    content = bytearray(database.read_bytes())
    for page in range(4, len(content) // 4096):
        content[page * 4096 : page * 4096 + 200] = b"\xff" * 200
    database.write_bytes(content)

    def read() -> None:
        store = open_sqlite(state)
        try:
            with store.reading() as reads:
                reads.incidents(limit=1000)
        finally:
            store.close()

    with pytest.raises(StoreError, match="is damaged"):
        read()


def test_rows_edited_by_hand_are_an_error_in_one_line(tmp_path: Path) -> None:
    store = open_sqlite(tmp_path / "state")
    opened(store)
    with sqlite3.connect(tmp_path / "state" / "autofix.db") as other:
        for change in ("state = 'flying'", "state = 'open', facts = '{'", "reason = x'ff80'"):
            other.execute(f"UPDATE incidents SET {change}")
            other.commit()
            if "reason" in change:
                other.execute("UPDATE incidents SET facts = '{}', reason = CAST(x'ff' AS TEXT)")
                other.commit()
            with pytest.raises(StoreError) as refused, store.reading() as reads:
                reads.incidents()
            assert "\n" not in str(refused.value)
            assert refused.value.hint
    other.close()
    store.close()


def test_a_number_beyond_the_databases_is_an_error_in_one_line(tmp_path: Path) -> None:
    store = open_sqlite(tmp_path / "state")
    with pytest.raises(StoreError), store.reading() as reads:
        reads.incident(10**30)
    store.close()
