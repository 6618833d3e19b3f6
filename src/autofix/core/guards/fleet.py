"""Guards about many hosts: how much is done at the same time."""

from __future__ import annotations

from autofix.core.guards.situation import Brake, Situation
from autofix.core.incidents import Incident
from autofix.core.runbooks import Runbook


def at_once(runbook: Runbook, incident: Incident, situation: Situation) -> Brake | None:
    others = situation.working_hosts - {incident.host}
    if len(others) < runbook.guards.at_once:
        return None
    busy = ", ".join(sorted(others))
    return Brake(
        "at_once", f"{runbook.name} already works on {busy} (at_once: {runbook.guards.at_once})"
    )
