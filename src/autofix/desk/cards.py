"""A runbook as a card: what it waits for and does, in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autofix.core.again import remedies
from autofix.core.durations import human
from autofix.core.inert import MASK, names_a_secret
from autofix.core.plain import plain
from autofix.core.runbooks import (
    AlertTrigger,
    ProbeTrigger,
    Runbook,
    ScheduleTrigger,
    Step,
    Trigger,
)
from autofix.core.stories import RunbookCard
from autofix.desk import in_words
from autofix.flow.context import Book
from autofix.ports import Inventory


def card(runbook: Runbook, book: Book) -> RunbookCard:
    return RunbookCard(
        runbook.name,
        runbook.title,
        runbook.severity,
        runbook.enabled,
        runbook.about,
        tuple(_trigger(each) for each in runbook.triggers),
        tuple(_steps(runbook)),
        _inputs(runbook),
        _hosts(runbook, book.inventory),
        runbook.file,
        bool(runbook.guards.batches),
        remedies(runbook),
        in_words.guards(runbook.guards),
        in_words.called(book.policy(runbook)),
        _asks(runbook),
        _has_subject(runbook),
        runbook.guards.approvers,
    )


def _asks(runbook: Runbook) -> bool:
    """May a person have to approve something?"""
    asked = (runbook.guards.approval, *(step.approval for step in runbook.fix))
    return any(each != "never" for each in asked)


def _has_subject(runbook: Runbook) -> bool:
    """Is there something that tells two failures on one host apart?"""
    named = [each.subject for each in runbook.triggers if not isinstance(each, ScheduleTrigger)]
    return any(named) or bool(runbook.verify and runbook.verify.subject)


def _trigger(trigger: Trigger) -> str:
    if isinstance(trigger, ProbeTrigger):
        lasting = f" for {human(trigger.for_)}" if trigger.for_ else ""
        often = f"by {trigger.cron!r}" if trigger.cron else f"every {human(trigger.every)}"
        where = f"probe {trigger.probe} on {trigger.hosts}"
        return f"{where}, {often}: {trigger.when.text}{lasting}"
    if isinstance(trigger, AlertTrigger):
        labels = ", ".join(f"{name}={value}" for name, value in trigger.match.items())
        narrowed = f" with {labels}" if labels else ""
        when = f" when {trigger.when.text}" if trigger.when else ""
        return f"the alert {trigger.alert}{narrowed}{when}"
    return f"the schedule {trigger.cron!r} on {trigger.hosts}"


def _steps(runbook: Runbook) -> list[str]:
    found = [_step(each) for each in runbook.fix]
    if runbook.verify is None:
        return [*found, "without verification"]
    return [*found, in_words.proof(runbook.verify)]


def _step(step: Step) -> str:
    when = f" when {step.when.text}" if step.when else ""
    rollback = f", rolled back by {step.rollback}" if step.rollback else ""
    after = f", afterwards {step.afterwards}" if step.afterwards else ""
    approval = step.approval if isinstance(step.approval, str) else step.approval.text
    asks = "" if approval == "never" else f", approval {approval}"
    return f"{step.playbook}{when}{rollback}{after}{asks}"


def _inputs(runbook: Runbook) -> Mapping[str, Mapping[str, Any]]:
    """Each declared input: its type and limits; what a secret is by default stays with us."""
    found = {}
    for name, one in runbook.inputs.items():
        values = {key: value for key, value in plain(one).items() if key != "name"}
        if names_a_secret(name) and values["default"] is not None:
            values["default"] = MASK
        found[name] = values
    return found


def _hosts(runbook: Runbook, inventory: Inventory) -> tuple[str, ...]:
    """The hosts of its triggers, each once; alerts bring their own."""
    named = [
        each.hosts for each in runbook.triggers if isinstance(each, ProbeTrigger | ScheduleTrigger)
    ]
    return tuple(dict.fromkeys(host for each in named for host in inventory.hosts(each)))
