"""What a program printed, turned into facts: Nagios performance data or JSON.

Pure, and never raises, whatever was printed.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from autofix.core.readings import Fact, Value
from autofix.probes.common import TAKEN, table
from autofix.probes.words import one_line

FACTS: Mapping[str, Fact] = table(
    Fact("exit_code", "integer", "what the program ended with; 128 + N: killed by signal N"),
    Fact("ok", "boolean", "it ended with 0"),
    Fact("status", "string", "Nagios plugins: OK, WARNING, CRITICAL or UNKNOWN"),
    Fact("output", "string", "the first line of what it printed, shortened"),
    Fact("value", "object", "JSON that is no object: the whole of it"),
)
STATUSES = ("OK", "WARNING", "CRITICAL", "UNKNOWN")
MAX_NAMES = 500  # facts of one look
MAX_TEXT = 10_000  # characters of one text in JSON
MAX_DEPTH = 32
_MAX_INTEGER = 2**53 - 1  # beyond this JSON readers disagree

_TO_BASE = {
    "": 1.0,
    "%": 1.0,
    "c": 1.0,
    "s": 1.0,
    "ms": 1e-3,
    "us": 1e-6,
    "ns": 1e-9,
    "b": 1.0,
    "kb": 1024.0,
    "mb": 1024.0**2,
    "gb": 1024.0**3,
    "tb": 1024.0**4,
    "pb": 1024.0**5,
}
# 'a label'=12.5ms;warn;crit;min;max - a quote inside a quoted label is written twice.
_PERF = re.compile(r"\s*(?:'((?:[^']|'')*)'|([^\s'=]+))=(\S*)")
_VALUE = re.compile(r"([-+]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][-+]?\d{1,3})?)([^\d;]*)")


def exit_facts(code: int, stdout: str, stderr: str) -> dict[str, Value]:
    """What every program tells. What it printed as an error stands in for missing output."""
    first = next((line for line in (*_lines(stdout), *_lines(stderr))), "")
    text = one_line(first.partition("|")[0] or first)
    return {"reachable": True, "error": None, "exit_code": code, "ok": code == 0, "output": text}


def nagios_facts(code: int, stdout: str) -> dict[str, Value]:
    """`status` by the exit code, and each performance value as a fact named by its label."""
    facts: dict[str, Value] = {"status": STATUSES[code] if 0 <= code <= 3 else "UNKNOWN"}
    return {**facts, **_named(perfdata(stdout), "perf")}


def json_facts(stdout: str) -> dict[str, Value] | None:
    """The keys of an object as facts, or `value`; None when it is no JSON."""
    try:
        found = json.loads(stdout, parse_constant=_refuse, parse_float=_float, parse_int=_integer)
        plain = _plain(found, MAX_DEPTH)
    except (ValueError, RecursionError):
        return None
    if not isinstance(plain, dict):
        return {"value": plain}
    return _named(plain.items(), "json")


def perfdata(stdout: str) -> Iterator[tuple[str, Value]]:
    """(label, value) in base units: seconds, bytes; percent and counters as they are.

    Performance data follow the first `|` of the first line, and those after a later `|` go on
    over all lines to the end. An undetermined value (`U`) is left out.
    """
    for label, raw in _pairs(stdout):
        found = _VALUE.fullmatch(raw.partition(";")[0])
        factor = _TO_BASE.get(found[2].lower()) if found else None
        if found is None or factor is None:
            continue
        number = float(found[1].replace(",", ".")) * factor
        if math.isfinite(number):
            exact = number.is_integer() and abs(number) <= _MAX_INTEGER
            yield label, int(number) if exact else number


def _pairs(stdout: str) -> Iterator[tuple[str, str]]:
    lines = stdout.strip().splitlines()
    first, later = lines[:1], "\n".join(lines[1:])
    for text in (*(line.partition("|")[2] for line in first), later.partition("|")[2]):
        for found in _PERF.finditer(text):
            label = found[2] if found[1] is None else found[1].replace("''", "'")
            yield label, found[3]


def fact_name(label: str, kind: str, used: Iterable[str] = ()) -> str:
    """An identifier for a label: `/var/log` → `var_log`; `perf_` or `json_` in front where it
    would collide with a fact of every command or a word of the expressions."""
    name = re.sub(r"[^A-Za-z0-9_]+", "_", label.strip()).strip("_")
    if not name and label.strip() == "/":
        name = "root"
    if not name or name[0].isdigit() or name in FACTS or name in TAKEN:
        name = f"{kind}_{name}".rstrip("_")
    name, used = name[:60], set(used)
    number = 2
    free = name
    while free in used:
        free, number = f"{name}_{number}", number + 1
    return free


def _named(pairs: Iterable[tuple[str, Value]], kind: str) -> dict[str, Value]:
    facts: dict[str, Value] = {}
    for label, value in pairs:
        if len(facts) >= MAX_NAMES:
            break
        facts[fact_name(label, kind, facts)] = value
    return facts


def _plain(value: Any, depth: int) -> Value:
    """The same value, bounded, and with text that every store takes."""
    if depth <= 0:
        raise ValueError("nested too deeply")
    if isinstance(value, str):
        return value[:MAX_TEXT].encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, list):
        return [_plain(item, depth - 1) for item in value]
    if isinstance(value, dict):
        return {_plain(key, depth): _plain(item, depth - 1) for key, item in value.items()}
    return value


def _integer(digits: str) -> int | float:
    number = int(digits) if len(digits) < 20 else _float(digits)
    return number if abs(number) <= _MAX_INTEGER else float(number)


def _float(digits: str) -> float:
    number = float(digits)
    return number if math.isfinite(number) else _refuse(digits)


def _refuse(word: str) -> float:
    raise ValueError(f"{word} is no JSON number")


def _lines(text: str) -> Iterator[str]:
    return (line for line in text[:100_000].splitlines() if line.strip())
