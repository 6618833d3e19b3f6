"""Patterns of inputs: regular expressions that no text can make slow.

Python's `re` backtracks, so a pattern such as `(a+)+` takes for ever on thirty characters. What may
be ambiguous in too many ways is refused when the runbook is read, not when an alert comes.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from functools import lru_cache

_QUANTIFIER = re.compile(r"\*|\+|\?|\{(\d*)(,?)(\d*)\}")
_OPENING = r"\(\?P<\w+>|\(\?>|\(\?[a-zA-Z-]*:|\(\?[a-zA-Z]+\)"
_TOKEN = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|" + _OPENING + "|.", re.DOTALL)
_MANY = 10**6
_FEW = 4  # repeats of a group with variable parts: an IPv4 address has three
#: Longest text for a pattern with this many unbounded repeats: steps grow with length ** repeats.
LONGEST = {0: 10_000, 1: 10_000, 2: 1000, 3: 200, 4: 60}


@dataclass
class _Group:
    variable: int = 0  # the most that a part of variable length repeats in it; 0: none varies
    choices: bool = False


def pattern_fault(pattern: str, max_length: int) -> str:
    """Why this pattern is not accepted for texts of `max_length`; empty when it is."""
    if len(pattern) > 500:
        return "a pattern has at most 500 characters"
    try:
        with warnings.catch_warnings():  # `[a||b]` may mean something else in a later Python
            warnings.simplefilter("error")
            re.compile(pattern)
    except (re.error, OverflowError, RecursionError, Warning) as error:
        return f"not a regular expression: {error}"
    if re.search(r"\\[1-9]|\(\?P=|\(\?\(|\(\?<?[=!]", pattern):
        return "back references and look-around are not allowed in a pattern"
    return _slowness(pattern, max_length)


def _slowness(pattern: str, max_length: int) -> str:
    groups, last, unbounded = [_Group()], _Group(), 0
    place = 0
    while place < len(pattern):
        quantifier = _QUANTIFIER.match(pattern, place)
        if quantifier and place:
            least, most = _times(quantifier)
            if most > 1 and (last.choices or last.variable) and not _few(last, most):
                return (
                    f"a group that varies is repeated at character {place + 1}, which can take for "
                    "ever; write a class such as [a-z.]+ instead"
                )
            if most != least:
                groups[-1].variable = max(groups[-1].variable, most, last.variable)
            unbounded += most > 30 and most != least
            place = quantifier.end()
            continue
        token = _TOKEN.match(pattern, place)
        assert token is not None, "the last branch of the token matches any character"
        last = _step(token.group(), groups)
        place = token.end()
    allowed = LONGEST.get(unbounded, 0)
    if max_length > allowed:
        cure = f"set max_length: {allowed} or less" if allowed else "bound them, such as {1,20}"
        return f"{unbounded} unbounded repeats are slow on {max_length} characters; {cure}"
    return ""


def _step(sign: str, groups: list[_Group]) -> _Group:
    """Follow one sign; what a quantifier behind it would repeat."""
    if sign.startswith("("):
        if not sign.endswith(")"):  # not a bare flag such as (?i)
            groups.append(_Group())
    elif sign == ")" and len(groups) > 1:
        closed = groups.pop()
        outer = groups[-1]
        outer.variable = max(outer.variable, closed.variable)
        outer.choices = outer.choices or closed.choices
        return closed
    elif sign == "|":
        groups[-1].choices = True
    return _Group()


def _few(group: _Group, most: int) -> bool:
    return group.variable <= _FEW and most <= _FEW


def _times(found: re.Match[str]) -> tuple[int, int]:
    sign = found.group()
    if sign in "*+?":
        return (1 if sign == "+" else 0), (1 if sign == "?" else _MANY)
    low, comma, high = found.groups()
    least = int(low or 0)
    return least, (int(high) if high else _MANY) if comma else least


@lru_cache(maxsize=1000)
def compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
