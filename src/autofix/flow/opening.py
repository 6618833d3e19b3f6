"""An incident opens: what it begins with, and what it promises."""

from __future__ import annotations

from autofix import crashpoints
from autofix.core.incidents import UNTOUCHED, Incident, State
from autofix.core.runbooks import Runbook
from autofix.core.signals import Signal
from autofix.flow import deadlines, escalate
from autofix.flow.context import Context
from autofix.flow.record import AUTOFIX, of_incident
from autofix.ports import Transaction


def open_incident(
    ctx: Context,
    tx: Transaction,
    runbook: Runbook,
    signal: Signal,
    now: float,
    *,
    was_ill: bool | None,
) -> Incident:
    """Open one for this signal; its event says when what is due."""
    fresh = deadlines.timed(ctx.book, draft(runbook, signal, now, was_ill), now)
    due = deadlines.promised(fresh)
    event = of_incident(fresh, "opened", now, signal.by or AUTOFIX, due=due)
    opened = tx.add_incident(fresh, event)
    crashpoints.reach("incident.opened")
    return opened


def in_the_way(
    ctx: Context, tx: Transaction, runbook: Runbook, host: str, subject: str, now: float
) -> Incident | None:
    """The live incident of this target. A rehearsal that waits hides no failure: it is over."""
    live = tx.live_incident(runbook.name, host, subject)
    if live is None or not live.check or live.state not in UNTOUCHED:
        return live
    escalate.escalate(ctx, tx, runbook, live, "the rehearsal gives way to what is real", now)
    return None


def draft(runbook: Runbook, signal: Signal, now: float, was_ill: bool | None = None) -> Incident:
    """The incident that this signal would open."""
    return Incident(
        0,
        runbook.name,
        signal.host,
        signal.subject,
        State.OPEN,
        signal.origin,
        runbook.severity,
        opened_at=now,
        updated_at=now,
        due_at=now,
        requested_by=signal.by,
        inputs=signal.inputs,
        facts_before=signal.facts,
        facts=signal.facts,
        trigger=signal.trigger,
        reason=signal.reason,
        accepted=signal.accepted,
        check=signal.check,
        was_ill=was_ill,
        labels=signal.labels,
    )
