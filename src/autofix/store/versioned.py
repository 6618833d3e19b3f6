"""Rows with a version: added with the next number, saved by compare-and-set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import BindParameter, ColumnElement, Table, Update, bindparam, select, update

from autofix.core.accounts import Token, User
from autofix.core.audit import AuditEvent
from autofix.core.incidents import Incident
from autofix.core.pages import Page
from autofix.core.runs import Run
from autofix.errors import Conflict
from autofix.store.rows import Codec
from autofix.store.writes_trust import TrustWrites

Versioned = TypeVar("Versioned", Incident, Run, Page, User, Token)


@cache
def _compare_and_set(table: Table, same: tuple[str, ...]) -> Update:
    """Made once: putting thirty columns into a statement costs more than running it."""
    return update(table).where(*(_unmoved(table, name) for name in same))


def _unmoved(table: Table, name: str) -> ColumnElement[bool]:
    column = table.c[name]
    was: BindParameter[Any] = bindparam(f"was_{name}")
    return column.is_not_distinct_from(was) if column.nullable else column == was


class VersionedWrites(TrustWrites):
    def _add(self, codec: Codec[Versioned], value: Versioned, **more: object) -> Versioned:
        """Insert with the next number and version 1; the value as it is stored now."""
        row = codec.row(replace(value, version=1)) | more
        del row["id"]
        number: int = self._session.insert(codec.table, row)
        return codec.value([(row | {"id": number})[name] for name in codec.names])

    def _save(
        self,
        codec: Codec[Versioned],
        value: Versioned,
        event: AuditEvent | None,
        *,
        still: Sequence[str] = ("state",),
        **more: object,
    ) -> Versioned:
        """Compare-and-set on the version; `still` are the columns that need an event to change."""
        event = self.sealer.prepare(event)
        row = codec.row(replace(value, version=value.version + 1)) | more
        was: dict[str, Any] = {"was_id": value.id, "was_version": value.version}
        unmoved: tuple[str, ...] = () if event else tuple(still)
        was |= {f"was_{name}": row[name] for name in unmoved}
        statement = _compare_and_set(codec.table, ("id", "version", *unmoved))
        if not self._session.change_unique(statement, row | was):
            self._must_be_same(codec, value)
            what = codec.kind.__name__.lower()
            raise ValueError(f"{what} {value.id}: a change of state needs its audit event")
        self.sealer.append(event)
        return codec.value([row[name] for name in codec.names])

    def _must_be_same(self, codec: Codec[Versioned], value: Versioned) -> None:
        """Conflict unless the stored row still has this version."""
        t = codec.table.c
        same = (t.id == value.id, t.version == value.version)
        if self._session.first(select(t.id).where(*same)) is None:
            raise Conflict(
                f"{codec.kind.__name__.lower()} {value.id} was changed by somebody else meanwhile"
            )
