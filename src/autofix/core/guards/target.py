"""Guards about the target: what was tried there, and what goes on there now."""

from __future__ import annotations

from autofix.core.breakers import BreakerState
from autofix.core.durations import human
from autofix.core.guards.situation import Brake, Situation
from autofix.core.incidents import Incident, Origin
from autofix.core.runbooks import Runbook


def breaker(_: Runbook, incident: Incident, situation: Situation) -> Brake | None:
    now = situation.breaker
    if incident.fix_started_at is not None or incident.check or now.state is not BreakerState.OPEN:
        return None
    left = f"; in {human(now.until - situation.now)} one more is let through" if now.until else ""
    return Brake("breaker", f"breaker open on {incident.target}: {now.why}{left}", final=True)


def cooldown(runbook: Runbook, incident: Incident, situation: Situation) -> Brake | None:
    if incident.fix_started_at is not None or situation.last_ended is None or incident.check:
        return None
    over = situation.last_ended + runbook.guards.cooldown
    if situation.now >= over or "cooldown" in incident.accepted:
        return None
    left, ago = human(over - situation.now), human(situation.now - situation.last_ended)
    return Brake(
        "cooldown",
        f"cooldown for another {left}: the last incident here ended {ago} ago",
        until=over,
        page=incident.origin is not Origin.PERSON,  # back so soon is flapping: told once
    )


def owed(_: Runbook, incident: Incident, situation: Situation) -> Brake | None:
    if not situation.owed:
        return None
    return Brake("owed", f"on {incident.target}, {situation.owed} must finish first")


def host_locked(_: Runbook, incident: Incident, situation: Situation) -> Brake | None:
    if not situation.locked_by:
        return None
    return Brake("host_lock", f"{incident.host} is being worked on by {situation.locked_by}")


def abort_if(_: Runbook, __: Incident, situation: Situation) -> Brake | None:
    if not situation.abort:
        return None
    return Brake("abort_if", f"not started, abort_if holds: {situation.abort}", final=True)


def blind(runbook: Runbook, incident: Incident, situation: Situation) -> Brake | None:
    # A target that can't be looked at is not repaired.
    if not situation.blind:
        return None
    return Brake(
        "blind",
        f"could not look at {incident.target}: {situation.blind}",
        final=incident.check or _too_long(runbook, incident, situation),
    )


def _too_long(runbook: Runbook, incident: Incident, situation: Situation) -> bool:
    since = incident.held_since if incident.held_since is not None else situation.now
    return situation.now - since >= runbook.guards.hold_limit


def depends_on(_: Runbook, __: Incident, situation: Situation) -> Brake | None:
    if not situation.waits_for:
        return None
    return Brake("depends_on", f"waits for {'; '.join(situation.waits_for)}")


def unless(runbook: Runbook, incident: Incident, situation: Situation) -> Brake | None:
    condition = runbook.guards.unless
    if condition is None:
        return None
    holds = condition.holds(situation.names)
    if holds is False:
        return None
    said = condition.explain(situation.names)
    if holds:
        return Brake("unless", f"not while {said}")
    # Could not look is not all is well: as with a target that can't be looked at.
    why = f"could not tell whether {said}"
    return Brake("unless", why, final=incident.check or _too_long(runbook, incident, situation))
