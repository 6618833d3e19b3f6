"""The sealed record: audit events and the hash chain over them.

An event's canonical form (RFC 8785 JSON bytes) is made at the border; the chain itself is pure.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

VERSION = 1
GENESIS = "0" * 64


@dataclass(frozen=True)
class AuditEvent:
    """What happened, before it has a place in the chain.

    `action` is `noun.verb` in the glossary's words (`incident.opened`, `run.started`).
    """

    at: float
    actor: str
    action: str
    runbook: str = ""
    host: str = ""
    incident: int | None = None
    run: int | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)


def numbered(
    event: AuditEvent, *, incident: int | None = None, run: int | None = None
) -> AuditEvent:
    """The event with a 0 for its incident or run replaced by the number the store gave."""
    if event.incident == 0 and incident is not None:
        event = replace(event, incident=incident)
    return replace(event, run=run) if event.run == 0 and run is not None else event


@dataclass(frozen=True)
class AuditEntry:
    """An event in its place: sequence from 1, the hash before, its own hash (hex SHA-256)."""

    seq: int
    event: AuditEvent
    prev: str
    hash: str


Canonical = Callable[[Any], bytes]


def body(seq: int, event: AuditEvent, prev: str) -> dict[str, Any]:
    """The value that is hashed: everything that must not change, and nothing else."""
    return {
        "v": VERSION,
        "seq": seq,
        "prev": prev,
        "at": event.at,
        "actor": event.actor,
        "action": event.action,
        "runbook": event.runbook,
        "host": event.host,
        "incident": event.incident,
        "run": event.run,
        "payload": event.payload,
    }


def seal(seq: int, event: AuditEvent, prev: str, canonical: Canonical) -> AuditEntry:
    """Give an event its place after `prev`."""
    digest = hashlib.sha256(canonical(body(seq, event, prev))).hexdigest()
    return AuditEntry(seq, event, prev, digest)


@dataclass(frozen=True)
class Break:
    """Where the chain does not hold, and what is wrong there."""

    seq: int
    what: str


def breaks(entries: Iterable[AuditEntry], canonical: Canonical) -> Iterator[Break]:
    """Walk the chain from its beginning and name every place where it does not hold."""
    return walk(
        (
            entry.seq,
            entry.prev,
            entry.hash,
            seal(entry.seq, entry.event, entry.prev, canonical).hash,
        )
        for entry in entries
    )


def walk(
    links: Iterable[tuple[int, str, str, str]], seq: int = 0, prev: str = GENESIS
) -> Iterator[Break]:
    """`breaks` over (seq, prev, hash as stored, hash as computed again).

    `seq` and `prev` are the number and the hash of the entry before the first, if that is not the
    very first of all.
    """
    for found, before, stored, computed in links:
        seq += 1
        if found != seq:
            yield Break(seq, f"entry {seq} is missing or out of order (found {found})")
            seq = found
        if before != prev:
            yield Break(seq, f"entry {seq} does not follow the entry before it")
        if computed != stored:
            yield Break(seq, f"entry {seq} was changed after it was written")
        prev = stored
