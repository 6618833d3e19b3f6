"""A step that waits for a person's yes: approve and reject."""

from __future__ import annotations

from autofix.core.decisions import approval_key
from autofix.core.incidents import Incident, State
from autofix.errors import HeldError
from autofix.flow import deadlines, escalate
from autofix.flow.asked import expect, find
from autofix.flow.context import Context
from autofix.flow.record import of_incident


def approve(ctx: Context, incident_id: int, by: str) -> Incident:
    """Yes to the step that waits. Nobody approves what they asked for themselves."""
    now = ctx.clock.now()
    with ctx.store.transaction() as tx:
        incident = find(tx, incident_id)
        expect(incident, (State.AWAITING_APPROVAL,), "approved")
        if incident.requested_by == by:
            tx.record(of_incident(incident, "approval_refused", now, by))
            refused = incident
        else:
            key = approval_key(incident, incident.step)
            approved = incident.with_(
                approved={**incident.approved, key: by},
                due_at=now,
                updated_at=now,
                reason=f"step {incident.step + 1} approved by {by}",
            )
            approved = deadlines.taken(approved, now)
            return tx.save_incident(approved, of_incident(approved, "approved", now, by))
    raise HeldError(
        f"{by} asked for incident {refused.id} and can't approve it",
        hint="somebody else must approve it",
    )


def reject(ctx: Context, incident_id: int, by: str, note: str = "") -> Incident:
    """No to the step that waits: a person takes it from here."""
    with ctx.store.transaction() as tx:
        incident = find(tx, incident_id)
        expect(incident, (State.AWAITING_APPROVAL,), "rejected")
        now = ctx.clock.now()
        tx.record(of_incident(incident, "rejected", now, by, note=note))
        why = f"{by} rejected step {incident.step + 1}" + (f": {note}" if note else "")
        runbook = ctx.book.runbooks.get(incident.runbook)
        return escalate.escalate(ctx, tx, runbook, incident, why, now)
