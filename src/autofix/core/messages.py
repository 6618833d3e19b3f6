"""What a page says: what failed, what was tried, the numbers, the guide, how to acknowledge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from autofix.core.deadlines import deadlines_of
from autofix.core.durations import human
from autofix.core.incidents import Incident
from autofix.core.inert import inert
from autofix.core.runbooks import Runbook
from autofix.core.runs import Run, RunKind

GUIDE_LINES = 12
#: Stands in the stored text. At each sending it gives way to a link with a fresh code, or goes.
ACK_LINE = "acknowledge: by a one-time link, which is put in here when this is sent"


@dataclass(frozen=True)
class Message:
    """A page's words, before it has a policy and a place in the outbox."""

    title: str
    text: str
    dedup_key: str
    data: Mapping[str, Any] = field(default_factory=dict)


def compose(
    incident: Incident,
    runbook: Runbook,
    runs: Sequence[Run],
    why: str,
    now: float,
    call: int = 1,
) -> Message:
    """The page about an incident. `runs` oldest first; `why` says why a person is called.

    `call` counts the calls about it: from the second on, nobody answered the ones before.
    """
    again = f" (call {call})" if call > 1 else ""
    title = f"[{incident.severity}] {runbook.title} on {incident.target}: {_short(why)}{again}"
    parts = [
        _head(incident, runbook, why, now, call),
        _numbers(incident, runbook),
        _tried(runs),
        _guide(runbook),
        _how_on(incident),
    ]
    data = {
        "incident": incident.id,
        "runbook": incident.runbook,
        "host": incident.host,
        "subject": incident.subject,
        "state": str(incident.state),
        "reason": why,
    }
    key = f"autofix:{incident.id}:{incident.runbook}:{incident.target}"
    return Message(inert(title, 250), "\n\n".join(part for part in parts if part), key[:255], data)


def compose_over(incident: Incident, dedup_key: str, by: str = "") -> Message:
    """What closes the page with this key; or, with `by`, says who took it."""
    word = "acknowledged" if by else "over"
    title = f"[{incident.severity}] {word}: {incident.runbook} on {incident.target}"
    text = (
        f"incident {incident.id} is {incident.state}: {inert(incident.reason, 500)}\n"
        f"look: autofix incidents show {incident.id}"
    )
    data = {
        "incident": incident.id,
        "runbook": incident.runbook,
        "host": incident.host,
        "subject": incident.subject,
        "state": str(incident.state),
        "by": by,
    }
    return Message(inert(title, 250), text, dedup_key, data)


def compose_blind(runbook: Runbook, host: str, misses: int, why: str) -> Message:
    """The page when a trigger's probe could not look: nothing is known, so nothing was done."""
    title = f"[{runbook.severity}] autofix can't see {host} for {runbook.title}"
    text = (
        f"The probe failed {misses} times in a row: {inert(why, 300)}\n"
        "Nothing was done: a target that can't be looked at is not repaired.\n\n"
        f"Look: autofix why {runbook.name} --host {host}"
    )
    key = f"autofix:blind:{runbook.name}:{host}"
    return Message(inert(title, 250), text, key[:255], {"runbook": runbook.name, "host": host})


def _short(why: str) -> str:
    """The reason's first clause when the whole is too long for a headline."""
    return why if len(why) <= 90 else why.partition(": ")[0]


def _head(incident: Incident, runbook: Runbook, why: str, now: float, call: int) -> str:
    lines = [
        runbook.title,
        f"host: {incident.target}   incident: {incident.id}   runbook: {runbook.name}",
        f"open for {human(now - incident.opened_at)}, seen by {incident.origin}",
        f"why you are called: {inert(why, 500)}",
    ]
    if due := [each.words(now) for each in deadlines_of(incident, now) if each.open]:
        lines.append(f"deadlines: {', '.join(due)}")
    if call > 1:
        answered = incident.answered_at is not None
        silent = "it is not solved yet" if answered else "nobody has acknowledged it yet"
        lines.append(f"this is call {call}: {silent}")
    if incident.live:
        lines.append(ACK_LINE)
    return "\n".join(lines)


def _numbers(incident: Incident, runbook: Runbook) -> str:
    names = sorted(runbook.verify.until.names) if runbook.verify else []
    lines = [
        f"  {name}: {_show(incident.facts_before.get(name))} before, "
        f"{_show(incident.facts.get(name))} now"
        for name in names
        if "." not in name
    ]
    return "\n".join(["what was measured:", *lines]) if lines else ""


def _show(value: Any) -> str:
    if value is None:
        return "unknown"
    return f"{value:.4g}" if isinstance(value, float) else inert(str(value), 120)


def _tried(runs: Sequence[Run]) -> str:
    if not runs:
        return "what was tried: nothing was run"
    return "\n".join(["what was tried:", *(_one_run(run) for run in runs)])


def _one_run(run: Run) -> str:
    label = "" if run.kind is RunKind.FIX else f" ({run.kind})"
    ended = str(run.outcome or run.state)
    why = f": {inert(run.reason, 200)}" if run.reason else ""
    return f"  step {run.step + 1}{label} {run.playbook} → {ended}{why}   [run {run.id}]"


def _guide(runbook: Runbook) -> str:
    lines = runbook.about.strip().splitlines()
    if not lines:
        return ""
    more = ["  …"] if len(lines) > GUIDE_LINES else []
    return "\n".join(["the guide:", *(f"  {line}" for line in lines[:GUIDE_LINES]), *more])


def _how_on(incident: Incident) -> str:
    verb = "approve" if incident.state == "awaiting_approval" else "ack"
    return (
        f"next: autofix incidents {verb} {incident.id}\nlook: autofix incidents show {incident.id}"
    )
