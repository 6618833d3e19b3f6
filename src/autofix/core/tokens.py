"""What a token looks like: `af_<id>_<secret>`. Only the hash of the secret half is ever stored."""

from __future__ import annotations

import hashlib
import hmac
import re

#: 256 bits, as urlsafe base64 without padding.
SECRET_BYTES = 32
_SHAPE = re.compile(r"af_([1-9][0-9]{0,17})_([A-Za-z0-9_-]{43})")


def spoken(number: int, secret: str) -> str:
    """As its user shows it."""
    return f"af_{number}_{secret}"


def parts(text: str) -> tuple[int, str] | None:
    """Number and secret; None when it has not a token's shape."""
    found = _SHAPE.fullmatch(text)
    return (int(found[1]), found[2]) if found else None


def digest(secret: str) -> str:
    """Hex SHA-256. A secret of 256 random bits needs no slow hash."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def matches(secret: str, stored: str) -> bool:
    """In constant time."""
    return hmac.compare_digest(digest(secret).encode(), stored.encode("utf-8", "replace"))
