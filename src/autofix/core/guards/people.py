"""Guards that people set: a pause."""

from __future__ import annotations

from autofix.core.guards.situation import Brake, Situation
from autofix.core.incidents import Incident
from autofix.core.runbooks import Runbook


def paused(runbook: Runbook, incident: Incident, situation: Situation) -> Brake | None:
    if situation.halted:
        return Brake("pause", f"everything is paused: {situation.halted}")
    for pause in situation.pauses:
        if pause.covers(runbook.name, incident.host):
            why = f": {pause.reason}" if pause.reason else ""
            return Brake("pause", f"{pause.scope} paused by {pause.by}{why}")
    return None
