"""Judging checkpoints and archives: signed rightly, none missing, and of this very chain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from autofix.core.audit import GENESIS, Break
from autofix.core.checkpoints import ENTRIES, Archive, Checkpoint
from autofix.store.trust import Trust

#: Seconds that a checkpoint may come late before it counts as missing.
SLACK = 120.0


@dataclass(frozen=True)
class Ledger:
    """Checkpoints (by size) and archives (oldest first) as stored, and rows that are neither."""

    checkpoints: tuple[Checkpoint, ...] = ()
    archives: tuple[Archive, ...] = ()
    faults: tuple[Break, ...] = ()

    @property
    def base(self) -> tuple[int, str]:
        """(number, hash) of the entry before the first that is left."""
        last = max(self.archives, key=lambda each: each.last, default=None)
        return (last.last, last.head) if last else (0, GENESIS)


@dataclass(frozen=True)
class Copy:
    """What a place outside the chain has seen of it."""

    size: int
    head: str
    origin: str  # for people: `its checkpoint`, a file's name
    checkpoint: Checkpoint | None = None


@dataclass(frozen=True)
class Chain:
    """What a walk has found: the last entry's number, hashes and times at the places asked for."""

    last: int
    hashes: Mapping[int, str]
    times: Mapping[int, float]
    latest: float  # the time of the last entry


def wanted(ledger: Ledger, copies: Sequence[Copy]) -> set[int]:
    """The places whose hashes (and times) a walk must keep."""
    sizes = {each.size for each in ledger.checkpoints} | {each.size for each in copies}
    # After the last good checkpoint another one is due; which is the last is not known yet.
    return sizes | {size + ENTRIES for size in (*sizes, ledger.base[0])}


def archive_breaks(ledger: Ledger, trust: Trust) -> Iterator[Break]:
    """Archives follow each other from entry 1 on, and are signed."""
    after = 0
    for each in ledger.archives:
        if each.first != after + 1 or each.last < each.first:
            yield Break(after + 1, f"no archive begins with entry {after + 1}")
        if fault := trust.fault(each):
            yield Break(each.first, f"the archive of entries {each.first} to {each.last} {fault}")
        after = each.last


def checkpoint_breaks(ledger: Ledger, trust: Trust) -> Iterator[Break]:
    """Each checkpoint is signed, and follows the one before it without too large a gap."""
    before = ledger.base[0]
    for each in ledger.checkpoints:
        if fault := trust.fault(each):
            yield Break(each.size, f"the checkpoint of entry {each.size} {fault}")
        elif each.before != before:
            place = each.before if each.before > before else each.size
            yield Break(
                place,
                f"the checkpoint of entry {each.before} is missing: that of entry {each.size} "
                f"follows it, and the one found before is of entry {before}",
            )
        if each.before and each.size - each.before > ENTRIES:
            yield Break(
                each.before + ENTRIES,
                f"the checkpoint of entry {each.before + ENTRIES} is missing: nothing was sealed "
                f"from there to entry {each.size}",
            )
        before = each.size
    yield from trust.retired(ledger.checkpoints)


def sealed(ledger: Ledger, chain: Chain, trust: Trust) -> int:
    """Up to which entry the chain is sealed."""
    good = (
        each.size
        for each in reversed(ledger.checkpoints)
        if chain.hashes.get(each.size) == each.head and not trust.fault(each)
    )
    return next(good, ledger.base[0])


def unsealed_breaks(
    ledger: Ledger, chain: Chain, sealed: int, now: float | None
) -> Iterator[Break]:
    """Where a checkpoint had to be by now and is not."""
    if chain.last <= sealed:
        return
    if not ledger.checkpoints and not ledger.archives:
        yield Break(
            1,
            f"there is an audit key, but no checkpoint: entries 1 to {chain.last} were never "
            "sealed, or their checkpoints are gone",
        )
        return
    place = sealed + ENTRIES
    due_at = chain.times.get(place)
    if chain.last > place and due_at is not None and (now or chain.latest) - due_at > SLACK:
        yield Break(place, f"the checkpoint of entry {place} is missing")


def copies_of(ledger: Ledger, trust: Trust) -> list[Copy]:
    """The checkpoints as copies to compare the chain with; those that are forged say nothing."""
    return [
        Copy(each.size, each.head, "its checkpoint")
        for each in ledger.checkpoints
        if not trust.fault(each)
    ]


def missing_breaks(ledger: Ledger, copies: Sequence[Copy]) -> Iterator[Break]:
    """A checkpoint that somebody outside has seen must be in the store."""
    here, base = {each.size: each for each in ledger.checkpoints}, ledger.base[0]
    for copy in copies:
        seen = copy.checkpoint
        if seen is not None and seen.size > base and here.get(seen.size) != seen:
            yield Break(
                seen.size,
                f"the checkpoint of entry {seen.size} that {copy.origin} has seen is missing",
            )


def contradicted(copies: Sequence[Copy], chain: Chain, base: int) -> Iterator[Break]:
    """Where the chain is not the one that a copy has seen. Each origin says its first only."""
    agreed, said = base, set()
    for copy in sorted(copies, key=lambda each: (each.size, each.origin)):
        if copy.size < base:
            continue  # it is in an archive
        if chain.hashes.get(copy.size) == copy.head:
            agreed = max(agreed, copy.size)
        elif copy.origin not in said:
            said.add(copy.origin)
            yield _contradiction(copy, chain, agreed)


def _contradiction(copy: Copy, chain: Chain, agreed: int) -> Break:
    if copy.size > chain.last:
        first, size = chain.last + 1, copy.size
        what = f"entries {first} to {size} are missing: {copy.origin} has seen {size}"
        return Break(first, what)
    return Break(
        copy.size,
        f"entry {copy.size} is not the one that {copy.origin} has seen: "
        f"the chain was written anew somewhere after entry {agreed}",
    )
