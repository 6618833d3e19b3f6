"""What people do: acknowledge, resolve, close."""

from __future__ import annotations

from autofix.core.incidents import Incident, State
from autofix.flow import deadlines, owing, paging
from autofix.flow.asked import expect, find
from autofix.flow.context import Context
from autofix.flow.record import of_incident
from autofix.ports import Transaction


def acknowledge(ctx: Context, incident_id: int, by: str) -> Incident:
    """Somebody has it. Twice is harmless."""
    with ctx.store.transaction() as tx:
        incident = find(tx, incident_id)
        if incident.state is State.ACKNOWLEDGED:
            return incident
        expect(incident, (State.ESCALATED,), "acknowledged")
        return _move(ctx, tx, incident, State.ACKNOWLEDGED, f"acknowledged by {by}", by)


def resolve(ctx: Context, incident_id: int, by: str, note: str = "") -> Incident:
    """A person has mended it."""
    with ctx.store.transaction() as tx:
        incident = find(tx, incident_id)
        if incident.state is State.RESOLVED:
            return incident
        expect(incident, (State.ESCALATED, State.ACKNOWLEDGED), "resolved")
        return _move(ctx, tx, incident, State.RESOLVED, note or f"resolved by {by}", by, over=True)


def close(ctx: Context, incident_id: int, by: str, note: str = "") -> Incident:
    """Accepted and filed: the last step of an incident's life."""
    with ctx.store.transaction() as tx:
        incident = find(tx, incident_id)
        if incident.state is State.CLOSED:
            return incident
        ended = (State.HEALED, State.DONE, State.RECOVERED, State.RESOLVED)
        expect(incident, ended, "closed")
        return _move(ctx, tx, incident, State.CLOSED, note or incident.reason, by)


def _move(
    ctx: Context,
    tx: Transaction,
    incident: Incident,
    state: State,
    reason: str,
    by: str,
    over: bool = False,
) -> Incident:
    now = ctx.clock.now()
    if state in (State.ACKNOWLEDGED, State.RESOLVED):
        paging.quiet(tx, incident, by, now)
    if over:
        owing.release(tx, incident, now)
    moved = incident.with_(
        state=state,
        reason=reason,
        # A retry that was asked for stays due when somebody acknowledges.
        due_at=incident.due_at if state is State.ACKNOWLEDGED else None,
        updated_at=now,
        ended_at=now if over else incident.ended_at,
    )
    if state is State.ACKNOWLEDGED:
        moved = deadlines.taken(moved, now)
    return tx.save_incident(moved, of_incident(moved, str(state), now, by))
