"""The audit's tables as they lie on the disk, read without interpreting anything."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Table, func, literal_column, or_, select

from autofix.core.audit import Break
from autofix.core.checkpoints import archive_from_json, from_json
from autofix.store.chain import Row
from autofix.store.foreign import schema_postgresql, schema_sqlite
from autofix.store.sealing import SEALED
from autofix.store.seals import Ledger
from autofix.store.tables import archives, audit, checkpoints

_PORTION = 2000


def rows(connection: Connection, after: int = 0) -> Iterator[Row]:
    """Entries in order, columns as in `chain.Row`; texts of SQLite as bytes, valid or not.

    With `after` only those with a larger number; without, all there are, whatever their numbers.
    """
    query = select(*(audit.c[name] for name in (*SEALED, "hash"))).order_by(audit.c.seq)
    if after:
        query = query.where(audit.c.seq > literal_column(str(int(after))))
    if connection.dialect.name == "sqlite":
        # This connection is not given back to the others: its texts are bytes from now on.
        connection.detach()
        driver: Any = connection.connection.dbapi_connection
        driver.text_factory = bytes
        cursor = driver.execute(str(query.compile(dialect=connection.dialect)))
        while portion := cursor.fetchmany(_PORTION):
            yield from portion
    else:
        with connection.execution_options(yield_per=_PORTION).execute(query) as stream:
            for row in stream:
                yield tuple(row)


def size(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(audit)).scalar_one()


def oddities(connection: Connection) -> list[Break]:
    """Columns of another type than we write. SQLite lets a value have any type: bytes in the
    place of text would hash alike, and yet hide the entry from every search."""
    if connection.dialect.name != "sqlite":
        return [Break(0, what) for what in schema_postgresql(connection)]
    texts = ("actor", "action", "runbook", "host", "payload", "prev", "hash")
    odd = or_(*(func.typeof(audit.c[name]) != "text" for name in texts))
    query = select(audit.c.seq).where(odd).order_by(audit.c.seq).limit(1000)
    return [Break(0, what) for what in schema_sqlite(connection)] + [
        Break(row.seq, f"entry {row.seq} has a column of another type than was written")
        for row in connection.execute(query)
    ]


def ledger(connection: Connection) -> Ledger:
    """Checkpoints and archives; a row with what this program never writes becomes a fault."""
    faults: list[Break] = []
    made: dict[Table, list[Any]] = {checkpoints: [], archives: []}
    for table, build, number, what in (
        (checkpoints, from_json, "size", "checkpoint of entry"),
        (archives, archive_from_json, "first", "archive from entry"),
    ):
        for row in _plain_rows(connection, table):
            try:
                made[table].append(build(row))
            except ValueError as error:
                place = row[number] if isinstance(row[number], int) else 0
                faults.append(Break(place, f"the {what} {place} can't be read: {error}"))
    return Ledger(tuple(made[checkpoints]), tuple(made[archives]), tuple(faults))


def _plain_rows(connection: Connection, table: Table) -> list[dict[str, Any]]:
    """Rows by their primary key, smallest first; bytes that are no text don't matter."""
    query = select(table).order_by(*table.primary_key)
    names = [column.name for column in table.columns]
    if connection.dialect.name != "sqlite":
        return [dict(zip(names, row, strict=True)) for row in connection.execute(query)]
    driver: Any = connection.connection.dbapi_connection
    kept, driver.text_factory = driver.text_factory, _lenient
    try:
        found = driver.execute(str(query.compile(dialect=connection.dialect))).fetchall()
    finally:
        driver.text_factory = kept
    return [dict(zip(names, row, strict=True)) for row in found]


def _lenient(text: bytes) -> str:
    return text.decode("utf-8", "surrogateescape")
