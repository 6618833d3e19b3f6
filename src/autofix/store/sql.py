"""SqlStore: `ports.Store` on SQLAlchemy Core."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, select
from sqlalchemy.engine import URL

from autofix import crashpoints
from autofix.core.audit import GENESIS, AuditEntry, Break
from autofix.errors import StoreError
from autofix.store import lead, stored, tables
from autofix.store.chain import Row
from autofix.store.engine import WRITE, make_engine, prepare_files
from autofix.store.faults import mapping
from autofix.store.head import HeadWriter
from autofix.store.migrate import upgrade
from autofix.store.reads import SqlReads
from autofix.store.session import Session
from autofix.store.writes import SqlTransaction


class SqlStore:
    """Safe from many threads. One writes at a time; readers see the last commit."""

    def __init__(self, url: URL, state: Path, *, busy_timeout: float = 10.0) -> None:
        self.database = Path(str(url.database))
        self.state = state
        #: The last (size, hash) of the audit chain stands here too: see store/head.py.
        self.head_file = self.database.with_name("audit.head")
        self.where = str(self.database)
        self._busy_timeout = busy_timeout
        self._closed = False
        self._writing = threading.Lock()
        self._writer: int | None = None
        prepare_files(self.database, state)
        self.engine: Engine = make_engine(url, busy_timeout)
        self._head = HeadWriter(self.head_file, self._hash_at)
        with mapping(self.where):
            upgrade(self.engine, self.where)

    @contextmanager
    def transaction(self) -> Iterator[SqlTransaction]:
        with self._turn(), self._connected(**WRITE) as connection:
            with connection.begin():
                session = Session(connection, self.where)
                tx = SqlTransaction(session)
                yield tx
                session.check()
                crashpoints.reach("commit.before")
            crashpoints.reach("commit.after")
            if tx.sealer.moved_to is not None:
                self._head.moved(tx.sealer.moved_to)

    @contextmanager
    def reading(self) -> Iterator[SqlReads]:
        with self._snapshot() as connection:
            yield SqlReads(Session(connection, self.where))

    @contextmanager
    def _snapshot(self) -> Iterator[Connection]:
        with self._connected() as connection, connection.begin():
            # SQLite's snapshot is taken by the first look, so look.
            connection.execute(select(tables.counters.c.value).limit(1)).all()
            yield connection

    @contextmanager
    def _connected(self, **options: str) -> Iterator[Connection]:
        if self._closed:
            raise StoreError(f"the store {self.where} is closed")
        with (
            mapping(self.where),
            self.engine.connect().execution_options(**options) as connection,
        ):
            yield connection

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Writers of one process queue here: fair, and without polling the database's lock."""
        if self._writer == threading.get_ident():
            raise RuntimeError("a transaction is open in this thread already")
        if not self._writing.acquire(timeout=self._busy_timeout):
            raise StoreError(
                f"the store {self.where} is busy: another thread holds it for too long",
                hint="try again",
            )
        self._writer = threading.get_ident()
        try:
            yield
        finally:
            self._writer = None
            self._writing.release()

    def audit_entries(self) -> Iterator[AuditEntry]:
        with self.reading() as reads:
            after = 0
            while page := reads.audit(after=after, limit=1000):
                yield from page
                after = page[-1].seq

    def sealed_rows(self) -> Iterator[Row]:
        """Every audit entry as its bytes lie on the disk, for `verify`."""
        with self._snapshot() as connection:
            yield from stored.rows(connection)

    def sealed_size(self) -> int:
        with self._snapshot() as connection:
            return stored.size(connection)

    def sealed_oddities(self) -> list[Break]:
        with self._snapshot() as connection:
            return stored.oddities(connection)

    def _hash_at(self, seq: int) -> str:
        if seq == 0:
            return GENESIS
        t = tables.audit.c
        with self._snapshot() as connection:
            return str(connection.execute(select(t.hash).where(t.seq == seq)).scalar())

    @contextmanager
    def lead(self, owner: str) -> Iterator[None]:
        with lead.lead(self._lock_files(), owner):
            yield

    def leader(self) -> str:
        return next(filter(None, map(lead.leader, self._lock_files())), "")

    def _lock_files(self) -> list[Path]:
        """In the state folder; beside a database that lies elsewhere too, so that two settings
        with one database can't both lead."""
        locks = [self.state / "server.lock"]
        beside = self.database.resolve()
        if beside.parent != self.state.resolve():
            locks.append(beside.with_name(f"{beside.name}.lock"))
        return locks

    def close(self) -> None:
        if not self._closed:
            self._head.flush()
            self._closed = True
            self.engine.dispose()
