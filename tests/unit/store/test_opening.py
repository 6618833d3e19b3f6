"""Opening a store: its files, its schema, and what is in the way said in one line."""

from __future__ import annotations

import os
import sqlite3
import stat
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, text

from autofix.errors import StoreError
from autofix.store import migrate, open_store
from autofix.store.tables import metadata
from storekit import at_once, event, open_sqlite, opened


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_migrations_make_exactly_the_tables_of_this_program(tmp_path: Path) -> None:
    store = open_sqlite(tmp_path / "state")
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        found = inspect(connection)
        # What Alembic does not compare: partial indexes, and numbers that are never given again.
        made = {
            row.name: row.sql
            for row in connection.execute(text("SELECT name, sql FROM sqlite_master"))
        }
        assert "AUTOINCREMENT" in made["incidents"]
        assert made["one_live_incident"].endswith("WHERE live = 1")
        plain = create_engine("sqlite://")
        metadata.create_all(plain)
        for name, table in metadata.tables.items():
            ours = {index["name"]: index for index in found.get_indexes(name)}
            for index in inspect(plain).get_indexes(name):
                where = index["dialect_options"].get("sqlite_where")
                assert ours[index["name"]]["column_names"] == index["column_names"], table
                assert str(ours[index["name"]]["dialect_options"].get("sqlite_where")) == str(where)
        plain.dispose()
    store.close()


def test_the_newest_migration_is_the_one_this_program_knows() -> None:
    config = Config()
    config.set_main_option("script_location", str(migrate._FOLDER))
    assert ScriptDirectory.from_config(config).get_current_head() == migrate.SCHEMA


def test_opening_again_changes_nothing_and_keeps_everything(tmp_path: Path) -> None:
    first = open_sqlite(tmp_path / "state")
    row = opened(first)
    first.close()
    for _ in range(2):
        again = open_sqlite(tmp_path / "state")
        with again.reading() as reads:
            assert reads.incident(row.id) == row
        again.close()


def test_many_may_open_a_new_store_at_once(tmp_path: Path) -> None:
    stores = at_once(*[lambda: open_sqlite(tmp_path / "state")] * 5)
    for store in stores:
        with store.reading() as reads:
            assert reads.audit_head()[0] == 0
        store.close()


def test_a_store_of_a_newer_program_is_refused_in_one_line(tmp_path: Path) -> None:
    open_sqlite(tmp_path / "state").close()
    with sqlite3.connect(tmp_path / "state" / "autofix.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    with pytest.raises(StoreError, match=r"newer autofix .schema 9999; this one") as refused:
        open_sqlite(tmp_path / "state")
    assert "\n" not in str(refused.value)
    assert refused.value.hint
    assert refused.value.exit_code == 4


def test_the_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    with sqlite3.connect(state / "autofix.db") as database:
        database.execute("CREATE TABLE photos (id)")
    database.close()
    with pytest.raises(StoreError, match=r"belongs to another program .table 'photos'"):
        open_sqlite(state)


def test_a_file_that_is_no_database_is_said_so(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    (state / "autofix.db").write_bytes(b"just some text, long enough to be looked at\n" * 50)
    with pytest.raises(StoreError, match="is not an SQLite database"):
        open_sqlite(state)


def test_everything_belongs_to_its_user_alone(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        store = open_sqlite(tmp_path / "state")
        with store.lead("me"):
            opened(store)
            files = {each.name: mode(each) for each in (tmp_path / "state").iterdir()}
        store.close()
    finally:
        os.umask(old)
    assert set(files) == {"autofix.db", "autofix.db-wal", "autofix.db-shm", "server.lock"}
    assert set(files.values()) == {0o600}
    assert mode(tmp_path / "state") == 0o700
    assert mode(tmp_path / "state" / "audit.head") == 0o600


def test_rights_of_others_are_taken_away(tmp_path: Path) -> None:
    open_sqlite(tmp_path / "state").close()
    (tmp_path / "state").chmod(0o755)
    (tmp_path / "state" / "autofix.db").chmod(0o644)
    open_sqlite(tmp_path / "state").close()
    assert mode(tmp_path / "state") == 0o700
    assert mode(tmp_path / "state" / "autofix.db") == 0o600


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=f"{tmp_path}/no is missing"):
        open_sqlite(tmp_path / "no" / "state")
    with pytest.raises(StoreError, match=f"{tmp_path}/other is missing"):
        open_store(f"sqlite:///{tmp_path}/other/x.db", state=tmp_path / "state")


def test_a_folder_in_the_way_is_said(tmp_path: Path) -> None:
    (tmp_path / "state" / "autofix.db").mkdir(parents=True)
    with pytest.raises(StoreError, match="can't be opened") as refused:
        open_sqlite(tmp_path / "state")
    assert refused.value.hint


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("nonsense", "not the URL of a database"),
        ("sqlite://", "must be a file"),
        ("sqlite:///:memory:", "must be a file"),
        ("sqlite:////x.db?mode=ro", "must be a file"),
        ("mysql://me:s3cret@host/db", "'mysql' is not known"),
        ("postgresql+asyncpg://me:s3cret@host/db", "is not known"),
        ("postgresql://me:s3cret@host", "names no database"),
    ],
)
def test_what_is_no_store_is_refused_without_showing_secrets(
    tmp_path: Path, url: str, words: str
) -> None:
    with pytest.raises(StoreError, match=words) as refused:
        open_store(url, state=tmp_path)
    assert "s3cret" not in str(refused.value)
    assert "store:" in refused.value.hint


def test_a_closed_store_says_so(tmp_path: Path) -> None:
    store = open_sqlite(tmp_path / "state")
    store.close()
    store.close()
    with pytest.raises(StoreError, match="is closed"), store.transaction() as tx:
        tx.record(event())


def test_what_is_asked_every_second_uses_an_index(tmp_path: Path) -> None:
    store = open_sqlite(tmp_path / "state")
    asked: list[str] = []
    with store.reading() as reads:
        connection = reads._session._connection.connection.dbapi_connection
        connection.set_trace_callback(asked.append)
        reads.due_incidents(1.0)
        reads.due_runs(1.0)
        reads.due_pages(1.0)
        reads.due(1.0)
        reads.due_calls(1.0)
        reads.due_deadlines(1.0)
        reads.signals(received=True)
        reads.next_due()
        reads.live_incident("r", "h", "s")
        reads.attempts("r", "h", "s", 1.0)
        reads.runs(incident=1)
        reads.watch("r", 0, "h", "s")
        connection.set_trace_callback(None)
        plans = [
            " ".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {query}"))
            for query in asked
        ]
    store.close()
    assert len(plans) == 16
    for query, plan in zip(asked, plans, strict=True):
        assert "INDEX" in plan, f"{plan}: {query}"
        assert "TEMP B-TREE" not in plan or "runs" in query, f"{plan}: {query}"
