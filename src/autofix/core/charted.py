"""What is charted of a target: numbers over time, their limits, and what was done."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from autofix.core.incidents import Incident, State
from autofix.core.runbooks import ProbeTrigger, Runbook
from autofix.core.runs import Run
from autofix.core.series import AROUND, VERIFY, Sample, points, thinned
from autofix.core.thresholds import Threshold, thresholds

#: So many points of a chart tell as much as ten thousand.
POINTS = 600


@dataclass(frozen=True)
class Limit:
    """A fact is compared with a number. `meaning`: beyond it the trigger `fires`, the trigger
    `clears`, or the verification says `healed`."""

    sign: str  # > >= < <=
    value: float
    meaning: str


@dataclass(frozen=True)
class Series:
    """One fact over time; a truth value is 0 or 1. Where nothing was seen stands None."""

    fact: str
    unit: str
    truth: bool
    points: tuple[tuple[float, float | None], ...]
    limits: tuple[Limit, ...] = ()


@dataclass(frozen=True)
class Milestone:
    """Something that happened to an incident: `opened`, `run`, `verification`, `ended`. A run that
    still goes on has no `until`."""

    kind: str
    at: float
    until: float | None = None
    run: int | None = None
    step: int = 0
    run_kind: str = ""
    outcome: str = ""


@dataclass(frozen=True)
class Readings:
    """What was seen of a target from `since` to `until`, the fact that matters most first."""

    since: float
    until: float
    series: tuple[Series, ...] = ()
    milestones: tuple[Milestone, ...] = ()


def window(incident: Incident, now: float) -> tuple[float, float]:
    """From an hour before it opened to an hour after it ended."""
    return incident.opened_at - AROUND, now if incident.live else (_end(incident) + AROUND)


def _end(incident: Incident) -> float:
    return incident.updated_at if incident.ended_at is None else incident.ended_at


def milestones(
    incident: Incident, runs: Iterable[Run], samples: Sequence[Sample] = ()
) -> tuple[Milestone, ...]:
    """In the order of time. Verifications are told by their looks."""
    found = [Milestone("opened", incident.opened_at)]
    started = [each for each in runs if each.started_at is not None]
    found += [
        Milestone(
            "run", each.started_at or 0.0, each.finished_at, each.id, each.step, str(each.kind),
            str(each.outcome or ""),
        )
        for each in started
    ]  # fmt: skip
    fixes = [each.at for each in found if each.run_kind == "fix"]
    found += _verifications(incident, fixes, samples)
    if not incident.live:
        found.append(Milestone("ended", _end(incident), outcome=str(incident.state)))
    return tuple(sorted(found, key=lambda each: each.at))


def _verifications(
    incident: Incident, starts: Sequence[float], samples: Sequence[Sample]
) -> list[Milestone]:
    """From the first to the last look between two fixes; the last may still go on."""
    looks = [each.at for each in samples if each.look == VERIFY and each.at >= incident.opened_at]
    if not looks and incident.looks is not None:
        looks = [incident.looks.started_at]
    after: dict[int, list[float]] = {}
    for at in looks:
        after.setdefault(sum(each < at for each in starts), []).append(at)
    found = [Milestone("verification", each[0], each[-1]) for each in after.values()]
    if found and incident.state is State.VERIFYING:
        found[-1] = Milestone("verification", found[-1].at)
    return found


def limits(
    runbook: Runbook, index: int | None, inputs: dict[str, object]
) -> dict[str, list[Limit]]:
    """By fact, those of the trigger first; of equal ones the first."""
    found: dict[str, list[Limit]] = {}
    for meaning, text in _conditions(runbook, index):
        for each in thresholds(text, inputs):
            _add(found.setdefault(each.fact, []), each, meaning)
    return found


def _add(known: list[Limit], each: Threshold, meaning: str) -> None:
    if all(limit.value != each.value for limit in known):
        known.append(Limit(each.sign, each.value, meaning))


def _conditions(runbook: Runbook, index: int | None) -> list[tuple[str, str]]:
    which = range(len(runbook.triggers)) if index is None else [index]
    triggers = [runbook.triggers[each] for each in which if 0 <= each < len(runbook.triggers)]
    found: list[tuple[str, str]] = []
    for trigger in triggers:
        if isinstance(trigger, ProbeTrigger):
            found.append(("fires", trigger.when.text))
            found += [("clears", trigger.clear_when.text)] if trigger.clear_when else []
    return found + ([("healed", runbook.verify.until.text)] if runbook.verify else [])


def series_of(
    samples: Sequence[Sample],
    found: dict[str, list[Limit]],
    units: dict[str, str],
    most: int = POINTS,
) -> tuple[Series, ...]:
    """A series of each fact that was seen; those that are compared with something first."""
    seen = sorted({name for each in samples for name in each.facts})
    order = [
        *(name for name in found if name in seen),
        *(name for name in seen if name not in found),
    ]
    return tuple(
        Series(
            name,
            units.get(name, ""),
            all(isinstance(each.facts.get(name, True), bool) for each in samples),
            tuple(thinned(points(samples, name), most)),
            tuple(found.get(name, ())),
        )
        for name in order
    )
