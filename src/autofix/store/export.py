"""The record as a file: JSONL that verifies anywhere, CSV for a spreadsheet."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Generator, Iterable, Iterator
from contextlib import AbstractContextManager, closing
from datetime import UTC, datetime
from typing import Any, Protocol, TextIO

from autofix.core.audit import AuditEntry
from autofix.core.checkpoints import Archive, Checkpoint, archive_body
from autofix.core.checkpoints import body as checkpoint_body
from autofix.errors import AuditError, UsageError
from autofix.ports import Reads
from autofix.store import chain
from autofix.store.canonical import json_text
from autofix.store.chain import Row
from autofix.store.seals import Ledger

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
#: What a spreadsheet takes for the beginning of a formula, be it as wide as Chinese letters or
#: behind what nobody sees; tabs and line ends begin a cell of their own.
_FORMULA = re.compile(
    r"[\t\r\n]|[\s\x00-\x1f\u200b-\u200f\u2060\ufeff]*[-=+@|%\uff1d\uff0b\uff0d\uff20]"
)
_PORTION = 1000


class Readable(Protocol):
    def reading(self) -> AbstractContextManager[Reads]:
        """A consistent snapshot."""

    def sealed_rows(self, after: int = 0) -> Generator[Row, None, None]:
        """Every entry as its bytes are stored."""

    def sealed_ledger(self) -> Ledger:
        """Checkpoints and archives."""


def export(store: Readable, fmt: str, out: TextIO) -> int:
    """Write the whole record; how many entries. `fmt` is one of FORMATS.

    JSONL: see `lines`. CSV is for reading: cells can't act as formulas.
    """
    try:
        count = 0
        for seq, line in _texts(store, fmt):
            count += seq > 0
            out.write(line)
        return count
    except OSError as error:
        raise AuditError(f"the export can't be written: {error.strerror}") from None


def text_lines(store: Readable, fmt: str) -> Iterator[str]:
    """What `export` writes, line by line. UsageError, at once, when `fmt` is none of FORMATS."""
    return (line for _, line in _texts(store, fmt))


def _texts(store: Readable, fmt: str) -> Iterator[tuple[int, str]]:
    """Each line with its entry's number, or 0 if it is no entry."""
    if fmt not in FORMATS:
        raise UsageError(f"{fmt!r} is not a format; choose one of {', '.join(FORMATS)}")
    if fmt == "csv":
        return _csv(store)
    return ((seq, line.decode() + "\n") for seq, line in lines(store))


def lines(store: Readable, upto: int | None = None) -> Iterator[tuple[int, bytes]]:
    """What an export consists of, up to an entry: `exported.verify_export` needs nothing else.
    Each line comes with its entry's number, or 0 if it is no entry.

    First a line for each archive that is gone before, then entries, each checkpoint after the
    entry that it seals. An entry's line is the canonical JSON of what was hashed with its `hash`;
    the others are `{"archive": …}` and `{"checkpoint": …}`: what was signed with its `signature`.
    """
    # The seals first: entries that are newer than the last of them do no harm.
    ledger = store.sealed_ledger()
    if ledger.faults:
        raise AuditError(f"the record can't be exported: {ledger.faults[0].what}", hint=_VERIFY)
    for archive in ledger.archives:
        yield 0, archive_line(archive).encode()
    seals = iter(ledger.checkpoints)
    seal = next(seals, None)
    with closing(store.sealed_rows()) as rows:
        for row in rows:
            if upto is not None and row[0] > upto:
                return
            yield _entry(row)
            while seal is not None and seal.size <= row[0]:
                yield 0, checkpoint_line(seal).encode()
                seal = next(seals, None)


_VERIFY = "run autofix audit verify"


def _entry(row: Row) -> tuple[int, bytes]:
    try:
        line = chain.line(row)
        line.decode()
    except (chain.Malformed, UnicodeDecodeError):
        raise AuditError(
            f"entry {row[0]} can't be exported: it holds what this program never writes",
            hint=_VERIFY,
        ) from None
    return row[0], line


def archive_line(archive: Archive, name: str = "archive") -> str:
    return json_text({name: archive_body(archive) | {"signature": archive.signature}})


def checkpoint_line(checkpoint: Checkpoint) -> str:
    value = checkpoint_body(checkpoint) | {"signature": checkpoint.signature}
    return json_text({"checkpoint": value})


def entries(reads: Reads) -> Iterator[AuditEntry]:
    """All entries that are left in the store, in order."""
    after = 0
    while page := reads.audit(after=after, limit=_PORTION):
        yield from page
        after = page[-1].seq


def _csv(store: Readable) -> Iterator[tuple[int, str]]:
    line = io.StringIO(newline="")
    writer = csv.writer(line, lineterminator="\r\n")

    def written(cells: Iterable[Any]) -> str:
        line.seek(0)
        line.truncate()
        writer.writerow(cells)
        return line.getvalue()

    with store.reading() as reads:
        yield 0, written(COLUMNS)
        for entry in entries(reads):
            yield entry.seq, written(_cell(value) for value in _row(entry))


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
    if isinstance(value, str) and _FORMULA.match(value):
        return f"'{value}"
    return "" if value is None else value
