"""Does a trigger fire? A probe's readings over time, with `for` and `clear_when`.

`Watch` is what a trigger remembers of one target between looks; `advance` is pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from autofix.core.durations import human
from autofix.core.readings import Reading
from autofix.core.runbooks import ProbeTrigger


class Verdict(StrEnum):
    QUIET = "quiet"  # the condition does not hold
    PENDING = "pending"  # it holds, but not yet for long enough
    FIRES = "fires"  # now
    FIRING = "firing"  # still
    CLEARS = "clears"  # now
    UNKNOWN = "unknown"  # a fact is absent: never fires, never clears
    UNSEEN = "unseen"  # could not look
    BLIND = "blind"  # could not look often enough in a row to matter, now


@dataclass(frozen=True)
class Watch:
    """What a trigger remembers of one target."""

    runbook: str
    trigger: int
    host: str
    subject: str = ""
    at: float = 0.0  # the last look
    since: float | None = None  # since when the condition holds
    firing: bool = False
    misses: int = 0  # failed looks in a row
    verdict: str = Verdict.QUIET
    why: str = ""  # in words, for `why`
    facts: Mapping[str, Any] = field(default_factory=dict)


def advance(
    trigger: ProbeTrigger, watch: Watch, reading: Reading, scope: Mapping[str, Any]
) -> tuple[Watch, Verdict]:
    """What this reading makes of the watch. `scope` is the reading's facts with host and inputs."""
    seen = replace(watch, at=reading.at, facts=dict(reading.facts))
    holds = trigger.when.holds(scope)
    if reading.error and holds is None:
        return _unseen(trigger, seen, reading)
    seen = replace(seen, misses=0)
    if holds is None:
        return _said(seen, Verdict.UNKNOWN, f"unknown: {trigger.when.explain(scope)}")
    if watch.firing:
        return _while_firing(trigger, seen, holds, scope)
    if not holds:
        return _said(replace(seen, since=None), Verdict.QUIET, trigger.when.explain(scope))
    return _while_holding(trigger, seen, reading.at, scope)


def _unseen(trigger: ProbeTrigger, watch: Watch, reading: Reading) -> tuple[Watch, Verdict]:
    # A failed look neither fires nor clears, and it breaks a `for` that was running.
    misses = watch.misses + 1
    watch = replace(watch, misses=misses, since=watch.since if watch.firing else None)
    why = f"could not look ({misses} in a row): {reading.error}"
    verdict = Verdict.BLIND if misses == trigger.blind.after else Verdict.UNSEEN
    return _said(watch, verdict, why)


def _while_firing(
    trigger: ProbeTrigger, watch: Watch, holds: bool, scope: Mapping[str, Any]
) -> tuple[Watch, Verdict]:
    clear = trigger.clear_when
    gone = clear.holds(scope) is True if clear else not holds
    words = (clear if clear and not holds else trigger.when).explain(scope)
    if gone:
        return _said(replace(watch, firing=False, since=None), Verdict.CLEARS, words)
    return _said(watch, Verdict.FIRING, words)


def _while_holding(
    trigger: ProbeTrigger, watch: Watch, at: float, scope: Mapping[str, Any]
) -> tuple[Watch, Verdict]:
    since = watch.since if watch.since is not None else at
    words = trigger.when.explain(scope)
    if at - since < trigger.for_:
        why = f"{words}, for {human(at - since)} of {human(trigger.for_)}"
        return _said(replace(watch, since=since), Verdict.PENDING, why)
    return _said(replace(watch, since=since, firing=True), Verdict.FIRES, words)


def _said(watch: Watch, verdict: Verdict, why: str) -> tuple[Watch, Verdict]:
    return replace(watch, verdict=verdict, why=why), verdict
