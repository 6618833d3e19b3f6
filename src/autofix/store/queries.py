"""What every question to the store is made of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Select, Table, literal_column

from autofix.store import tables
from autofix.store.rows import Codec, Value
from autofix.store.session import Session

# Written as literals: a partial index is used only where its very condition is in the query.
PLANNED = tables.runs.c.state == literal_column("'planned'")
QUEUED = tables.pages.c.state == literal_column("'queued'")
RECEIVED = tables.signals.c.state == literal_column("'received'")
LIVE = tables.incidents.c.live


def narrowed(query: Select[Any], table: Table, **wanted: str | int | None) -> Select[Any]:
    """Where columns equal what is wanted; empty text and None want everything."""
    given = {name: value for name, value in wanted.items() if value not in ("", None)}
    return query.where(*(table.c[name] == value for name, value in given.items()))


def one_of(query: Select[Any], column: Any, wanted: Iterable[Any] | None) -> Select[Any]:
    return query if wanted is None else query.where(column.in_([str(each) for each in wanted]))


def due(codec: Codec[Any], which: Any, now: float, limit: int, when: str = "due_at") -> Select[Any]:
    due_at, number = codec.table.c[when], codec.table.c.id
    query = codec.every.where(which, due_at <= now)
    return query.order_by(due_at, number).limit(limit)


class SqlQueries:
    """Within one transaction, so all answers are of one moment."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def _all(self, codec: Codec[Value], query: Select[Any]) -> list[Value]:
        return [codec.value(row) for row in self._session.all(query)]

    def _one(self, codec: Codec[Value], query: Select[Any]) -> Value | None:
        row = self._session.first(query)
        return None if row is None else codec.value(row)

    def _by_id(self, codec: Codec[Value], number: int) -> Value | None:
        return self._one(codec, codec.every.where(codec.table.c.id == number))

    def _newest(
        self, codec: Codec[Value], query: Select[Any], before: int | None, limit: int
    ) -> list[Value]:
        number = codec.table.c.id
        if before is not None:
            query = query.where(number < before)
        return self._all(codec, query.order_by(number.desc()).limit(limit))
