"""A sender says that something is over: never trusted, never needed. The symptom is looked at."""

from __future__ import annotations

from dataclasses import replace

from autofix.core.incidents import UNTOUCHED, WITH_A_PERSON, Incident, State
from autofix.core.readings import Reading
from autofix.core.runbooks import Runbook
from autofix.core.signals import Signal, SignalState
from autofix.flow.context import Context
from autofix.flow.looking import fresh, look_for, scope
from autofix.flow.record import of_incident, of_signal
from autofix.ports import Transaction

NOTHING = "nothing of ours is open for this"


def cleared(ctx: Context, signal: Signal) -> Signal:
    """Handle a signal that says it is over: what was not begun recovers if the symptom is gone by
    our own look; a person who has it is told; what is being worked on is verified anyway."""
    with ctx.store.reading() as reads:
        seen = reads.live_incident(signal.runbook, signal.host, signal.subject)
    runbook = ctx.book.runbooks.get(signal.runbook)
    reading = None
    if seen is not None and runbook is not None and not _idle(seen, runbook):
        reading = look_for(ctx, runbook, seen)
    now = ctx.clock.now()
    with ctx.store.transaction() as tx:
        current = tx.signal(signal.id)
        if current is None or current.state is not SignalState.RECEIVED:
            return current or signal
        incident = tx.live_incident(signal.runbook, signal.host, signal.subject)
        did, why = False, NOTHING
        if incident is not None and seen is not None and incident.id == seen.id:
            did, why = _judge(ctx, tx, runbook, incident, reading, now)
        handled = replace(
            current,
            state=SignalState.MATCHED if did else SignalState.IGNORED,
            reason=why,
            incident=incident.id if incident else None,
        )
        tx.save_signal(handled, of_signal(handled, str(handled.state), now))
        return handled


def _idle(incident: Incident, runbook: Runbook) -> str:
    """Why nothing follows, whatever is seen; empty when a look says what does."""
    if runbook.verify is None:
        return "there is nothing to look at"
    if incident.asked_for:
        return "a person asked for this run"
    if incident.state in WITH_A_PERSON:
        return ""
    if incident.state in UNTOUCHED and incident.fix_started_at is None:
        return ""
    return "it is being worked on, and verified"


def _judge(
    ctx: Context,
    tx: Transaction,
    runbook: Runbook | None,
    incident: Incident,
    reading: Reading | None,
    now: float,
) -> tuple[bool, str]:
    """(did anything follow, in words what)."""
    if runbook is None:
        return False, "its runbook is not there any more"
    idle = _idle(incident, runbook)
    if idle or reading is None or runbook.verify is None:
        return False, f"incident {incident.id}: {idle or 'it moved on meanwhile'}"
    facts = fresh(runbook, incident, reading)
    names = scope(ctx, incident.host, facts, incident.inputs)
    until = runbook.verify.until
    holds, saw = until.holds(names), until.explain(names)
    if holds is None:
        return False, f"incident {incident.id} stays: it can't be told, {reading.error or saw}"
    if not holds:
        return False, f"incident {incident.id} stays: the symptom still stands, {saw}"
    if _watched(tx, incident):
        return False, f"incident {incident.id} stays: a trigger of its runbook still sees it"
    if incident.state in WITH_A_PERSON:
        noted = incident.with_(facts=facts, updated_at=now)
        tx.save_incident(noted, of_incident(noted, "symptom_gone", now, saw=saw))
        return True, f"the symptom is gone, and a person has incident {incident.id}: {saw}"
    over = incident.with_(
        state=State.RECOVERED,
        reason=f"its sender says that it is over, and the symptom is gone: {saw}",
        due_at=None,
        updated_at=now,
        ended_at=now,
        facts=facts,
    )
    tx.save_incident(over, of_incident(over, "recovered", now))
    return True, over.reason


def _watched(tx: Transaction, incident: Incident) -> bool:
    """A probe's trigger of the same runbook still fires here: it will say when that is over."""
    return any(
        each.firing and each.subject == incident.subject
        for each in tx.watches(incident.runbook, incident.host)
    )
