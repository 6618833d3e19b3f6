"""The sealed record: audit events and the hash chain over them.

An event's canonical form (RFC 8785 JSON bytes) is made at the border; the chain itself is pure.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
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
    prev, seq = GENESIS, 0
    for entry in entries:
        seq += 1
        if entry.seq != seq:
            yield Break(seq, f"entry {seq} is missing or out of order (found {entry.seq})")
            seq = entry.seq
        if entry.prev != prev:
            yield Break(entry.seq, f"entry {entry.seq} does not follow the entry before it")
        if seal(entry.seq, entry.event, entry.prev, canonical).hash != entry.hash:
            yield Break(entry.seq, f"entry {entry.seq} was changed after it was written")
        prev = entry.hash
