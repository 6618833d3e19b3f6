"""A one-time code that acknowledges an incident or a digest, as it is stored: its hash only."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

#: Seconds that a code is good for.
LASTS = 86400.0


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


def digest_of(code: str) -> str:
    """What is stored of a code. A whole link is as good as the code at its end."""
    bare = code.strip().rstrip("/").rpartition("/")[2]
    return hashlib.sha256(bare.encode("utf-8", "replace")).hexdigest()
