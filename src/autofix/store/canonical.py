"""Canonical JSON (RFC 8785): the bytes that are stored and hashed, and their way back."""

from __future__ import annotations

import json
import math
import re
from dataclasses import is_dataclass
from typing import Any

import rfc8785

from autofix.core.alerts import Verdict
from autofix.core.plain import SAFE, plain
from autofix.errors import StoreError

#: Python's JSON is RFC 8785's, and made several times faster, but for three things: numbers with
#: an exponent or a fraction of zero, and the order of keys beyond the sixteen-bit characters.
#: A number stands at the beginning or behind one of `:,[`; what looks so in a text costs time only.
_ALIKE = json.JSONEncoder(
    sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":")
)
_UNLIKE = re.compile(
    r"(?:^|[:,\[])-?[0-9]+(?:\.0(?![0-9])|(?:\.[0-9]+)?e[+-])|[\ud800-\uffff\U00010000-\U0010ffff]"
)


def canonical(value: Any) -> bytes:
    """The one canonical form of a value (see core/plain.py); StoreError if it has none."""
    try:
        exact = plain(value)
        alike = _ALIKE.encode(exact)
        return rfc8785.dumps(exact) if _UNLIKE.search(alike) else alike.encode()
    except (ValueError, RecursionError) as error:
        raise StoreError(f"a value can't be stored: {error}") from None


def json_text(value: Any) -> str:
    """Canonical JSON as stored in a text column."""
    if not value and type(value) in _EMPTY:
        return _EMPTY[type(value)]
    if type(value) is dict and all(type(k) is type(v) is str for k, v in value.items()):
        # Labels and headers, thousands a second.
        alike = _ALIKE.encode(value)
        if not _odd(alike):
            return alike
    if type(value) is tuple and (rows := _flat_rows(value)) is not None:
        alike = _ALIKE.encode(rows)
        if not _odd(alike) and not _LONG.search(alike):
            return alike
    return canonical(value).decode()


def _odd(alike: str) -> bool:
    if alike.isascii():
        return "\\u0000" in alike
    return _ODD.search(alike) is not None


def _flat_rows(values: tuple[Any, ...]) -> list[dict[str, Any]] | None:
    """Dataclasses of texts and whole numbers as they are: verdicts, thousands a second."""
    rows = []
    for each in values:
        row: dict[str, Any] = getattr(each, "__dict__", {})
        if not is_dataclass(each) or not _FLAT.issuperset(map(type, row.values())):
            return None
        rows.append(row)
    return rows


_FLAT = frozenset({str, int, bool, type(None), Verdict})
#: Numbers that no double holds, or texts that look so.
_LONG = re.compile(r":-?[0-9]{16}")
_EMPTY: dict[type, str] = {dict: "{}", list: "[]", tuple: "[]"}
#: What is stored otherwise than it stands there: NUL, and what may not be in the order of UTF-16.
_ODD = re.compile(r"\\u0000|[\ud800-\uffff\U00010000-\U0010ffff]")


def read_json(stored: str) -> Any:
    """What `json_text` wrote. Its long integers were doubles, and become doubles again."""
    return _READER.decode(stored)


def _integer(digits: str) -> int | float:
    number = int(digits)
    return number if -SAFE <= number <= SAFE else float(digits)


_READER = json.JSONDecoder(parse_int=_integer)


def finite(number: float) -> float:
    """A time or a ratio for a column of its own; StoreError for NaN and infinity."""
    if not math.isfinite(number):
        raise StoreError(f"{number} can't be stored: it is not a time or a number")
    return number
