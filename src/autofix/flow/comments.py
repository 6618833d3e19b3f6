"""A person says something about an incident; nothing but the record changes."""

from __future__ import annotations

from autofix.core.incidents import Incident
from autofix.flow.asked import find
from autofix.flow.context import Context
from autofix.flow.record import of_incident


def comment(ctx: Context, incident_id: int, by: str, text: str) -> Incident:
    """`incident.commented` with the text as its note; ended incidents take comments, too."""
    with ctx.store.transaction() as tx:
        incident = find(tx, incident_id)
        tx.record(of_incident(incident, "commented", ctx.clock.now(), by, note=text))
        return incident
