"""The audit table as it lies on the disk, read without interpreting anything."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, func, or_, select

from autofix.core.audit import Break
from autofix.store.chain import Row
from autofix.store.sealing import SEALED
from autofix.store.tables import audit

_PORTION = 2000


def rows(connection: Connection) -> Iterator[Row]:
    """Entries in order, columns as in `chain.Row`; texts of SQLite as bytes, valid or not."""
    query = select(*(audit.c[name] for name in (*SEALED, "hash"))).order_by(audit.c.seq)
    if connection.dialect.name == "sqlite":
        # This connection is not given back to the others: its texts are bytes from now on.
        connection.detach()
        driver: Any = connection.connection.dbapi_connection
        driver.text_factory = bytes
        cursor = driver.execute(str(query.compile(dialect=connection.dialect)))
        while portion := cursor.fetchmany(_PORTION):
            yield from portion
    else:
        stream = connection.execution_options(yield_per=_PORTION).execute(query)
        for row in stream:
            yield tuple(row)


def size(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(audit)).scalar_one()


def oddities(connection: Connection) -> list[Break]:
    """Columns of another type than we write. SQLite lets a value have any type: bytes in the
    place of text would hash alike, and yet hide the entry from every search."""
    if connection.dialect.name != "sqlite":
        return []
    texts = ("actor", "action", "runbook", "host", "payload", "prev", "hash")
    odd = or_(*(func.typeof(audit.c[name]) != "text" for name in texts))
    query = select(audit.c.seq).where(odd).order_by(audit.c.seq).limit(1000)
    return [
        Break(row.seq, f"entry {row.seq} has a column of another type than was written")
        for row in connection.execute(query)
    ]
