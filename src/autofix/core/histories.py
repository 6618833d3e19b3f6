"""How a runbook did lately: how often it fired, healed, called a person, and how long it took."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

#: How far back a history reaches, in seconds.
SPAN = 30 * 86400.0


@dataclass(frozen=True)
class Counted:
    """A part of what a store counted. `took`: whole seconds from opening to healed, one for each
    that healed, with commas between; in no order."""

    runbook: str
    fired: int
    healed: int
    paged: int
    took: str = ""


@dataclass(frozen=True)
class History:
    """Of the incidents that opened since `since`, rehearsals left out: how many there were, how
    many healed, for how many a person was called; and in seconds how long healing usually took
    (the median; None: nothing healed)."""

    runbook: str
    since: float
    fired: int = 0
    healed: int = 0
    paged: int = 0
    usual: float | None = None


def history(runbook: str, since: float, parts: Iterable[Counted]) -> History:
    """Of one runbook; parts of others are left aside."""
    mine = [each for each in parts if each.runbook == runbook]
    took = [int(each) for part in mine for each in part.took.split(",") if each]
    return History(
        runbook,
        since,
        sum(each.fired for each in mine),
        sum(each.healed for each in mine),
        sum(each.paged for each in mine),
        float(median(took)) if took else None,
    )


def histories(names: Iterable[str], since: float, parts: Iterable[Counted]) -> list[History]:
    """One for each of these names, also for those that never fired."""
    by_name: dict[str, list[Counted]] = {}
    for each in parts:
        by_name.setdefault(each.runbook, []).append(each)
    return [history(name, since, by_name.get(name, ())) for name in names]
