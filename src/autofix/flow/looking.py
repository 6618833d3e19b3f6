"""Looking at a target through a probe, and the names an expression sees."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from autofix.core.conditions import UNKNOWN, Condition
from autofix.core.incidents import Incident
from autofix.core.plain import plain
from autofix.core.readings import Reading, Target
from autofix.core.runbooks import ProbeTrigger, Runbook
from autofix.errors import AutofixError
from autofix.flow.bounded import Hangs
from autofix.flow.context import Context, log
from autofix.ports import FleetProbe

#: A probe that has not answered in so many times its timeout hangs.
PATIENCE = 3.0


def look(
    ctx: Context,
    probe: str,
    host: str,
    options: Mapping[str, Any],
    timeout: float,
    limit: float | None = None,
) -> list[Reading]:
    """At least one reading, whatever happens: a probe that breaks or hangs could not look.

    It comes back within `limit` seconds (three times the timeout, if not given).
    """
    now = ctx.clock.now()

    def looked() -> Mapping[str, list[Reading]]:
        target = ctx.book.target(probe, host)
        return {host: ctx.probe(probe).look(target, options, timeout=timeout, now=now)}

    patience = PATIENCE * timeout if limit is None else limit
    return _within(ctx, probe, [host], looked, now, patience)[host]


def fleet_probe(ctx: Context, probe: str) -> FleetProbe | None:
    """The probe, if one question to it is about many hosts."""
    found = ctx.probe(probe)
    return found if isinstance(found, FleetProbe) else None


def look_at_all(
    ctx: Context,
    probe: str,
    fleet: FleetProbe,
    hosts: Sequence[str],
    options: Mapping[str, Any],
    timeout: float,
) -> dict[str, list[Reading]]:
    """Like `look`, for many hosts by one question. What is wrong with one host blinds no other."""
    now = ctx.clock.now()
    targets: list[Target] = []
    lost: dict[str, list[Reading]] = {}
    for host in hosts:
        try:
            targets.append(ctx.book.target(probe, host))
        except AutofixError as error:  # it left the inventory just now
            lost[host] = [Reading.unseen(host, now, str(error))]

    def looked() -> Mapping[str, list[Reading]]:
        return fleet.look_at_all(targets, options, timeout=timeout, now=now) if targets else {}

    there = [target.host for target in targets]
    return lost | _within(ctx, probe, there, looked, now, PATIENCE * timeout)


def _within(
    ctx: Context,
    probe: str,
    hosts: Sequence[str],
    looked: Callable[[], Mapping[str, list[Reading]]],
    now: float,
    patience: float,
) -> dict[str, list[Reading]]:
    """Readings of each of these hosts, whatever happens."""
    more = f" and {len(hosts) - 1} more" if len(hosts) > 1 else ""
    why = "the probe gave no reading"
    seen: Mapping[str, list[Reading]] = {}
    try:
        seen = ctx.bounded.within(patience, f"{probe} {' '.join(hosts[:1])}{more}", looked)
    except Hangs as error:
        why = f"the probe hangs: {error}"
    except Exception as error:  # noqa: BLE001 - a plugin's defect must not stop the loop
        log.debug("probe %s broke on %s", probe, hosts, exc_info=True)
        why = f"the probe broke: {type(error).__name__}: {error}"
    readings = {
        host: [_kept(each) for each in seen.get(host, ()) if each.host == host] for host in hosts
    }
    failed = not any(each.error == "" for several in readings.values() for each in several)
    ctx.meter.looked(probe, max(0.0, ctx.clock.now() - now), failed)
    return {host: several or [Reading.unseen(host, now, why)] for host, several in readings.items()}


def _kept(reading: Reading) -> Reading:
    """Facts that can't be stored are no facts; one plugin's must not spoil a whole batch."""
    try:
        return Reading(reading.host, reading.at, plain(reading.facts))
    except ValueError as error:
        return Reading.unseen(reading.host, reading.at, f"the probe's facts are no good: {error}")


def scope(
    ctx: Context, host: str, facts: Mapping[str, Any], inputs: Mapping[str, Any]
) -> dict[str, Any]:
    """The names of an expression: facts bare, `host.` from the inventory, `inputs.`."""
    return {**facts, "host": ctx.book.inventory.host_facts(host), "inputs": dict(inputs)}


def subject_of(condition: Condition | None, names: Mapping[str, Any]) -> str:
    """What tells two failures on one host apart; empty when nothing does."""
    if condition is None:
        return ""
    value = condition.value(names)
    return "" if value is UNKNOWN or value is None else str(value)


def ours(
    ctx: Context,
    readings: list[Reading],
    subject: str,
    condition: Condition | None,
    inputs: Mapping[str, Any],
) -> Reading:
    """The reading about this subject, among several of one look."""
    if len(readings) > 1 and (not subject or condition is None):
        why = f"{len(readings)} things were seen, and nothing says which of them is meant: subject"
        return Reading.unseen(readings[0].host, readings[0].at, why)
    if not subject or condition is None:
        return readings[0]
    for reading in readings:
        if subject_of(condition, scope(ctx, reading.host, reading.facts, inputs)) == subject:
            return reading
    failed = next((reading for reading in readings if reading.error), None)
    why = failed.error if failed else f"nothing was seen of {subject}"
    return Reading.unseen(readings[0].host, readings[0].at, why)


def look_for(
    ctx: Context, runbook: Runbook, incident: Incident, limit: float | None = None
) -> Reading:
    """What the runbook's verification sees of this incident's target now; `limit` as in `look`."""
    verify = runbook.verify
    if verify is None:
        return Reading(incident.host, ctx.clock.now(), {"reachable": True, "error": None})
    readings = look(ctx, verify.probe, incident.host, verify.options, verify.timeout, limit)
    condition = verify.subject or trigger_subject(runbook)
    return ours(ctx, readings, incident.subject, condition, incident.inputs)


def trigger_subject(runbook: Runbook) -> Condition | None:
    """What the runbook's triggers tell failures on one host apart by."""
    subjects = [
        each.subject for each in runbook.triggers if isinstance(each, ProbeTrigger) and each.subject
    ]
    return subjects[0] if subjects else None


def fresh(runbook: Runbook, incident: Incident, reading: Reading) -> dict[str, Any]:
    """The facts after a new look. Another probe's facts stay beside; the same probe's give way."""
    if reading.error or runbook.verify is None or _one_probe(runbook):
        return dict(reading.facts)
    return {**incident.facts, **reading.facts}


def _one_probe(runbook: Runbook) -> bool:
    probes = {each.probe for each in runbook.triggers if isinstance(each, ProbeTrigger)}
    return runbook.verify is not None and probes <= {runbook.verify.probe}
