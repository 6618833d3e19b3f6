"""SQLite as a careful host of a record: its files for one user only, a writer at a time."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL

from autofix.errors import StoreError
from autofix.ports import Lead
from autofix.store import lockfile
from autofix.store.faults import is_read_only
from autofix.store.files import only_ours
from autofix.store.leading import SureLead
from autofix.store.version import Version

if TYPE_CHECKING:
    from autofix.store.sql import SqlStore

#: Execution option that says how a transaction begins.
BEGIN = "autofix_begin"
WRITE = {BEGIN: "BEGIN IMMEDIATE"}  # a writer takes its place at once, never half-way through


class SqliteBackend:
    """One file, on this machine: only its own processes can lead it."""

    shared = False
    snapshot: Mapping[str, Any] = {}

    def __init__(self, url: URL, state: Path, *, busy_timeout: float) -> None:
        self.database = Path(str(url.database))
        self.state = state
        self.where = str(self.database)
        self.head_file = self.database.with_name("audit.head")
        self._busy_timeout = busy_timeout
        prepare_files(self.database, state)
        self.engine: Engine = make_engine(url, busy_timeout)
        self._version = Version(self.database)

    def begin(self, patience: float) -> Connection:
        connection: Connection | None = None
        try:
            connection = self.engine.connect().execution_options(**WRITE)
            # Who waited in the queue of this process waits so much less for other processes.
            short = patience < self._busy_timeout
            if short:
                _wait_for(connection, patience)
            connection.begin()
            if short:
                _wait_for(connection, self._busy_timeout)
        except BaseException as error:
            if connection is not None:
                connection.invalidate()
                connection.close()
            if is_read_only(error):
                self._open_anew()
            raise
        return connection

    def _open_anew(self) -> None:
        """A file that could not be opened for writing once (no descriptor was free, the disk
        failed) stays read-only for as long as any connection of this process holds it open."""
        self.engine.dispose()
        self._version.close()

    def intact(self, connection: Connection) -> bool:
        driver: Any = connection.connection.dbapi_connection
        return bool(driver.in_transaction)

    def fit(self, connection: Connection) -> None:
        """A file of SQLite holds whatever we keep."""

    @contextmanager
    def lead(self, store: SqlStore, owner: str) -> Iterator[Lead]:
        with lockfile.lead(self._lock_files(), owner):
            yield SureLead(store)

    def changed(self) -> bool:
        return self._version.moved()

    def close(self) -> None:
        self._version.close()
        self.engine.dispose()

    def leader(self) -> str:
        return next(filter(None, map(lockfile.leader, self._lock_files())), "")

    def _lock_files(self) -> list[Path]:
        """In the state folder; beside a database that lies elsewhere too, so that two settings
        with one database can't both lead."""
        locks = [self.state / "server.lock"]
        beside = self.database.resolve()
        if beside.parent != self.state.resolve():
            locks.append(beside.with_name(f"{beside.name}.lock"))
        return locks


def prepare_files(database: Path, state: Path) -> None:
    """The state folder (0700) and an empty database file (0600), before anything is written."""
    try:
        state.mkdir(mode=0o700, exist_ok=True)
        only_ours(state, 0o700)
        if not database.exists():
            os.close(os.open(database, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
        only_ours(database, 0o600)
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


#: For how many seconds the switch to WAL is tried again.
SWITCH = 2.0


def _on_connect(connection: Any, _record: Any) -> None:
    # The driver must not begin transactions by itself: it would begin them late and deferred.
    connection.isolation_level = None
    _write_ahead(connection)
    for pragma in ("synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _write_ahead(connection: Any) -> None:
    """WAL. While another process is about to switch a new file over, SQLite refuses at once,
    whatever its timeout says: so it is asked again for a moment."""
    give_up = time.monotonic() + SWITCH
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                raise
            time.sleep(0.02)
        else:
            return


def _on_begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get(BEGIN, "BEGIN"))


def _wait_for(connection: Connection, seconds: float) -> None:
    driver: Any = connection.connection.dbapi_connection
    driver.execute(f"PRAGMA busy_timeout = {max(1, round(seconds * 1000))}")
