"""Appending to the audit chain within a transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert, select

from autofix import crashpoints
from autofix.core.audit import GENESIS, AuditEvent
from autofix.errors import StoreError
from autofix.store import tables
from autofix.store.chain import digest
from autofix.store.rows import EVENT
from autofix.store.session import Session

_APPEND = insert(tables.audit).execution_options(preserve_rowcount=True)


class Sealer:
    """The end of the chain as this transaction moves it."""

    def __init__(self, session: Session, known: tuple[int, str] | None = None) -> None:
        """`known`: where an earlier block of the same transaction left the chain's end."""
        self._session = session
        self._known = known
        self._head: tuple[int, str] | None = None
        self._prepared: dict[int, tuple[AuditEvent, dict[str, Any]]] = {}

    @property
    def moved_to(self) -> tuple[int, str] | None:
        """The new (size, hash), or None if nothing was appended."""
        return self._head

    def touch(self) -> None:
        """What is kept beside the store is due to be written anew, though nothing was appended."""
        self._head = self._head or self._stored_head()

    def prepare(self, event: AuditEvent | None) -> AuditEvent | None:
        """Refuse what can't be sealed (StoreError) before any state is changed for it."""
        if event is not None:
            self._prepared[id(event)] = (event, EVENT.row(event))
        return event

    def append(
        self, event: AuditEvent | None, *, incident: int | None = None, run: int | None = None
    ) -> None:
        """Seal an event; a 0 for its incident or run becomes the number given here."""
        if event is not None:
            self._append([self._row(event, incident=incident, run=run)])

    def append_all(self, events: Sequence[AuditEvent]) -> None:
        """Seal events one after the other, in one statement."""
        if events:
            self._append([self._row(event) for event in events])

    def _row(self, event: AuditEvent, **numbers: int | None) -> dict[str, Any]:
        """As it is stored, without its place in the chain."""
        prepared = self._prepared.pop(id(event), None)
        row = EVENT.row(event) if prepared is None else prepared[1]
        given = {name: new for name, new in numbers.items() if new is not None and row[name] == 0}
        return row | given | {"at": float(row["at"])}

    def _append(self, made: list[dict[str, Any]]) -> None:
        size, prev = self._head or self._known or self._stored_head()
        for seq, row in enumerate(made, start=size + 1):
            row |= {"seq": seq, "prev": prev}
            row["hash"] = prev = digest(tuple(row[column] for column in SEALED))
        if self._session.change(_APPEND, made) != len(made):  # a trigger can make it so
            error = StoreError("the record did not take an entry", hint="run autofix audit verify")
            self._session.fail(error)
        self._head = (size + len(made), prev)
        crashpoints.reach("audit.sealed")

    def _stored_head(self) -> tuple[int, str]:
        t = tables.audit.c
        found: Any = self._session.first(select(t.seq, t.hash).order_by(t.seq.desc()).limit(1))
        return (0, GENESIS) if found is None else (found.seq, found.hash)


#: The columns of an entry in the order in which `chain` takes them; `hash` follows.
SEALED = (
    "seq",
    "at",
    "actor",
    "action",
    "runbook",
    "host",
    "incident",
    "run",
    "payload",
    "prev",
)
