"""Leading on PostgreSQL: a row with an owner, a token that only grows, and the moment when it ends.

The row is renewed by a thread, on the database's clock. A block of changes by the leader begins
with a look at the row, within the order of all writers: who was deposed commits nothing. Taking the
lead over stands in that same order, so no block of the old leader can end after it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Double, Engine, insert, literal_column, select, update

from autofix.core.plain import text
from autofix.errors import Deposed, ServerBusy, StoreError
from autofix.store.faults import mapping
from autofix.store.tables import leaders

if TYPE_CHECKING:
    from autofix.store.sql import SqlStore

log = logging.getLogger("autofix.store")

NAME = "server"
_HERE = leaders.c.name == NAME
_NOW = literal_column("extract(epoch FROM clock_timestamp())::double precision", Double)
_ALIVE = (leaders.c.until > _NOW).label("alive")


def leader(connection: Connection) -> str:
    """Who leads now; empty when nobody does."""
    return connection.execute(select(leaders.c.owner).where(_HERE, _ALIVE)).scalar() or ""


def time_of(connection: Connection) -> float:
    """The database's clock."""
    return float(connection.execute(select(_NOW)).scalar() or 0.0)


@contextmanager
def lead(store: SqlStore, owner: str, length: float) -> Iterator[RowLead]:
    """Lead for the block, or ServerBusy at once. `length` of the lease in seconds."""
    owner = text(owner)
    asked = _steady()
    with store.block() as group:
        token = _take(group.connection, owner, length)
    held = RowLead(store, token, length, asked)
    held.start()
    try:
        yield held
    finally:
        held.end()


def _take(connection: Connection, owner: str, length: float) -> int:
    t = leaders.c
    found = connection.execute(select(t.owner, t.token, _ALIVE).where(_HERE)).first()
    if found is None:
        row = {"name": NAME, "owner": owner, "token": 1}
        connection.execute(insert(leaders).values(**row, until=_NOW + length))
        return 1
    token = int(found.token) + 1
    # The old one may renew it just now: its row says so, then, and it is not ours.
    free = update(leaders).where(_HERE, t.token == found.token, t.until <= _NOW)
    values = {"owner": owner, "token": token, "until": _NOW + length}
    if found.alive or not connection.execute(free.values(**values)).rowcount:
        raise ServerBusy(
            f"{found.owner} already works on this store",
            hint="stop it first; only one may decide what is done to a host",
        )
    return token


def _steady() -> float:
    """A clock that goes on while the machine sleeps and that nobody sets."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class RowLead:
    """`ports.Lead` of the row. `store` is our view of the store: its blocks end with Deposed when
    another leads."""

    def __init__(self, store: SqlStore, token: int, length: float, since: float) -> None:
        self.token = token
        self.store: SqlStore = store.fenced(self._check)
        self._engine: Engine = store.engine
        self._where = store.where
        self._length = length
        self._renewed = since  # on our own steady clock, from before the database was asked
        self._lost = ""
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="lease", daemon=True)

    def lost(self) -> str:
        return self._lost

    def holds(self) -> bool:
        if self._lost or self._over.is_set():
            return False
        if _steady() - self._renewed < self._length / 2:
            return True
        try:
            return self.renew()
        except StoreError:
            return False

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        """Give the lead up, so that another has it at once."""
        self._over.set()
        self._thread.join()
        self._lost = self._lost or "the lead was given up"
        mine = update(leaders).where(_HERE, leaders.c.token == self.token)
        try:
            with mapping(self._where), self._engine.begin() as connection:
                connection.execute(mine.values(until=0.0))
        except StoreError as error:
            log.warning("the lead ends by itself in %g s: %s", self._length, error)

    def renew(self) -> bool:
        """One more length; False when another has led since. StoreError when nobody can say."""
        asked = _steady()
        mine = update(leaders).where(_HERE, leaders.c.token == self.token)
        with mapping(self._where), self._engine.begin() as connection:
            renewed = connection.execute(mine.values(until=_NOW + self._length)).rowcount
            other = "" if renewed else _said(connection)
        if other:
            self._depose(other)
            return False
        self._renewed = max(self._renewed, asked)
        return True

    def _depose(self, other: str) -> None:
        if not self._lost:
            self._lost = f"{other} leads this store now"
            log.error("%s: what runs here is ended, and nothing more is started", self._lost)

    def _keep(self) -> None:
        failed = ""
        while not self._over.wait(self._length / (8 if failed else 4)):
            try:
                if not self.renew():
                    return
                failed = ""
            except StoreError as error:
                if str(error) != failed:
                    log.warning("the lead could not be renewed: %s", error)
                failed = str(error)

    def _check(self, connection: Connection) -> None:
        """Within a block: the lead is ours, and stays ours until the block is committed."""
        if not self._lost:
            ours = select(leaders.c.token == self.token, _ALIVE).where(_HERE)
            found = connection.execute(ours).first()
            if found is not None and found[0] and (found.alive or self.renew()):
                return
            self._depose(_said(connection))
        raise Deposed(
            f"{self._lost}: nothing was changed",
            hint="this server stands by, and leads again when the other one stops",
        )


def _said(connection: Connection) -> str:
    owner = connection.execute(select(leaders.c.owner).where(_HERE)).scalar()
    return str(owner or "another autofix")
