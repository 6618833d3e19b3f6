"""A one-time code that acknowledges one incident, as it stands in the store: its hash only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class AckCode:
    """`digest` is the SHA-256 (hex) of the code that a page carries; good once, until `until`."""

    digest: str
    incident: int
    created_at: float
    until: float
    used_at: float | None = None
