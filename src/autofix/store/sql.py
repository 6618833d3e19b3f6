"""SqlStore: `ports.Store` on SQLAlchemy Core."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from copy import copy

from sqlalchemy import Connection, select

from autofix.core.audit import GENESIS, AuditEntry, Break
from autofix.core.checkpoints import Checkpoint
from autofix.errors import StoreError
from autofix.ports import Lead
from autofix.store import stored, tables
from autofix.store.backend import Backend
from autofix.store.chain import Row
from autofix.store.commits import Commits, Group
from autofix.store.faults import mapping
from autofix.store.head import Head, HeadWriter, Sealed
from autofix.store.migrate import upgrade
from autofix.store.reads import SqlReads
from autofix.store.seals import Ledger
from autofix.store.session import Session
from autofix.store.writes import SqlTransaction


class SqlStore:
    """Safe from many threads. One writes at a time; readers see the last commit."""

    def __init__(self, backend: Backend, *, busy_timeout: float = 10.0) -> None:
        self.where = backend.where
        self.shared = backend.shared
        #: The last (size, hash) of the audit chain stands here too: see store/head.py.
        self.head_file = backend.head_file
        self.engine = backend.engine
        self._backend = backend
        self._closed = threading.Event()
        self._fence: Callable[[Connection], None] | None = None
        self._head = HeadWriter(
            self.head_file, self._hash_at, Sealed(self._checkpoint, self._archived)
        )
        #: Something was recorded through this object.
        self.wrote = False
        self._commits = Commits(backend, busy_timeout, self._moved)
        try:
            with mapping(self.where):
                upgrade(self)
        except BaseException:
            self.engine.dispose()
            raise

    def fenced(self, fence: Callable[[Connection], None]) -> SqlStore:
        """The same store, with a look at the beginning of every block of changes."""
        twin = copy(self)
        twin._fence = fence
        return twin

    @contextmanager
    def transaction(self) -> Iterator[SqlTransaction]:
        with self.block() as group:
            session = Session(group.connection, self.where)
            tx = SqlTransaction(session, group.head)
            yield tx
            session.check()
            group.head = tx.sealer.moved_to or group.head

    @contextmanager
    def block(self) -> Iterator[Group]:
        """A block of changes in bare SQL, in the one order of all writers."""
        self._check_open()
        with mapping(self.where), self._commits.block() as group:
            if self._fence is not None:
                self._fence(group.connection)
            yield group

    @contextmanager
    def reading(self) -> Iterator[SqlReads]:
        with self.snapshot() as connection:
            yield SqlReads(Session(connection, self.where))

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """A connection that sees the store as it is at this moment, and changes nothing."""
        self._check_open()
        with (
            mapping(self.where),
            self.engine.connect().execution_options(**self._backend.snapshot) as connection,
            connection.begin(),
        ):
            # The snapshot is taken by the first look, so look.
            connection.execute(select(tables.counters.c.value).limit(1)).all()
            yield connection

    def _check_open(self) -> None:
        if self._closed.is_set():
            raise StoreError(f"the store {self.where} is closed")

    def fit(self, connection: Connection) -> None:
        """StoreError when the database can't hold what we keep."""
        self._backend.fit(connection)

    def audit_entries(self) -> Iterator[AuditEntry]:
        with self.reading() as reads:
            after = 0
            while page := reads.audit(after=after, limit=1000):
                yield from page
                after = page[-1].seq

    def sealed_rows(self, after: int = 0) -> Generator[Row, None, None]:
        """Every audit entry as its bytes lie on the disk, for `verify`."""
        with self.snapshot() as connection:
            yield from stored.rows(connection, after)

    def sealed_ledger(self) -> Ledger:
        """What seals the entries: checkpoints, and archives of those that left the store."""
        with self.snapshot() as connection:
            return stored.ledger(connection)

    def sealed_size(self) -> int:
        with self.snapshot() as connection:
            return stored.size(connection)

    def sealed_oddities(self) -> list[Break]:
        with self.snapshot() as connection:
            return stored.oddities(connection)

    def _moved(self, head: Head) -> None:
        self.wrote = True
        self._head.moved(head)

    def _checkpoint(self, size: int | None) -> Checkpoint | None:
        with self.reading() as reads:
            if size is None:
                return reads.last_checkpoint()
            return next((c for c in reads.checkpoints(after=size - 1, limit=1)), None)

    def _archived(self) -> int:
        with self.reading() as reads:
            return max((each.last for each in reads.archives()), default=0)

    def _hash_at(self, seq: int) -> str:
        if seq == 0:
            return GENESIS
        t = tables.audit.c
        with self.snapshot() as connection:
            return str(connection.execute(select(t.hash).where(t.seq == seq)).scalar())

    def lead(self, owner: str) -> AbstractContextManager[Lead]:
        return self._backend.lead(self, owner)

    def clock(self) -> float | None:
        """The database's own time, in seconds since the epoch; None where it is this machine's."""
        if not self.shared:
            return None
        from autofix.store.lease import time_of

        with self.snapshot() as connection:
            return time_of(connection)

    def leader(self) -> str:
        return self._backend.leader()

    def changed(self) -> bool:
        return self._closed.is_set() or self._backend.changed()

    def close(self) -> None:
        if not self._closed.is_set():
            self._head.flush()
            self._closed.set()
            self._backend.close()
