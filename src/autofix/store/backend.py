"""What the kinds of database do differently; `SqlStore` is made of one of them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import Connection, Engine

from autofix.ports import Lead

if TYPE_CHECKING:
    from autofix.store.sql import SqlStore


class Backend(Protocol):
    """One kind of database: how it is opened, how a writer gets its turn, who leads."""

    where: str  # names the store for people; never with a password
    head_file: Path  # the last (size, hash) of the audit chain stands here too
    shared: bool  # servers on several machines may lead this store, one after the other
    engine: Engine
    snapshot: Mapping[str, Any]  # execution options of a reading

    def begin(self, patience: float) -> Connection:
        """A connection within a write transaction that no other writer, of whatever process,
        runs beside; waits for at most about `patience` seconds."""

    def intact(self, connection: Connection) -> bool:
        """The transaction is still there: the database has not ended it by itself."""

    def fit(self, connection: Connection) -> None:
        """StoreError when this database can't hold what we keep."""

    def lead(self, store: SqlStore, owner: str) -> AbstractContextManager[Lead]: ...
    def leader(self) -> str: ...
    def changed(self) -> bool: ...
    def close(self) -> None: ...
