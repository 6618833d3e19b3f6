"""A checkpoint of the sealed record: how long the chain was, where it ended, signed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Checkpoint:
    """One row. `signature` (hex, Ed25519) is over the canonical JSON of the fields before it."""

    size: int
    head: str  # hex SHA-256 of the entry numbered `size`
    at: float
    key: str  # which key signed: the beginning of its public half's SHA-256 (hex)
    signature: str = ""


@dataclass(frozen=True)
class Archive:
    """Entries that aged out: exported, sealed and compressed before they were removed."""

    first: int
    last: int
    head: str  # the hash of entry `last`: what is left begins after it
    file: str  # name within the archive folder
    sha256: str
    at: float
