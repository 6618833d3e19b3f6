"""What a severity promises: how soon an incident is answered, triaged, worked around and solved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from autofix.core.calendars import ALWAYS, Calendar
from autofix.core.durations import human

SEVERITIES = ("P0", "P1", "P2", "P3")
#: A deadline is near when this share of its time has passed.
NEAR = 0.8


class Kind(StrEnum):
    """What a deadline is for, in the order in which they are to be met."""

    ANSWER = "answer"  # a person has it
    TRIAGE = "triage"  # somebody knows what it is
    WORKAROUND = "workaround"  # users are served again
    SOLUTION = "solution"  # it is over


@dataclass(frozen=True)
class WorkingDays:
    """So many working days of the calendar; 0 is the end of the day on which it opened."""

    count: int

    def __str__(self) -> str:
        if not self.count:
            return "same day"
        return f"{self.count} working day{'s' if self.count > 1 else ''}"


#: Seconds of working time, or working days.
Term = float | WorkingDays


@dataclass(frozen=True)
class Terms:
    """The time that one severity gives for each kind; None: there is no such deadline."""

    answer: Term | None = None
    triage: Term | None = None
    workaround: Term | None = None
    solution: Term | None = None
    calendar: str = ALWAYS.name
    near: float = NEAR

    def of(self, kind: Kind) -> Term | None:
        found: Term | None = getattr(self, kind)
        return found


@dataclass(frozen=True)
class Severities:
    """The terms of every severity, and those of incidents that are of a special class."""

    levels: Mapping[str, Terms] = field(default_factory=dict)
    classes: Mapping[str, Mapping[str, Terms]] = field(default_factory=dict)
    preset: str = "none"

    def terms(self, severity: str, special: str = "") -> Terms:
        """Those of the class where it has this severity, else the severity's own."""
        usual = self.levels.get(severity, Terms())
        return self.classes.get(special, {}).get(severity, usual)


def shown(term: Term | None) -> str:
    """`30m`, `1 working day`, `same day` or `none`."""
    if term is None:
        return "none"
    return str(term) if isinstance(term, WorkingDays) else human(term)


def due_at(opened_at: float, term: Term, calendar: Calendar) -> float | None:
    """The moment by which it is due; None when the calendar never comes that far."""
    if not isinstance(term, WorkingDays):
        return calendar.after(opened_at, term)
    if not term.count:
        return calendar.end_of_day(opened_at)
    return calendar.after(opened_at, term.count * calendar.working_day)


def deadlines(opened_at: float, terms: Terms, calendar: Calendar) -> dict[str, list[float]]:
    """For each kind that has a deadline: when it is near, and when it is due."""
    found = {}
    for kind in Kind:
        term = terms.of(kind)
        due = None if term is None else due_at(opened_at, term, calendar)
        if due is not None:
            spent = terms.near * calendar.between(opened_at, due)
            near = calendar.after(opened_at, spent)
            found[str(kind)] = [due if near is None else min(near, due), due]
    return found
