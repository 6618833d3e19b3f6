"""Gather what the guards want to know. Read at each decision: no question here may grow with the
number of incidents."""

from __future__ import annotations

from autofix.core.guards import Situation
from autofix.core.guards.fleet import HOUR
from autofix.core.incidents import AtWork, Incident
from autofix.core.limits import GroupAtWork, Limits
from autofix.core.runbooks import ProbeTrigger, Runbook, ScheduleTrigger
from autofix.core.runs import Run, RunKind, RunState
from autofix.core.synthetic import NAME as SYNTHETIC
from autofix.flow import abort, breakers
from autofix.flow.context import Book, Context
from autofix.flow.dependencies import in_the_way
from autofix.flow.looking import scope
from autofix.flow.pauses import in_force
from autofix.ports import Reads

#: For the synthetic check.
UNLIMITED = Limits(runs_per_hour=1_000_000, hosts_at_once=1_000_000, percent_of_group=100.0)
OWED_KINDS = (RunKind.AFTERWARDS, RunKind.ROLLBACK)
LIVE_RUNS = (RunState.CLAIMED, RunState.STARTED)


def situation(
    ctx: Context, tx: Reads, runbook: Runbook, incident: Incident, now: float
) -> Situation:
    """Gather what the guards want to know about this incident's target."""
    book, host = ctx.book, incident.host
    guards = runbook.guards
    groups = book.groups_of(host)
    past = breakers.past(tx, guards.attempts, incident)
    here = tx.runs(host=host, states=(RunState.PLANNED, *LIVE_RUNS))
    others = [e for e in _at_work(tx) if e.incident != incident.id and e.runbook != SYNTHETIC]
    fake = runbook.name == SYNTHETIC  # touches no host: what spares hosts does not hold it
    return Situation(
        now=now,
        groups=groups,
        pauses=tuple(in_force(ctx, tx)),
        silences=tuple(tx.silences(active_at=now)),
        freezes=() if fake else tuple(each for each in book.freezes if each.active(now)),
        calendar=book.calendars.get(guards.hours),
        breaker=breakers.breaker(tx, guards.attempts, incident, past, now),
        last_ended=next((each.ended_at for each in past if not each.live), None),
        waits_for=in_the_way(ctx, tx, runbook, incident),
        names=scope(ctx, host, incident.facts, incident.inputs) if guards.unless else {},
        locked_by=_locked_by(tx, incident, here),
        owed=_owed(incident, here),
        working_hosts=frozenset(e.host for e in others if e.runbook == runbook.name),
        armed=armed(book, runbook) if guards.at_once_percent or guards.batches else 0,
        wave=tuple(tx.wave(runbook.name)) if guards.batches else (),
        busy_hosts=frozenset(each.host for each in others),
        busy_groups=_busy_groups(book, groups, others),
        started=() if fake else _started(tx, len(others), book.limits, now),
        limits=UNLIMITED if fake else book.limits,
        abort=abort.seen(ctx, runbook, incident),
        backlog=ctx.backlog.level,
    )


def _at_work(tx: Reads) -> list[AtWork]:
    """Incidents at work, and hosts where things are being put back after one that is over."""
    kinds, states = [RunKind.AFTERWARDS], (RunState.PLANNED, *LIVE_RUNS)
    owed = tx.runs(states=states, kinds=kinds, limit=1000)
    # What waits for a pause has a reason: it is not under way.
    going = [run for run in owed if run.live or (run.due_at is not None and not run.reason)]
    return [*tx.at_work(), *(AtWork(run.incident, run.runbook, run.host) for run in going)]


def armed(book: Book, runbook: Runbook) -> int:
    """How many hosts the runbook's triggers are for."""
    named = [t.hosts for t in runbook.triggers if isinstance(t, ProbeTrigger | ScheduleTrigger)]
    return book.size(",".join(dict.fromkeys(named))) if named else 0


def _busy_groups(
    book: Book, groups: frozenset[str], others: list[AtWork]
) -> tuple[GroupAtWork, ...]:
    """Groups of the host, as far as they count, in which other hosts are worked on."""
    busy: dict[str, set[str]] = {}
    for host in {each.host for each in others}:
        for group in groups & book.groups_of(host):
            if book.limits.counts(group):
                busy.setdefault(group, set()).add(host)
    return tuple(
        GroupAtWork(group, book.size(group), frozenset(hosts))
        for group, hosts in sorted(busy.items())
    )


def _started(tx: Reads, at_work: int, limits: Limits, now: float) -> tuple[float, ...]:
    """When fixes of the last hour started; what is decided and not yet started counts as now."""
    started = tx.starts(now - HOUR)
    if len(started) + at_work < limits.runs_per_hour:
        return tuple(started)  # each that waits for its start belongs to an incident at work
    waiting = tx.runs(states=[RunState.PLANNED, RunState.CLAIMED], kinds=[RunKind.FIX], limit=1000)
    real = [run for run in waiting if not run.check and run.runbook != SYNTHETIC]
    return (*started, *(now for run in real if run.started_at is None))


def _locked_by(tx: Reads, incident: Incident, here: list[Run]) -> str:
    run_id = tx.host_lock(incident.host)
    run = tx.run(run_id) if run_id else _about_to_start(incident, here)
    if run is None:
        return ""
    return f"run {run.id} of {run.runbook} (incident {run.incident})"


def _about_to_start(incident: Incident, here: list[Run]) -> Run | None:
    """Between its decision and its claim a run holds the host already."""
    planned = (r for r in here if r.state is RunState.PLANNED and r.kind is RunKind.FIX)
    return next((run for run in planned if run.incident != incident.id), None)


def _owed(incident: Incident, here: list[Run]) -> str:
    for run in here:
        # Another incident's is in the way from the start: what it will put back is changed now.
        due = run.due_at is not None or run.live or run.incident != incident.id
        if run.kind in OWED_KINDS and due:
            return f"the {run.kind} {run.playbook} of incident {run.incident}"
    return ""
