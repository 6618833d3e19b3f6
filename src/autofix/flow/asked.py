"""What a person's wish begins with: the incident is there, in a state in which it can be done."""

from __future__ import annotations

from autofix.core.incidents import ENDED, Incident, State
from autofix.errors import HeldError, NotFound
from autofix.ports import Transaction


def find(tx: Transaction, incident_id: int) -> Incident:
    incident = tx.incident(incident_id)
    if incident is None:
        raise NotFound(f"there is no incident {incident_id}", hint="see `autofix incidents list`")
    return incident


def expect(incident: Incident, states: tuple[State, ...], verb: str) -> None:
    if incident.state not in states:
        raise HeldError(
            f"incident {incident.id} is {incident.state} and can't be {verb} any more"
            if incident.state in ENDED
            else f"incident {incident.id} is {incident.state}; only one that is "
            f"{' or '.join(states)} can be {verb}",
            hint=f"see `autofix incidents show {incident.id}`",
        )
