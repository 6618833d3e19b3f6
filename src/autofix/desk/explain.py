"""Why a runbook did or did not act on a host: what was seen, what each guard says, what follows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autofix.core.alerts import Delivery
from autofix.core.decisions import (
    Act,
    AwaitApproval,
    Decision,
    decide,
    needs_approval,
    next_step,
)
from autofix.core.durations import human
from autofix.core.guards import GUARDS, Situation
from autofix.core.incidents import Incident, Origin, State
from autofix.core.inert import inert
from autofix.core.runbooks import AlertTrigger, ProbeTrigger, Runbook, ScheduleTrigger
from autofix.core.stories import Answer
from autofix.core.triggers import Watch
from autofix.desk.explain_alerts import alert_line, latest
from autofix.errors import NotFound
from autofix.flow.context import Context
from autofix.flow.looking import scope
from autofix.flow.observing import defaults
from autofix.flow.situation import situation
from autofix.options import suggest
from autofix.ports import Reads


def explain(ctx: Context, name: str, host: str, served: bool) -> Answer:
    """Every trigger, guard and step, in words, from the store and the files in force."""
    runbook = ctx.book.runbooks.get(name)
    if runbook is None:
        hint = suggest(name, sorted(ctx.book.runbooks)) or "see `autofix check`"
        raise NotFound(f"there is no runbook {inert(name)!r}", hint=hint)
    now = ctx.clock.now()
    with ctx.store.reading() as reads:
        lines = [] if served else ["no server runs: nothing is being watched"]
        lines += [] if runbook.enabled else ["enabled: false — only people run it"]
        lines += _triggers(ctx, reads, runbook, host, now)
        incidents = _incidents(ctx, reads, runbook, host, now)
        lines += [line for each in incidents for line in each[0]]
        verdict = _verdict(reads, runbook, host, incidents)
    return Answer(name, host, tuple(lines), verdict)


def _triggers(ctx: Context, reads: Reads, runbook: Runbook, host: str, now: float) -> list[str]:
    if not runbook.triggers:
        return ["it has no trigger: only people run it"]
    lines: list[str] = []
    posts: list[Delivery] | None = None
    for index, trigger in enumerate(runbook.triggers):
        if isinstance(trigger, AlertTrigger):
            posts = latest(reads) if posts is None else posts
            lines.append(alert_line(reads, posts, runbook, index, trigger, host, now))
        elif host not in ctx.book.inventory.hosts(trigger.hosts):
            lines.append(f"trigger {index + 1}: not for this host (hosts: {trigger.hosts})")
        elif isinstance(trigger, ScheduleTrigger):
            lines.append(f"trigger {index + 1}: the schedule {trigger.cron!r}")
        else:
            lines += _probe_trigger(reads, runbook, index, trigger, host, now)
    return lines


def _probe_trigger(
    reads: Reads, runbook: Runbook, index: int, trigger: ProbeTrigger, host: str, now: float
) -> list[str]:
    label = f"trigger {index + 1} (probe {trigger.probe}: {trigger.when.text})"
    watches = [each for each in reads.watches(runbook.name, host) if each.trigger == index]
    if not watches:
        return [f"{label}: never looked at yet"]
    lines = []
    for each in watches:
        where = f" {each.subject}" if each.subject else ""
        lines.append(f"{label}{where}: {each.verdict}, {human(now - each.at)} ago: {each.why}")
    return lines


Explained = tuple[list[str], Incident | None, Decision | None]


def _incidents(
    ctx: Context, reads: Reads, runbook: Runbook, host: str, now: float
) -> list[Explained]:
    """Each open incident here; without one, what would happen if the trigger fired now."""
    live = [
        each for each in reads.incidents(runbook=runbook.name, host=host, limit=200) if each.live
    ]
    if live:
        return [_one(ctx, reads, runbook, each, now, real=True) for each in live]
    watches = reads.watches(runbook.name, host) or [Watch(runbook.name, 0, host)]
    newest = {each.subject: each for each in sorted(watches, key=lambda each: each.at)}
    drafts = [_draft(runbook, each, now) for each in newest.values()]
    return [_one(ctx, reads, runbook, each, now, real=False) for each in drafts]


def _draft(runbook: Runbook, watch: Watch, now: float) -> Incident:
    """The incident that would open if the trigger fired now."""
    return Incident(
        0,
        runbook.name,
        watch.host,
        watch.subject,
        State.OPEN,
        Origin.PROBE,
        runbook.severity,
        now,
        now,
        inputs=defaults(runbook),
        facts=watch.facts,
    )


def _one(
    ctx: Context, reads: Reads, runbook: Runbook, incident: Incident, now: float, *, real: bool
) -> Explained:
    seen = situation(ctx, reads, runbook, incident, now)
    lines = []
    if not real and incident.subject:
        lines.append(f"for {incident.subject}:")
    if real:
        lines.append(f"incident {incident.id} is {incident.state}: {incident.reason}")
    names = scope(ctx, incident.host, incident.facts, incident.inputs)
    lines += _guards(runbook, incident, seen, names)
    decision = decide(runbook, incident, seen, names)
    if isinstance(decision, Act):
        lines += list(decision.skipped)
    return lines, incident if real else None, decision


def _guards(
    runbook: Runbook, incident: Incident, seen: Situation, names: Mapping[str, Any]
) -> list[str]:
    """Each guard and what it says, not only the first that brakes; approval comes last."""
    lines = []
    for name, guard in GUARDS.items():
        brake = guard(runbook, incident, seen)
        passes = f"passes ({_stands(seen)})" if name == "breaker" else "passes"
        lines.append(f"guard {name}: {f'brakes: {brake.reason}' if brake else passes}")
    step = next_step(runbook, incident.step, names).index
    if step is not None:
        asks = needs_approval(runbook, incident, step, names)
        lines.append(f"approval: {asks or f'step {step + 1} needs none'}")
    return lines


def _stands(seen: Situation) -> str:
    return f"{seen.breaker.state.replace('_', '-')}: {seen.breaker.why}"


def _verdict(reads: Reads, runbook: Runbook, host: str, explained: list[Explained]) -> str:
    _, incident, decision = explained[0]
    if incident is not None:
        return f"incident {incident.id} is {incident.state}: {incident.reason}"
    last = reads.incidents(runbook=runbook.name, host=host, limit=1)
    before = f" (last: incident {last[0].id}, {last[0].state})" if last else ""
    if isinstance(decision, Act):
        return f"nothing is open{before}; if a trigger fired now it would act: {decision.reason}"
    if isinstance(decision, AwaitApproval):
        return f"nothing is open{before}; if a trigger fired now: {decision.reason}"
    reason = decision.reason if decision else ""
    return f"nothing is open{before}; if a trigger fired now it would not act: {reason}"
