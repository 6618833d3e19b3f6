"""What a check found, and how findings are put in order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Grade(StrEnum):
    OK = "ok"
    WARN = "warn"  # works, and may not one night
    FAIL = "fail"  # does not work


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: `what` in words, `mend` says what to do about it."""

    check: str
    grade: Grade
    what: str
    mend: str = ""


def ok(check: str, what: str) -> Finding:
    return Finding(check, Grade.OK, what)


def warn(check: str, what: str, mend: str) -> Finding:
    return Finding(check, Grade.WARN, what, mend)


def fail(check: str, what: str, mend: str) -> Finding:
    return Finding(check, Grade.FAIL, what, mend)


_WORST_FIRST = (Grade.FAIL, Grade.WARN, Grade.OK)


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """Faults first; within a grade in the order of the checks."""
    return sorted(findings, key=lambda each: _WORST_FIRST.index(each.grade))


def count(findings: Iterable[Finding]) -> dict[str, int]:
    """How many there are of each grade."""
    found = [each.grade for each in findings]
    return {str(grade): found.count(grade) for grade in _WORST_FIRST}
