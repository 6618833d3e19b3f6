"""Canonical JSON (RFC 8785): the bytes that are stored and hashed, and their way back."""

from __future__ import annotations

import json
import math
from typing import Any

import rfc8785

from autofix.core.plain import SAFE, plain
from autofix.errors import StoreError


def canonical(value: Any) -> bytes:
    """The one canonical form of a value (see core/plain.py); StoreError if it has none."""
    try:
        return rfc8785.dumps(plain(value))
    except (ValueError, RecursionError) as error:
        raise StoreError(f"a value can't be stored: {error}") from None


def json_text(value: Any) -> str:
    """Canonical JSON as stored in a text column."""
    return canonical(value).decode()


def read_json(stored: str) -> Any:
    """What `json_text` wrote. Its long integers were doubles, and become doubles again."""
    return json.loads(stored, parse_int=_integer)


def _integer(digits: str) -> int | float:
    number = int(digits)
    return number if -SAFE <= number <= SAFE else float(digits)


def finite(number: float) -> float:
    """A time or a ratio for a column of its own; StoreError for NaN and infinity."""
    if not math.isfinite(number):
        raise StoreError(f"{number} can't be stored: it is not a time or a number")
    return number
