"""One connection within one transaction: statements, with foreign errors mapped at this border."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from functools import cache
from typing import Any, NoReturn

from sqlalchemy import Connection, Executable, Insert, Table, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.sql.dml import ReturningInsert

from autofix.errors import StoreError
from autofix.store.faults import is_unique, mapped

Rows = Sequence[Mapping[str, Any]]


class Taken(Exception):
    """A unique key is taken; the caller says in words which."""


@cache
def _numbered(table: Table) -> ReturningInsert[Any]:
    return table.insert().returning(table.c.id, sort_by_parameter_order=True)


@cache
def _inserted(table: Table) -> Insert:
    return table.insert().execution_options(preserve_rowcount=True)


_LAST = text("SELECT last_insert_rowid()")


class Session:
    """After a failed statement nothing more is done or committed: no half state, ever."""

    def __init__(self, connection: Connection, where: str) -> None:
        self._connection = connection
        self._where = where
        self._broken: StoreError | None = None

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._connection.dialect.name

    def check(self) -> None:
        """Raise again what broke this transaction, if something did."""
        if self._broken is not None:
            raise self._broken

    def fail(self, error: StoreError) -> NoReturn:
        """What was asked for was not done, though the database said nothing: nothing is kept."""
        self._broken = error
        raise error

    @contextmanager
    def _guarded(self) -> Iterator[Connection]:
        self.check()
        try:
            yield self._connection
        except (SQLAlchemyError, OverflowError, UnicodeError) as error:
            self._broken = mapped(error, self._where)
            raise self._broken from error

    def all(self, statement: Executable) -> Sequence[Any]:
        with self._guarded() as connection:
            return connection.execute(statement).all()

    def first(self, statement: Executable) -> Any:
        """The first row or None."""
        with self._guarded() as connection:
            return connection.execute(statement).first()

    def scalar(self, statement: Executable) -> Any:
        with self._guarded() as connection:
            return connection.execute(statement).scalar()

    def change(self, statement: Executable, rows: Rows | None = None) -> int:
        """Run an update or a delete; how many rows it met."""
        with self._guarded() as connection:
            if rows is None:
                return connection.execute(statement).rowcount
            return connection.execute(statement, rows).rowcount

    def change_unique(self, statement: Executable, row: Mapping[str, Any]) -> int:
        """The same where a unique key may be in the way: Taken then, and the block goes on."""
        with self._guarded() as connection, self._savepoint(connection):
            return connection.execute(statement, row).rowcount

    def insert(self, table: Table, row: Mapping[str, Any]) -> Any:
        """Insert one row; its new number. Taken if a unique key is."""
        with self._guarded() as connection, self._savepoint(connection):
            key = connection.execute(table.insert(), row).inserted_primary_key
            return key[0] if key else None

    def insert_new(self, table: Table, rows: Rows) -> list[int]:
        """Insert rows that the database numbers, where no unique key can be in the way; their
        numbers in the same order."""
        with self._guarded() as connection:
            if self.dialect == "sqlite" and len(rows) > 1:
                return self._insert_many(connection, table, rows)
            return [row[0] for row in connection.execute(_numbered(table), rows)]

    def _insert_many(self, connection: Connection, table: Table, rows: Rows) -> list[int]:
        """In one statement. There is one writer: what it inserts is numbered without a gap."""
        done = connection.execute(_inserted(table), rows)
        last = connection.execute(_LAST).scalar()
        if done.rowcount != len(rows) or last is None:  # a trigger can make it so
            self.fail(StoreError(f"the store did not take what was added to {table.name}"))
        return list(range(last - len(rows) + 1, last + 1))

    def insert_all(self, table: Table, rows: Rows) -> None:
        with self._guarded() as connection, self._savepoint(connection, single=False):
            connection.execute(table.insert(), rows)

    @contextmanager
    def _savepoint(self, connection: Connection, *, single: bool = True) -> Iterator[None]:
        # SQLite takes back a single failed statement by itself; every savepoint is two more.
        needed = self.dialect != "sqlite" or not single
        try:
            with connection.begin_nested() if needed else nullcontext():
                yield
        except IntegrityError as error:
            if is_unique(error):
                raise Taken from error
            raise mapped(error, self._where) from error

    def upsert(self, table: Table, rows: Rows) -> None:
        """Insert, or replace the row with the same primary key."""
        insert: Any = postgresql.insert if self.dialect == "postgresql" else sqlite.insert
        statement = insert(table)
        keys = [column.name for column in table.primary_key]
        fresh = {name: statement.excluded[name] for name in rows[0] if name not in keys}
        self.change(statement.on_conflict_do_update(index_elements=keys, set_=fresh), rows)
