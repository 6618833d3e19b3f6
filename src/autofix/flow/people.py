"""What people do: acknowledge, resolve, close."""

from __future__ import annotations

from dataclasses import replace

from autofix.core.incidents import LIVE, Incident, State
from autofix.flow import deadlines, owing, paging
from autofix.flow.asked import expect, find
from autofix.flow.context import Context
from autofix.flow.record import of_incident
from autofix.ports import Transaction


def acknowledge(ctx: Context, incident_id: int, by: str) -> Incident:
    """Somebody has it. Twice is harmless. One that asks for approval goes on waiting for that."""
    with ctx.store.transaction() as tx:
        return take(ctx, tx, find(tx, incident_id), by)


def take(ctx: Context, tx: Transaction, incident: Incident, by: str, via: str = "") -> Incident:
    """The same within a transaction. The calls stop, and the engine says so where it is heard.

    One that autofix is still at work on stays as it is: a deadline may have called somebody.
    """
    asks = incident.state in (State.ESCALATED, State.AWAITING_APPROVAL)
    if incident.state is State.ACKNOWLEDGED or (
        incident.live and not asks and incident.acknowledged_at is not None
    ):
        return incident
    expect(incident, tuple(sorted(LIVE)), "acknowledged")
    now = ctx.clock.now()
    paging.quiet(tx, incident, by, now)
    taken = deadlines.taken(replace(incident, acknowledged_at=now), now)
    if incident.state is State.ESCALATED:
        reason = f"acknowledged by {by}"
        # A retry that was asked for stays due.
        taken = taken.with_(state=State.ACKNOWLEDGED, reason=reason, updated_at=now)
    taken = replace(taken, call_at=now)
    return tx.save_incident(taken, of_incident(taken, "acknowledged", now, by, via=via))


def resolve(ctx: Context, incident_id: int, by: str, note: str = "") -> Incident:
    """A person has mended it."""
    with ctx.store.transaction() as tx:
        incident = find(tx, incident_id)
        if incident.state is State.RESOLVED:
            return incident
        expect(incident, (State.ESCALATED, State.ACKNOWLEDGED), "resolved")
        if incident.looks:
            # The symptom may have been gone after a run that broke: it was a person who mended it,
            # and it counts as mended by a person when it is filed, too.
            incident = replace(incident, looks=replace(incident.looks, judged=""))
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
    if state is State.RESOLVED:
        paging.quiet(tx, incident, by, now)
    if over:
        owing.release(tx, incident, now)
    moved = incident.with_(
        state=state,
        reason=reason,
        due_at=None,
        updated_at=now,
        ended_at=now if over else incident.ended_at,
    )
    return tx.save_incident(moved, of_incident(moved, str(state), now, by))
