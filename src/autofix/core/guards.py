"""Guards: reasons not to act now. Each is one small function; the table gives their order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from autofix.core.durations import human
from autofix.core.incidents import Incident, Origin
from autofix.core.pauses import Pause
from autofix.core.runbooks import Runbook


@dataclass(frozen=True)
class Situation:
    """What is known at the moment of deciding about one incident."""

    now: float
    pauses: tuple[Pause, ...] = ()
    halted: str = ""  # the kill switch's reason, from its file: holds everything
    locked_by: str = ""  # the run that holds the host, in words
    blind: str = ""  # why the target could not be looked at just now
    owed: str = ""  # afterwards or a rollback still owed on this target, in words
    working_hosts: frozenset[str] = frozenset()  # where this runbook works now (other incidents)
    last_ended: float | None = None  # end of the latest incident of this target that ran something
    attempts: int = 0  # incidents of this target in the window that ran something
    first_attempt: float | None = None  # the oldest of them


@dataclass(frozen=True)
class Brake:
    """A guard that says no. `until`: when it may say yes; `final`: a person decides."""

    guard: str
    reason: str
    until: float | None = None
    page: bool = False
    final: bool = False


Guard = Callable[[Runbook, Incident, Situation], Brake | None]


def paused(runbook: Runbook, incident: Incident, situation: Situation) -> Brake | None:
    if situation.halted:
        return Brake("pause", f"everything is paused: {situation.halted}")
    for pause in situation.pauses:
        if pause.covers(runbook.name, incident.host):
            why = f": {pause.reason}" if pause.reason else ""
            return Brake("pause", f"{pause.scope} paused by {pause.by}{why}")
    return None


def host_locked(_: Runbook, incident: Incident, situation: Situation) -> Brake | None:
    if not situation.locked_by:
        return None
    return Brake("host_lock", f"{incident.host} is being worked on by {situation.locked_by}")


def owed(_: Runbook, incident: Incident, situation: Situation) -> Brake | None:
    if not situation.owed:
        return None
    return Brake("owed", f"on {incident.target}, {situation.owed} must finish first")


def blind(runbook: Runbook, incident: Incident, situation: Situation) -> Brake | None:
    # A target that can't be looked at is not repaired.
    if not situation.blind:
        return None
    since = incident.held_since if incident.held_since is not None else situation.now
    return Brake(
        "blind",
        f"could not look at {incident.target}: {situation.blind}",
        final=incident.check or situation.now - since >= runbook.guards.hold_limit,
    )


def breaker(runbook: Runbook, incident: Incident, situation: Situation) -> Brake | None:
    limit = runbook.guards.attempts
    if incident.fix_started_at is not None or incident.check or situation.attempts < limit.max:
        return None
    return Brake(
        "breaker",
        f"breaker open: {situation.attempts} attempts on {incident.target} within "
        f"{human(limit.per)} (at most {limit.max})",
        final=True,
    )


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


def at_once(runbook: Runbook, incident: Incident, situation: Situation) -> Brake | None:
    others = situation.working_hosts - {incident.host}
    if len(others) < runbook.guards.at_once:
        return None
    busy = ", ".join(sorted(others))
    return Brake(
        "at_once", f"{runbook.name} already works on {busy} (at_once: {runbook.guards.at_once})"
    )


#: In this order; the first that brakes is the reason given.
GUARDS: tuple[Guard, ...] = (paused, breaker, cooldown, owed, host_locked, at_once, blind)


def first_brake(runbook: Runbook, incident: Incident, situation: Situation) -> Brake | None:
    """The first guard that says no, or None when all let it pass."""
    for guard in GUARDS:
        brake = guard(runbook, incident, situation)
        if brake is not None:
            return brake
    return None
