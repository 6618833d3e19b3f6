"""A one-time code that acknowledges an incident or a digest, as it is stored: its hash only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class AckCode:
    """`digest` is the SHA-256 (hex) of the code that a page carries; good once, until `until`.

    It is for one incident, or (`incident` is 0) for all that the digest `page` is about.
    """

    digest: str
    incident: int
    created_at: float
    until: float
    used_at: float | None = None
    page: int = 0
