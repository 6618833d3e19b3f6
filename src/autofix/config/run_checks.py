"""Cross-checks of what stops and paces a runbook's runs: abort_if, batches, its own schedule."""

from __future__ import annotations

from collections.abc import Iterator

from autofix.config.document import Document
from autofix.config.outside import Outside
from autofix.core.durations import human
from autofix.core.runbooks import ProbeTrigger, Runbook, ScheduleTrigger
from autofix.errors import ConfigError, Problem


def run_checks(runbook: Runbook, document: Document, outside: Outside) -> Iterator[Problem]:
    """Everything wrong or odd with how this runbook's runs are stopped and paced."""
    yield from _abort_if(runbook, document)
    yield from _batches(runbook, document, outside)
    for at, trigger in enumerate(runbook.triggers):
        if isinstance(trigger, ScheduleTrigger) and not outside.check_cron(trigger.cron):
            yield from _pace(runbook, document, at, outside, trigger.cron)


def _abort_if(runbook: Runbook, document: Document) -> Iterator[Problem]:
    condition, keys = runbook.guards.abort_if, ("guards", "abort_if")
    if condition is None:
        return
    if runbook.verify is None:
        yield document.problem(
            keys,
            "abort_if with verify: none: nothing is looked at while the fix runs",
            "write probe and until under verify, or leave abort_if out",
        )
    elif all("." in name for name in condition.names):
        yield document.problem(
            keys,
            "abort_if names no fact: what it says can't change while the fix runs",
            "name a fact of the verification's probe",
        )


def _batches(runbook: Runbook, document: Document, outside: Outside) -> Iterator[Problem]:
    percents = [size for size in runbook.guards.batches if isinstance(size, float) and size < 100]
    named = [t.hosts for t in runbook.triggers if isinstance(t, ProbeTrigger | ScheduleTrigger)]
    if percents and named and outside.inventory is not None:
        try:
            empty = not any(outside.inventory.hosts(each) for each in named)
        except ConfigError:
            return  # said at the trigger
        if empty:
            message = f"batches: {percents[0]:g}% of no hosts: its triggers name none"
            hint = "write numbers, or give a trigger hosts"
            yield document.problem(("guards", "batches"), message, hint)


def _pace(
    runbook: Runbook, document: Document, at: int, outside: Outside, cron: str
) -> Iterator[Problem]:
    """The guards count a schedule's own runs, too."""
    guards, keys = runbook.guards, ("triggers", at, "schedule")
    distance = outside.cron_distance(cron, 1)
    if 0 < distance < guards.cooldown:
        yield document.problem(
            keys,
            f"it is due again after {human(distance)}, and the cooldown is "
            f"{human(guards.cooldown)}: such runs would be held",
            f"set guards: {{cooldown: …}} to less than {human(distance)}",
            level="warning",
        )
    most, per = guards.attempts.max, guards.attempts.per
    if 0 < outside.cron_distance(cron, most) <= per:
        yield document.problem(
            keys,
            f"it is due more than {most} times in {human(per)}, and attempts allow {most}: the "
            "breaker would open",
            "set guards: {attempts: {max: …, per: …}} to what the schedule needs",
            level="warning",
        )
