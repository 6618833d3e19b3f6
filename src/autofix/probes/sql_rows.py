"""Rows of a database as facts: plain, bounded, with names that expressions can use. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from autofix.core.readings import Fact, Value
from autofix.probes.common import TAKEN, table
from autofix.probes.words import one_line

FACTS: Mapping[str, Fact] = table(
    Fact("rows", "integer", "how many rows the query gave; its columns are facts beside it"),
)
MOST_COLUMNS, MOST_TEXT = 200, 10_000
_EXACT = 2**53 - 1  # beyond this JSON readers disagree


def column_names(columns: Iterable[str]) -> list[str]:
    """A fact's name for each column, each once: `Seconds Behind` → `Seconds_Behind`."""
    found: list[str] = []
    for column in columns:
        name = re.sub(r"[^A-Za-z0-9_]+", "_", str(column)).strip("_")[:60]
        if not name or name[0].isdigit() or name in FACTS or name in TAKEN:
            name = f"column_{name}".rstrip("_")
        free, number = name, 2
        while free in found:
            free, number = f"{name}_{number}", number + 1
        found.append(free)
    return found


def facts_of(names: Sequence[str], row: Sequence[Any]) -> dict[str, Value]:
    """The columns of one row; what is null, or no value that can be kept, is left out."""
    pairs = ((name, value_of(value)) for name, value in zip(names, row, strict=False))
    return {name: value for name, value in list(pairs)[:MOST_COLUMNS] if value is not None}


def value_of(value: Any) -> Value:
    """A database's value as JSON has it. Times are text in ISO 8601, durations seconds."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return (
            value if abs(value) <= _EXACT else float(value) if value.bit_length() < 1000 else None
        )
    if isinstance(value, float | Decimal):
        return _number(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, bytes | bytearray | memoryview):
        # MySQL gives text of some columns so; what is no text is of no use in a condition.
        try:
            value = bytes(value).decode("utf-8")
        except UnicodeDecodeError:
            return None
    if isinstance(value, list | tuple):
        return [value_of(one) for one in value[:MOST_COLUMNS]]
    return str(value)[:MOST_TEXT].encode("utf-8", "replace").decode("utf-8")


def _number(value: float | Decimal) -> float | int | None:
    found = float(value)
    if not math.isfinite(found):
        return None
    whole = isinstance(value, Decimal) and value == value.to_integral_value()
    return int(value) if whole and abs(found) <= _EXACT else found


def not_apart(count: int, by: Sequence[str]) -> str:
    """Words for rows that should have been one."""
    if not by:
        return (
            f"{count} rows: make the query give one, or name the columns that tell them apart: by"
        )
    return f"{count} rows are alike in {one_line(', '.join(by), 100)}: by has to tell them apart"
