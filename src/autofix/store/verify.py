"""Verifying the sealed record: every hash computed again from what is stored, every checkpoint's
signature checked, and all of it compared with the copies that stand outside the store."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain as joined
from itertools import islice
from pathlib import Path
from typing import Protocol

from autofix.core.audit import GENESIS, Break, walk
from autofix.core.checkpoints import ENTRIES
from autofix.store import copies as outside
from autofix.store import seals
from autofix.store.archive_files import files_judged
from autofix.store.chain import Malformed, Row, digest, raw
from autofix.store.seals import Chain, Copy, Ledger
from autofix.store.trust import KEY_ROTATED, Trust

#: More breaks than this are counted, not listed.
LISTED = 1000
Progress = Callable[[int, int], None]
_STEP = 10_000
_ROTATED = KEY_ROTATED.encode()


class Sealed(Protocol):
    """What `verify` needs of a store."""

    def sealed_rows(self, after: int = 0) -> Generator[Row, None, None]:
        """Every entry as stored, in order: see `chain.Row`; with `after` only later ones."""

    def sealed_size(self) -> int:
        """How many entries there are, about; for the progress only."""

    def sealed_oddities(self) -> list[Break]:
        """Rows whose columns are of another type than this program writes."""

    def sealed_ledger(self) -> Ledger:
        """Checkpoints and archives."""


@dataclass(frozen=True)
class Report:
    """`size` entries were read, the last one's hash is `head`, checkpoints seal them up to number
    `sealed`. It holds if `breaks` is empty; `notes` say what could not be compared, for people."""

    size: int
    head: str
    breaks: tuple[Break, ...] = ()
    notes: tuple[str, ...] = ()
    checkpoints: int = 0
    sealed: int = 0
    unsealed: int = 0

    @property
    def holds(self) -> bool:
        return not self.breaks


def quiet(_done: int, _size: int) -> None:
    """No progress shown."""


def verify(
    store: Sealed,
    *,
    head: Path | None = None,
    witnesses: Sequence[Path] = (),
    known_witnesses: Sequence[Path] = (),
    trusted: Mapping[str, bytes] | None = None,
    archives: Path | None = None,
    now: float | None = None,
    progress: Progress = quiet,
) -> Report:
    """Walk the whole chain; compare it with its checkpoints, the head file and witnesses.

    A witness is any text file with copies of checkpoints' lines or of the head file's line, kept
    where whoever can write the store can't write; a known one that is not there is a note.
    `trusted`: the public halves by fingerprint; without them no signature is checked and no
    checkpoint is demanded. `archives`: the folder of archive files. Each break carries its
    sequence number.
    """
    trust = Trust(trusted)
    # In this order: what is sealed meanwhile is newer than all that it is compared with.
    seen = outside.read(head, witnesses, known_witnesses, trust)
    ledger = store.sealed_ledger()
    walked = Walk(seals.wanted(ledger, seen.copies), trust, store.sealed_size(), progress)
    found, more = listed(walk(walked.links(store.sealed_rows()), *ledger.base))
    notes = [*seen.notes(), *([f"and {more} more breaks"] if more else [])]
    breaks = [*found, *store.sealed_oddities(), *seen.breaks]
    if archives is not None:
        judged = files_judged(archives, ledger.archives)
        breaks, notes = [*breaks, *judged[0]], [*notes, *judged[1]]
    if head is not None and ledger.checkpoints and trust.checks and not seen.has_head:
        # It is there from the first end of a command on.
        breaks.append(Break(walked.last, f"{head} is missing"))
    if trust.checks and not walked.size:
        notes.append("there is an audit key, but nothing is recorded")
    if head is not None and not trust.checks:
        notes += behind(walked.last, seen.head_size, head.name)
    return judged_report(ledger, walked, trust, seen.copies, breaks, notes, now)


def behind(last: int, sealed: int, name: str) -> list[str]:
    return [f"unsealed: {last - sealed} entries are newer than {name}"] if last > sealed else []


def judged_report(
    ledger: Ledger,
    walked: Walk,
    trust: Trust,
    copies: Sequence[Copy],
    breaks: list[Break],
    notes: list[str],
    now: float | None = None,
) -> Report:
    """The report of a chain that was walked: checkpoints, archives and copies are judged here."""
    chain = walked.chain()
    trust.follow(ledger.checkpoints)
    sealed = seals.sealed(ledger, chain, trust)
    everything = joined(
        breaks,
        ledger.faults,
        seals.archive_breaks(ledger, trust),
        seals.checkpoint_breaks(ledger, trust),
        seals.contradicted([*seals.copies_of(ledger, trust), *copies], chain, ledger.base[0]),
        seals.missing_breaks(ledger, copies),
    )
    found = set(everything)
    unsealed = chain.last - sealed if trust.checks or ledger.checkpoints else 0
    if trust.checks:
        found |= set(seals.unsealed_breaks(ledger, chain, sealed, now))
        notes += trust.unsigned_rotations(ledger.checkpoints)
    if unsealed > 0:
        notes.append(f"unsealed: {unsealed} entries are newer than the last checkpoint")
    ordered = sorted(found, key=lambda each: (each.seq, each.what))
    return Report(
        walked.size, walked.head, tuple(ordered), tuple(notes),
        len(ledger.checkpoints), sealed, max(unsealed, 0),
    )  # fmt: skip


def listed(breaks: Iterable[Break]) -> tuple[list[Break], int]:
    """The first breaks, and how many more there are; the rest of the chain is read either way."""
    rest = iter(breaks)
    return list(islice(rest, LISTED)), sum(1 for _ in rest)


class Walk:
    """The chain's links, and what was seen on the way."""

    def __init__(
        self, wanted: set[int], trust: Trust, total: int = 0, progress: Progress = quiet
    ) -> None:
        self._wanted, self._trust = wanted, trust
        self._total, self._progress = total, progress
        self.hashes: dict[int, str] = {}
        self.times: dict[int, float] = {}
        self.size, self.last, self.head, self.latest = 0, 0, GENESIS, 0.0

    def links(self, rows: Iterable[Row]) -> Iterator[tuple[int, str, str, str]]:
        for row in rows:
            prev, stored = _text(row[9]), _text(row[10])
            self.passed(row[0], stored, row[1], row[3], row[8])
            yield row[0], prev, stored, _computed(row)
        self._progress(self.size, self.size)

    def passed(
        self, seq: int, stored: str, at: object, action: str | bytes, payload: str | bytes
    ) -> None:
        """An entry was read: remember what is asked for later."""
        self.size += 1
        self.last, self.head = seq, stored
        if isinstance(at, float):
            self.latest = at
        if seq in self._wanted:
            self.hashes[seq], self.times[seq] = stored, self.latest
        if action in (KEY_ROTATED, _ROTATED):
            self._trust.learn(seq, payload)
        if self.size % _STEP == 0:
            self._progress(self.size, self._total)

    def keep(self, seq: int) -> None:
        """A checkpoint of the entry just passed was found on the way."""
        self.hashes[seq], self.times[seq] = self.head, self.latest
        self._wanted.add(seq + ENTRIES)

    def chain(self) -> Chain:
        return Chain(self.last, self.hashes, self.times, self.latest)


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
