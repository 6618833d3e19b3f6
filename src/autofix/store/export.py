"""The record as a file: JSONL that verifies anywhere, CSV for a spreadsheet."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any, Protocol, TextIO

from autofix.core.audit import AuditEntry, body
from autofix.core.checkpoints import Archive, Checkpoint, archive_body
from autofix.core.checkpoints import body as checkpoint_body
from autofix.errors import AuditError, UsageError
from autofix.ports import Reads
from autofix.store.canonical import json_text

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
_PORTION = 1000


class Readable(Protocol):
    def reading(self) -> AbstractContextManager[Reads]:
        """A consistent snapshot."""


def export(store: Readable, fmt: str, out: TextIO) -> int:
    """Write the whole record; how many entries. `fmt` is one of FORMATS.

    JSONL: see `lines`. CSV is for reading: cells can't act as formulas.
    """
    if fmt not in FORMATS:
        raise UsageError(f"{fmt!r} is not a format; choose one of {', '.join(FORMATS)}")
    try:
        with store.reading() as reads:
            return _jsonl(reads, out) if fmt == "jsonl" else _csv(entries(reads), out)
    except OSError as error:
        raise AuditError(f"the export can't be written: {error.strerror}") from None


def _jsonl(reads: Reads, out: TextIO) -> int:
    count = 0
    for kind, line in lines(reads):
        count += kind is AuditEntry
        out.write(line + "\n")
    return count


def lines(reads: Reads, upto: int | None = None) -> Iterator[tuple[type, str]]:
    """What an export consists of, up to an entry: `exported.verify_export` needs nothing else.

    First a line for each archive that is gone before, then entries, each checkpoint after the
    entry that it seals. An entry's line is the canonical JSON of what was hashed with its `hash`;
    the others are `{"archive": …}` and `{"checkpoint": …}`: what was signed with its `signature`.
    """
    for archive in reads.archives():
        yield Archive, archive_line(archive)
    seals = _checkpoints(reads)
    seal = next(seals, None)
    for entry in entries(reads, upto):
        value = body(entry.seq, entry.event, entry.prev) | {"hash": entry.hash}
        yield AuditEntry, json_text(value)
        while seal is not None and seal.size <= entry.seq:
            yield Checkpoint, checkpoint_line(seal)
            seal = next(seals, None)


def archive_line(archive: Archive, name: str = "archive") -> str:
    return json_text({name: archive_body(archive) | {"signature": archive.signature}})


def checkpoint_line(checkpoint: Checkpoint) -> str:
    value = checkpoint_body(checkpoint) | {"signature": checkpoint.signature}
    return json_text({"checkpoint": value})


def entries(reads: Reads, upto: int | None = None) -> Iterator[AuditEntry]:
    """All entries that are left in the store, in order; with `upto` those to this number."""
    after, before = 0, None if upto is None else upto + 1
    while page := reads.audit(after=after, before=before, limit=_PORTION):
        yield from page
        after = page[-1].seq


def _checkpoints(reads: Reads) -> Iterator[Checkpoint]:
    after = 0
    while page := reads.checkpoints(after=after, limit=_PORTION):
        yield from page
        after = page[-1].size


def _csv(found: Iterable[AuditEntry], out: TextIO) -> int:
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    count = 0
    for count, entry in enumerate(found, start=1):  # noqa: B007 - counted
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
