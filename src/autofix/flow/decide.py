"""A due incident gets its decision: act, hold, wait for approval, or a person."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from autofix import crashpoints
from autofix.core.decisions import (
    Act,
    AwaitApproval,
    Decision,
    Escalate,
    Hold,
    approval_key,
    asked_key,
    decide,
    held_by,
    unquieted,
)
from autofix.core.guards.fleet import HOUR
from autofix.core.incidents import WORKING, Incident, Origin, State
from autofix.core.marks import Mark
from autofix.core.runbooks import Runbook
from autofix.flow import escalate, planning
from autofix.flow.context import Context
from autofix.flow.looking import fresh, look_for, scope
from autofix.flow.record import of_incident
from autofix.flow.situation import situation
from autofix.ports import Transaction

#: A look taken so long ago (seconds) says enough about what only a sender of alerts has told.
RECENT = 30.0


def decide_due(ctx: Context, incident_id: int) -> None:
    """Decide about one incident whose time has come; what follows is committed or nothing is."""
    looked: dict[str, Any] | None = None
    while True:
        with ctx.store.transaction() as tx:
            incident = tx.incident(incident_id)
            if incident is None or not _decidable(incident, ctx.clock.now()):
                return
            runbook = ctx.book.runbooks.get(incident.runbook)
            if runbook is None:
                orphaned(ctx, tx, incident)
                return
            incident = unquieted(incident, ctx.clock.now())
            incident = replace(incident, facts=looked if looked is not None else incident.facts)
            seen = looked is not None or _just_looked(incident, ctx.clock.now())
            if _decide(ctx, tx, runbook, incident, seen):
                crashpoints.reach("decision.deciding")
                return
        # A guard let it pass, but what is known is old: look once more before acting.
        reading = look_for(ctx, runbook, incident)
        looked = fresh(runbook, incident, reading)


def _decidable(incident: Incident, now: float) -> bool:
    # Due, still: whoever asked may have read before the last decision was committed.
    due = incident.due_at is not None and incident.due_at <= now
    return due and incident.live and incident.state not in WORKING


def _decide(
    ctx: Context, tx: Transaction, runbook: Runbook, incident: Incident, looked: bool
) -> bool:
    """False: nothing was written, since what is known is too old to act on."""
    now = ctx.clock.now()
    names = scope(ctx, incident.host, incident.facts, incident.inputs)
    known = situation(ctx, tx, runbook, incident, now)
    gone = _gone(runbook, names) if looked else False
    if looked and gone is None:
        known = replace(known, blind=str(incident.facts.get("error") or ""))
    decision = decide(runbook, incident, known, names)
    if _needs_a_look(decision) and not looked and _stale(runbook, incident):
        return False
    if isinstance(decision, Act) and gone and _by_itself(incident):
        _recovered(tx, runbook, incident, names, now)
        return True
    apply(ctx, tx, runbook, incident, decision, now)
    return True


def _gone(runbook: Runbook, names: dict[str, Any]) -> bool | None:
    """Is the symptom gone, by the look just taken? None: not known."""
    return runbook.verify.until.holds(names) if runbook.verify else False


def _by_itself(incident: Incident) -> bool:
    """It waited, and nobody asked for a run all the same."""
    return not incident.asked_for and incident.state in (State.OPEN, State.HELD)


def _recovered(
    tx: Transaction, runbook: Runbook, incident: Incident, names: dict[str, Any], now: float
) -> None:
    assert runbook.verify is not None
    moved = incident.with_(
        state=State.RECOVERED,
        reason=f"went away while it waited: {runbook.verify.until.explain(names)}",
        due_at=None,
        updated_at=now,
        ended_at=now,
    )
    tx.save_incident(moved, of_incident(moved, "recovered", now))


def _needs_a_look(decision: Decision) -> bool:
    """Does it hang on facts? A hold does so by `unless` only."""
    return isinstance(decision, Act | Escalate) or (
        isinstance(decision, Hold) and decision.guard == "unless"
    )


def _stale(runbook: Runbook, incident: Incident) -> bool:
    if runbook.verify is None:
        return False
    # What an alert says nobody saw: only a look of ours, just now, is to be acted on.
    told = incident.origin is Origin.ALERT
    return told or incident.state is not State.OPEN or not incident.facts


def _just_looked(incident: Incident, now: float) -> bool:
    """It was opened by an alert a moment ago, with what our own look saw then."""
    fresh_one = incident.state is State.OPEN and bool(incident.facts)
    return fresh_one and incident.origin is Origin.ALERT and now - incident.opened_at <= RECENT


def apply(
    ctx: Context,
    tx: Transaction,
    runbook: Runbook,
    incident: Incident,
    decision: Decision,
    now: float,
) -> None:
    """Write the decision down, with the run or the page that follows from it."""
    if isinstance(decision, Act):
        planning.plan(ctx, tx, runbook, incident, decision, now)
    elif isinstance(decision, Hold):
        _hold(ctx, tx, runbook, incident, decision, now)
    elif isinstance(decision, AwaitApproval):
        _await(ctx, tx, runbook, incident, decision, now)
    else:
        escalate.escalate(ctx, tx, runbook, incident, decision.reason, now, guard=decision.guard)


def _hold(
    ctx: Context, tx: Transaction, runbook: Runbook, incident: Incident, hold: Hold, now: float
) -> None:
    since = incident.held_since if incident.held_since is not None else now
    changed = incident.state is not State.HELD or held_by(incident) != hold.guard
    held = incident.with_(
        state=State.HELD,
        reason=f"{hold.guard}: {hold.reason}" if changed else incident.reason,
        held_since=since,
        due_at=hold.until,
        updated_at=now,
    )
    mark = f"{hold.guard} {approval_key(held, held.step)}"
    if hold.page and mark not in held.paged_for and not _told(tx, runbook, held, hold, now):
        held = replace(held, paged_for=held.paged_for | {mark})
        held = escalate.page(ctx, tx, runbook, held, f"held by {hold.guard}: {hold.reason}", now)
        changed = True
    event = of_incident(held, "held", now, guard=hold.guard) if changed else None
    tx.save_incident(held, event)


def _told(tx: Transaction, runbook: Runbook, held: Incident, hold: Hold, now: float) -> bool:
    """Is it told already? Flapping once a cooldown, not once per incident that comes and goes;
    and too many runs once an hour, not once per incident that waits."""
    if held.held_since is not None and now - held.held_since >= runbook.guards.hold_limit:
        return False
    if hold.guard == "runs_per_hour":
        return _marked(tx, "runs_per_hour told", now)
    return hold.guard == "cooldown" and _flapping_told(tx, held)


def _marked(tx: Transaction, name: str, now: float) -> bool:
    """Was this mark set within the last hour? It is set now, otherwise."""
    mark = tx.mark(name)
    if mark is not None and now - mark.at < HOUR:
        return True
    tx.set_mark(Mark(name, now))
    return False


def _flapping_told(tx: Transaction, held: Incident) -> bool:
    ended = tx.last_ended(held.runbook, held.host, held.subject)
    since = ended.ended_at if ended and ended.ended_at else 0.0
    return any(
        each.id != held.id
        and each.subject == held.subject
        and each.opened_at >= since
        and any(mark.startswith("cooldown") for mark in each.paged_for)
        for each in tx.incidents(runbook=held.runbook, host=held.host)
    )


def _await(
    ctx: Context,
    tx: Transaction,
    runbook: Runbook,
    incident: Incident,
    decision: AwaitApproval,
    now: float,
) -> None:
    asked = asked_key(runbook, incident, decision.step)
    same = asked in incident.paged_for and incident.step == decision.step
    if incident.state is State.AWAITING_APPROVAL and same:
        until = incident.updated_at + runbook.guards.approval_within
        tx.save_incident(replace(incident, due_at=until), None)
        return
    key = approval_key(incident, decision.step)
    waiting = incident.with_(
        state=State.AWAITING_APPROVAL,
        step=decision.step,
        reason=decision.reason,
        due_at=decision.until,
        updated_at=now,
        approved={each: by for each, by in incident.approved.items() if each != key},
        paged_for=incident.paged_for | {asked},
    )
    called = escalate.page(ctx, tx, runbook, waiting, decision.reason, now)
    tx.save_incident(called, of_incident(called, "awaiting_approval", now))


def orphaned(ctx: Context, tx: Transaction, incident: Incident) -> None:
    now = ctx.clock.now()
    reason = f"the runbook {incident.runbook} is not there any more"
    escalate.escalate(ctx, tx, None, incident, reason, now)
