"""The sealed record as a file: JSONL that verifies anywhere, CSV for a spreadsheet."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, Protocol, TextIO

from autofix.core.audit import (
    GENESIS,
    VERSION,
    AuditEntry,
    AuditEvent,
    Break,
    body,
    seal,
    walk,
)
from autofix.errors import AuditError, StoreError, UsageError
from autofix.store.canonical import canonical, json_text, read_json
from autofix.store.verify import Report, listed

FORMATS = ("jsonl", "csv")
COLUMNS = (
    "seq",
    "time",
    "actor",
    "action",
    "runbook",
    "host",
    "incident",
    "run",
    "payload",
    "prev",
    "hash",
)
#: What a spreadsheet takes for the beginning of a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")


class Entries(Protocol):
    def audit_entries(self) -> Iterator[AuditEntry]:
        """The whole chain from its beginning, streamed."""


def export(store: Entries, fmt: str, out: TextIO) -> int:
    """Write the whole record; how many entries. `fmt` is one of FORMATS.

    A line of JSONL is the canonical JSON of what was hashed, with its `hash` added, so
    `verify_export` needs nothing else. CSV is for reading: cells can't act as formulas.
    """
    if fmt not in FORMATS:
        raise UsageError(f"{fmt!r} is not a format; choose one of {', '.join(FORMATS)}")
    writer = _jsonl if fmt == "jsonl" else _csv
    try:
        return writer(store.audit_entries(), out)
    except OSError as error:
        raise AuditError(f"the export can't be written: {error.strerror}") from None


def _jsonl(entries: Iterable[AuditEntry], out: TextIO) -> int:
    count = 0
    for count, entry in enumerate(entries, start=1):  # noqa: B007 - counted
        value = body(entry.seq, entry.event, entry.prev) | {"hash": entry.hash}
        out.write(json_text(value) + "\n")
    return count


def _csv(entries: Iterable[AuditEntry], out: TextIO) -> int:
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    count = 0
    for count, entry in enumerate(entries, start=1):  # noqa: B007 - counted
        writer.writerow([_cell(value) for value in _row(entry)])
    return count


def _row(entry: AuditEntry) -> list[Any]:
    event = entry.event
    what = [event.actor, event.action, event.runbook, event.host, event.incident, event.run]
    return [entry.seq, _time(event.at), *what, json_text(event.payload), entry.prev, entry.hash]


def _time(at: float) -> str:
    try:
        return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
    except (ValueError, OverflowError, OSError):  # beyond the calendar: as it stands
        return repr(at)


def _cell(value: Any) -> Any:
    """Text that a spreadsheet would run is made text by an apostrophe before it."""
    if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULA):
        return f"'{value}"
    return "" if value is None else value


def verify_export(lines: Iterable[str]) -> Report:
    """Verify an exported JSONL by itself, without any store."""
    reader = _Reader(lines)
    found, _ = listed(walk(reader.links()))
    breaks = sorted({*found, *reader.faults}, key=lambda each: (each.seq, each.what))
    notes = ("an export is compared with nothing else: compare its last hash with a witness",)
    return Report(reader.size, reader.head, tuple(breaks), notes)


class _Reader:
    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = lines
        self.size, self.head = 0, GENESIS
        self.faults: list[Break] = []

    def links(self) -> Iterator[tuple[int, str, str, str]]:
        for number, line in enumerate(self._readable(), start=1):
            bare = line.removesuffix("\n")
            entry = _entry(bare)
            if entry is None:
                self.faults.append(Break(number, f"line {number} is not an entry of an export"))
                continue
            self.size, self.head = self.size + 1, entry.hash
            computed = seal(entry.seq, entry.event, entry.prev, canonical).hash
            yield entry.seq, entry.prev, entry.hash, computed

    def _readable(self) -> Iterator[str]:
        try:
            yield from self._lines
        except UnicodeDecodeError:
            self.faults.append(Break(self.size + 1, "the export is not UTF-8 text from here on"))


def _entry(line: str) -> AuditEntry | None:
    """The entry of a line; None unless the line is, byte for byte, what `export` writes of it."""
    try:
        value = read_json(line)
        event = AuditEvent(
            value["at"],
            value["actor"],
            value["action"],
            value["runbook"],
            value["host"],
            value["incident"],
            value["run"],
            value["payload"],
        )
        entry = AuditEntry(value["seq"], event, value["prev"], value["hash"])
        again = json_text(body(entry.seq, event, entry.prev) | {"hash": entry.hash})
    except (ValueError, KeyError, TypeError, RecursionError, StoreError):
        return None
    whole = type(entry.seq) is int and value["v"] == VERSION and isinstance(entry.hash, str)
    return entry if whole and again == line else None
