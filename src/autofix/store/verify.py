"""Verifying the sealed record: every hash computed again from what is stored, and compared with
the copies of (size, hash) that stand outside the store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Protocol

from autofix.core.audit import GENESIS, Break, walk
from autofix.errors import AuditError
from autofix.store import head as heads
from autofix.store.chain import Malformed, Row, digest, raw

#: More breaks than this are counted, not listed.
LISTED = 1000
Progress = Callable[[int, int], None]
_STEP = 10_000


class Sealed(Protocol):
    """What `verify` needs of a store."""

    def sealed_rows(self) -> Iterator[Row]:
        """Every entry as stored, in order: see `chain.Row`."""

    def sealed_size(self) -> int:
        """How many entries there are, about; for the progress only."""

    def sealed_oddities(self) -> list[Break]:
        """Rows whose columns are of another type than this program writes."""


@dataclass(frozen=True)
class Report:
    """`size` entries were read, the last one's hash is `head`. It holds if `breaks` is empty;
    `notes` say what could not be compared, for people."""

    size: int
    head: str
    breaks: tuple[Break, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        return not self.breaks


def quiet(_done: int, _size: int) -> None:
    """No progress shown."""


def verify(
    store: Sealed,
    *,
    head: Path | None = None,
    witness: Path | None = None,
    progress: Progress = quiet,
) -> Report:
    """Walk the whole chain; compare it with the head file and with a witness.

    `witness` is any text file with copies of the head file's line (`<size> <hash>`), kept where
    whoever can write the store can't write. Each break carries its sequence number.
    """
    copies, breaks, notes = _copies(head, witness)
    seal = _Walk(store, {size for size, _, _ in copies}, progress)
    found, more = listed(walk(seal.links()))
    notes += [f"and {more} more breaks"] if more else []
    breaks += [*found, *store.sealed_oddities(), *_contradicted(copies, seal)]
    sealed = max((size for size, _, origin in copies if origin == str(head)), default=0)
    if head is not None and seal.last > sealed:
        notes.append(f"unsealed: {seal.last - sealed} entries are newer than {head.name}")
    ordered = sorted(set(breaks), key=lambda each: (each.seq, each.what))
    return Report(seal.size, seal.head, tuple(ordered), tuple(notes))


def listed(breaks: Iterable[Break]) -> tuple[list[Break], int]:
    """The first breaks, and how many more there are; the rest of the chain is read either way."""
    rest = iter(breaks)
    return list(islice(rest, LISTED)), sum(1 for _ in rest)


def _copies(
    head: Path | None, witness: Path | None
) -> tuple[list[tuple[int, str, str]], list[Break], list[str]]:
    """(size, hash, where it stands) of every copy; what is wrong with them; what is missing."""
    copies: list[tuple[int, str, str]] = []
    breaks: list[Break] = []
    notes: list[str] = []
    if head is not None:
        try:
            found = heads.read(head)
        except AuditError as error:
            breaks.append(Break(0, str(error)))
        else:
            copies += [(*found, str(head))] if found else []
            notes += [] if found else [f"{head} is missing: entries cut off at the end don't show"]
    if witness is None:
        notes.append("no witness given: an old copy of the whole store does not show")
        return copies, breaks, notes
    try:
        seen = heads.parse(witness.read_text(encoding="utf-8", errors="replace"))
    except OSError as error:
        raise AuditError(f"the witness {witness} can't be read: {error.strerror}") from None
    if not seen:
        raise AuditError(f"the witness {witness} holds no line `<size> <hash>`")
    return [*copies, *((size, digest, str(witness)) for size, digest in seen)], breaks, notes


class _Walk:
    """The chain's links, and what was seen on the way."""

    def __init__(self, store: Sealed, wanted: set[int], progress: Progress) -> None:
        self._store = store
        self._wanted = wanted
        self._progress = progress
        self.seen: dict[int, str] = {0: GENESIS}
        self.size, self.last, self.head = 0, 0, GENESIS

    def links(self) -> Iterator[tuple[int, str, str, str]]:
        total = self._store.sealed_size()
        for row in self._store.sealed_rows():
            self.size += 1
            seq, prev, stored = row[0], _text(row[9]), _text(row[10])
            self.last, self.head = seq, stored
            if seq in self._wanted:
                self.seen[seq] = stored
            if self.size % _STEP == 0:
                self._progress(self.size, total)
            yield seq, prev, stored, _computed(row)
        self._progress(self.size, self.size)


def _computed(row: Row) -> str:
    try:
        return digest(row)
    except Malformed:
        return ""


def _text(value: str | bytes | None) -> str:
    try:
        return raw(value).decode("utf-8", "replace")
    except Malformed:
        return ""


def _contradicted(copies: list[tuple[int, str, str]], walked: _Walk) -> Iterator[Break]:
    """Where the chain is not the one that a copy outside has seen."""
    agreed = 0
    for size, digest_, origin in sorted(copies):
        if walked.seen.get(size) == digest_:
            agreed = max(agreed, size)
        elif size > walked.last:
            first = walked.last + 1
            yield Break(first, f"entries {first} to {size} are missing: {origin} has seen {size}")
        else:
            yield Break(
                size,
                f"entry {size} is not the one that {origin} has seen: "
                f"the chain was written anew somewhere after entry {agreed}",
            )
