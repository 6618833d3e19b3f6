"""Guards that people set: a pause."""

from __future__ import annotations

from autofix.core.guards.situation import Brake, Situation
from autofix.core.incidents import Incident
from autofix.core.pauses import covering
from autofix.core.runbooks import Runbook


def paused(runbook: Runbook, incident: Incident, situation: Situation) -> Brake | None:
    pause = covering(situation.pauses, runbook.name, incident.host)
    return Brake("pause", pause.words) if pause else None
