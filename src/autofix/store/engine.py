"""Opening the database: SQLite as a careful host of a record, and its files for one user only."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from autofix.errors import StoreError

#: Execution option that says how a transaction begins.
BEGIN = "autofix_begin"
WRITE = {BEGIN: "BEGIN IMMEDIATE"}  # a writer takes its place at once, never half-way through


def parse(url: str) -> URL:
    """The URL of a store this program can open; StoreError says what would be right."""
    hint = "write for example store: sqlite:///.autofix/autofix.db"
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise StoreError("`store` is not the URL of a database", hint=hint) from None
    if parsed.get_backend_name() != "sqlite":
        name = parsed.drivername
        raise StoreError(f"a store of the kind {name!r} is not known to this version", hint=hint)
    if not parsed.database or parsed.database.startswith((":memory:", "file:")) or parsed.query:
        raise StoreError("the store must be a file: nothing else outlives the process", hint=hint)
    return parsed


def prepare_files(database: Path, state: Path) -> None:
    """The state folder (0700) and an empty database file (0600), before anything is written."""
    try:
        state.mkdir(mode=0o700, exist_ok=True)
        _only_ours(state, 0o700)
        if not database.exists():
            os.close(os.open(database, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
        _only_ours(database, 0o600)
    except FileNotFoundError as error:
        raise StoreError(
            f"the store {database} can't be made: {Path(error.filename).parent} is missing",
            hint="make the folder, or change `store` and `state` in autofix.yaml",
        ) from None
    except OSError as error:
        raise StoreError(
            f"the store {database} can't be opened: {error.strerror} ({error.filename})",
            hint="check that it belongs to the user who runs autofix",
        ) from None


def _only_ours(path: Path, mode: int) -> None:
    """Take the rights of others away; a file of another user is left to its owner."""
    found = path.stat()
    if found.st_uid == os.geteuid() and stat.S_IMODE(found.st_mode) & 0o077:
        path.chmod(mode)


def make_engine(url: URL, busy_timeout: float) -> Engine:
    """An engine safe for many threads. `busy_timeout` in seconds: how long to wait for a lock."""
    engine = create_engine(
        url,
        pool_size=8,
        max_overflow=-1,
        connect_args={"timeout": busy_timeout, "check_same_thread": False},
    )
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    return engine


def _on_connect(connection: Any, _record: Any) -> None:
    # The driver must not begin transactions by itself: it would begin them late and deferred.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _on_begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get(BEGIN, "BEGIN"))
