"""The core's dataclasses as rows, and back. What comes back equals what went in, made plain."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import Enum
from functools import cached_property
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, Table, select

from autofix.core.acks import AckCode
from autofix.core.audit import AuditEntry, AuditEvent
from autofix.core.breakers import Reset
from autofix.core.checkpoints import Archive, Checkpoint
from autofix.core.incidents import Incident, Looks, Origin, State
from autofix.core.marks import Mark
from autofix.core.pages import Member, Page, PageKind, PageState
from autofix.core.pauses import Pause
from autofix.core.plain import text
from autofix.core.runs import Outcome, Run, RunEvent, RunKind, RunState
from autofix.core.signals import Signal, SignalState
from autofix.core.silences import Silence
from autofix.core.triggers import Watch
from autofix.errors import StoreError
from autofix.store import tables
from autofix.store.canonical import finite, json_text, read_json

Value = TypeVar("Value")
Decode = Callable[[Any], Any]


@dataclass(frozen=True)
class Codec(Generic[Value]):
    """How one dataclass is kept in its table: fields not named here are stored as they are."""

    kind: type[Value]
    table: Table
    json: Mapping[str, Decode]
    enums: Mapping[str, type[Enum]]

    @cached_property
    def names(self) -> list[str]:
        return [item.name for item in fields(self.kind)]  # type: ignore[arg-type]

    @cached_property
    def columns(self) -> list[Any]:
        """The columns to select, in the order of the dataclass's fields."""
        return [self.table.c[name] for name in self.names]

    @cached_property
    def every(self) -> Select[Any]:
        """All rows, made once: putting thirty columns into a query costs more than asking it."""
        return select(*self.columns)

    def row(self, value: Value) -> dict[str, Any]:
        """Column values; StoreError for what can't be kept."""
        return {name: self._keep(name, getattr(value, name)) for name in self.names}

    def _keep(self, name: str, value: Any) -> Any:
        if name in self.json:
            return None if value is None else json_text(value)
        if isinstance(value, Enum):
            return value.value
        if isinstance(value, str):
            return text(value)
        return finite(value) if isinstance(value, float) else value

    def value(self, row: Sequence[Any]) -> Value:
        """The dataclass of a row selected by `columns`."""
        try:
            return self.kind(*map(self._open, self.names, row))
        except (ValueError, TypeError) as error:
            raise StoreError(
                f"the store holds a row of {self.table.name} that can't be read: {error}",
                hint="was it edited by hand? run autofix audit verify",
            ) from error

    def _open(self, name: str, stored: Any) -> Any:
        if stored is None:
            return None
        if name in self.json:
            return self.json[name](read_json(stored))
        return self.enums[name](stored) if name in self.enums else stored


def _looks(value: Mapping[str, Any]) -> Looks:
    return Looks(**value)


INCIDENT = Codec(
    Incident,
    tables.incidents,
    {
        "inputs": dict,
        "facts_before": dict,
        "facts": dict,
        "looks": _looks,
        "approved": dict,
        "accepted": tuple,
        "paged_for": frozenset,
        "labels": dict,
        "deadlines": dict,
    },
    {"state": State, "origin": Origin},
)
RUN = Codec(
    Run,
    tables.runs,
    {"variables": dict, "result": dict},
    {"kind": RunKind, "state": RunState, "outcome": Outcome},
)
RUN_EVENT = Codec(RunEvent, tables.run_events, {"data": dict}, {})
SIGNAL = Codec(
    Signal,
    tables.signals,
    {"facts": dict, "labels": dict, "inputs": dict, "accepted": tuple},
    {"origin": Origin, "state": SignalState},
)
WATCH = Codec(Watch, tables.watches, {"facts": dict}, {})
PAUSE = Codec(Pause, tables.pauses, {}, {})
PAGE = Codec(
    Page,
    tables.pages,
    {"channels": tuple, "data": dict},
    {"state": PageState, "kind": PageKind},
)
MEMBER = Codec(Member, tables.members, {}, {})
SILENCE = Codec(Silence, tables.silences, {"labels": dict}, {})
RESET = Codec(Reset, tables.resets, {}, {})
ACK_CODE = Codec(AckCode, tables.ack_codes, {}, {})
MARK = Codec(Mark, tables.marks, {"data": dict}, {})
CHECKPOINT = Codec(Checkpoint, tables.checkpoints, {}, {})
ARCHIVE = Codec(Archive, tables.archives, {}, {})
EVENT = Codec(AuditEvent, tables.audit, {"payload": dict}, {})

#: The columns of an audit entry: its event's, then its place in the chain.
ENTRY_COLUMNS = [*EVENT.columns, tables.audit.c.seq, tables.audit.c.prev, tables.audit.c.hash]


def entry(row: Sequence[Any]) -> AuditEntry:
    """The audit entry of a row selected by ENTRY_COLUMNS."""
    *event, seq, prev, digest = row
    return AuditEntry(seq, EVENT.value(event), prev, digest)
