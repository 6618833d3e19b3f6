"""Plain JSON values: what may be stored and hashed, so that what is read back is what was sealed.

Enums, tuples, sets, dataclasses and mappings become strings, lists and objects. Numbers follow
JSON's doubles: a whole float is written as an integer, an integer beyond 2^53 as its digits in a
string (exact, never rounded: it may be the number of a query to end). NaN and infinity are
refused. NUL and lone surrogates, which no database keeps, become visible escapes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Set
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any

#: The largest integer that a double holds exactly, and so does every JSON reader.
SAFE = 2**53 - 1
_UNKEPT = re.compile("[\x00\ud800-\udfff]")


def text(value: str) -> str:
    """The same text without what no database keeps: NUL as `\\x00`, a surrogate as `\\udc80`."""
    exact = str.__str__(value)
    if exact.isascii() and "\0" not in exact:  # nearly every text, and much faster to see
        return exact
    if not _UNKEPT.search(exact):
        return exact
    return _UNKEPT.sub(lambda found: found[0].encode("unicode_escape").decode(), exact)


def plain(value: Any) -> Any:
    """`value` as plain JSON; ValueError says what can't be. Applied twice it changes nothing."""
    try:
        return _plain(value)
    except RecursionError:
        raise ValueError("the value is nested too deeply to be stored") from None


def _plain(value: Any) -> Any:
    if type(value) is str:  # first what is there most
        return text(value)
    if isinstance(value, Enum):
        return _plain(value.value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return text(value)
    if isinstance(value, int | float):
        return _number(value)
    return _container(value)


def _container(value: Any) -> Any:
    if isinstance(value, Mapping):
        return _object(value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Set):
        return sorted((_plain(item) for item in value), key=lambda item: (str(type(item)), item))
    if is_dataclass(value) and not isinstance(value, type):
        return {name: _plain(getattr(value, name)) for name in _names(type(value))}
    raise ValueError(f"a {type(value).__name__} can't be stored; use text, numbers, lists, objects")


@cache
def _names(kind: type[Any]) -> tuple[str, ...]:
    return tuple(item.name for item in fields(kind))


def _number(value: int | float) -> int | float | str:
    if isinstance(value, int):
        exact = int(value)
        return exact if -SAFE <= exact <= SAFE else str(exact)
    if not math.isfinite(value):
        raise ValueError(f"{float(value)} is not a number that can be stored")
    exact_float = float(value)
    whole = exact_float.is_integer() and abs(exact_float) <= SAFE
    return int(exact_float) if whole else exact_float


def _object(value: Mapping[Any, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, item in value.items():
        name = _plain(key) if isinstance(key, Enum | str) else key
        if isinstance(name, int) and not isinstance(name, bool):
            name = str(name)
        if not isinstance(name, str):
            raise ValueError(f"{key!r} can't be a key of a stored object; use text")
        if name in result:
            raise ValueError(f"the key {name!r} stands twice in an object to be stored")
        result[name] = _plain(item)
    return result
