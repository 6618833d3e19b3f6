"""Guards: reasons not to act now. Each is one small function; the table gives their order."""

from __future__ import annotations

from collections.abc import Mapping

from autofix.core.guards import fleet, people, target
from autofix.core.guards.situation import Brake, Guard, Situation
from autofix.core.incidents import Incident
from autofix.core.runbooks import Runbook

__all__ = ["GUARDS", "Brake", "Guard", "Situation", "first_brake"]

#: In this order; the first that brakes is the reason given.
GUARDS: Mapping[str, Guard] = {
    "silence": people.silenced,  # first: nobody is paged for what another guard would hold
    "enabled": people.switched_off,
    "pause": people.paused,
    "freeze": people.frozen,
    "hours": people.out_of_hours,
    "breaker": target.breaker,
    "cooldown": target.cooldown,
    "depends_on": target.depends_on,
    "unless": target.unless,
    "owed": target.owed,
    "host_lock": target.host_locked,
    "batches": fleet.batches,
    "at_once": fleet.at_once,
    "hosts_at_once": fleet.hosts_at_once,
    "percent_of_group": fleet.percent_of_group,
    "runs_per_hour": fleet.runs_per_hour,
    "abort_if": target.abort_if,
    "blind": target.blind,
}


def first_brake(runbook: Runbook, incident: Incident, situation: Situation) -> Brake | None:
    """The first guard that says no, or None when all let it pass."""
    for guard in GUARDS.values():
        brake = guard(runbook, incident, situation)
        if brake is not None:
            return brake
    return None
