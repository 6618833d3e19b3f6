"""How far people are with an incident: they know what it is, or users are served again.

Neither moves its state nor stops the calls: who has it says `ack`, who mended it `resolve`.
"""

from __future__ import annotations

from autofix.core.deadlines import next_moment
from autofix.core.incidents import LIVE, Incident
from autofix.flow.asked import expect, find
from autofix.flow.context import Context
from autofix.flow.record import of_incident
from autofix.ports import Transaction


def triage(ctx: Context, incident_id: int, by: str, note: str = "") -> Incident:
    """Somebody knows what it is. Twice is harmless: the first time counts."""
    with ctx.store.transaction() as tx:
        incident = _live(tx, incident_id, "triaged")
        if incident.triaged_at is not None:
            return incident
        now = ctx.clock.now()
        return _save(tx, incident.with_(triaged_at=now), "triaged", now, by, note)


def work_around(ctx: Context, incident_id: int, by: str, note: str = "") -> Incident:
    """Users are served again, though it is not solved. Twice is harmless."""
    with ctx.store.transaction() as tx:
        incident = _live(tx, incident_id, "worked around")
        if incident.worked_around_at is not None:
            return incident
        now = ctx.clock.now()
        return _save(tx, incident.with_(worked_around_at=now), "worked_around", now, by, note)


def _live(tx: Transaction, incident_id: int, verb: str) -> Incident:
    incident = find(tx, incident_id)
    expect(incident, tuple(sorted(LIVE)), verb)
    return incident


def _save(
    tx: Transaction, incident: Incident, verb: str, now: float, by: str, note: str
) -> Incident:
    moved = incident.with_(deadline_at=next_moment(incident, now), updated_at=now)
    return tx.save_incident(moved, of_incident(moved, verb, now, by, note=note))
