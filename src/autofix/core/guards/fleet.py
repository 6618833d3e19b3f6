"""Guards about many hosts: how much is done at the same time, and how much within an hour."""

from __future__ import annotations

from autofix.core.batches import Go, Stop, turn
from autofix.core.guards.situation import Brake, Situation
from autofix.core.incidents import Incident
from autofix.core.runbooks import Runbook
from autofix.core.shares import share

HOUR = 3600.0
#: So many hosts are named in a reason; the others are counted.
NAMED = 5


def batches(runbook: Runbook, incident: Incident, situation: Situation) -> Brake | None:
    sizes, wave = runbook.guards.batches, situation.wave
    if not sizes or incident.check or incident.fix_started_at is not None:
        return None
    group = situation.armed or len({each.host for each in wave} | {incident.host})
    said = turn(sizes, group, incident.id, incident.host, wave)
    if isinstance(said, Go):
        return None
    return Brake("batches", said.reason, final=isinstance(said, Stop))


def at_once(runbook: Runbook, incident: Incident, situation: Situation) -> Brake | None:
    others = situation.working_hosts - {incident.host}
    percent = runbook.guards.at_once_percent
    limit = runbook.guards.at_once if percent is None else share(percent, situation.armed)
    if len(others) < limit:
        return None
    said = f"{limit}" if percent is None else f"{percent:g}% of {situation.armed} hosts"
    return Brake("at_once", f"{runbook.name} already works on {_named(others)} (at_once: {said})")


def hosts_at_once(_: Runbook, incident: Incident, situation: Situation) -> Brake | None:
    others = situation.busy_hosts - {incident.host}
    limit = situation.limits.hosts_at_once
    if len(others) < limit:
        return None
    why = f"autofix already works on {_named(others)} (limits: hosts_at_once {limit})"
    return Brake("hosts_at_once", why)


def percent_of_group(_: Runbook, incident: Incident, situation: Situation) -> Brake | None:
    percent = situation.limits.percent_of_group
    for group in situation.busy_groups:
        others = group.busy - {incident.host}
        if len(others) >= share(percent, group.size):
            why = (
                f"autofix already works on {_named(others)} of the {group.size} hosts of "
                f"{group.name} (limits: percent_of_group {percent:g}%)"
            )
            return Brake("percent_of_group", why)
    return None


def runs_per_hour(_: Runbook, incident: Incident, situation: Situation) -> Brake | None:
    limit, started = situation.limits.runs_per_hour, situation.started
    if incident.check or "runs_per_hour" in incident.accepted or len(started) < limit:
        return None
    why = f"{len(started)} runs within the last hour (limits: runs_per_hour {limit})"
    # So many at once is not what failures look like: something is running away.
    until = started[len(started) - limit] + HOUR
    return Brake("runs_per_hour", why, until=until, page=not incident.by_person)


def _named(hosts: frozenset[str]) -> str:
    names = sorted(hosts)
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
