"""Cursors of lists: opaque texts that say where the next page begins, and of what list.

A cursor is 16 characters of URL-safe base64: eight bytes of the number and four of a digest over
the list and the number. One that was made up, or belongs to another list, is told apart.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re

from autofix.core.inert import inert

#: What a cursor looks like.
PATTERN = r"^[A-Za-z0-9_-]{16}$"
_SHAPE = re.compile(PATTERN)
_LARGEST = 2**63 - 1


def encode(kind: str, number: int) -> str:
    """The cursor of the list `kind` that stands at `number` (0 to 2^63-1)."""
    if not 0 <= number <= _LARGEST:
        raise ValueError(f"{number} is no place in a list")
    there = number.to_bytes(8, "big")
    return base64.urlsafe_b64encode(there + _digest(kind, there)).decode()


def decode(kind: str, cursor: str) -> int:
    """The number that `encode` was given. ValueError, in a line, for what is no cursor of it."""
    try:
        found = base64.urlsafe_b64decode(cursor) if _SHAPE.fullmatch(cursor) else b""
    except (ValueError, binascii.Error):
        found = b""
    there, digest = found[:8], found[8:]
    if len(found) != 12 or digest != _digest(kind, there):
        raise ValueError(f"{inert(cursor, 80)!r} is no cursor of this list")
    return int.from_bytes(there, "big")


def _digest(kind: str, there: bytes) -> bytes:
    return hashlib.sha256(f"autofix {kind} ".encode() + there).digest()[:4]
