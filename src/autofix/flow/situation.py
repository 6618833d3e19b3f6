"""Gather what the guards want to know. Read at each decision: no question here may grow with the
number of incidents."""

from __future__ import annotations

from autofix.core.guards import Situation
from autofix.core.incidents import WORKING, Incident, State
from autofix.core.runbooks import Runbook
from autofix.core.runs import Run, RunKind, RunState
from autofix.flow.context import Context
from autofix.flow.pauses import in_force
from autofix.ports import Reads

OWED_KINDS = (RunKind.AFTERWARDS, RunKind.ROLLBACK)
LIVE_RUNS = (RunState.CLAIMED, RunState.STARTED)


def situation(
    ctx: Context, tx: Reads, runbook: Runbook, incident: Incident, now: float
) -> Situation:
    """Gather what the guards want to know about this incident's target."""
    where = (runbook.name, incident.host, incident.subject)
    since = max(now - runbook.guards.attempts.per, _breaker_reset(tx, incident))
    past = [each for each in tx.attempts(*where, since) if each.id != incident.id]
    ended = tx.last_ended(*where)
    return Situation(
        now=now,
        pauses=tuple(in_force(ctx, tx)),
        locked_by=_locked_by(tx, incident),
        owed=_owed(tx, incident),
        working_hosts=_working_hosts(tx, incident),
        last_ended=ended.ended_at if ended else None,
        attempts=len(past),
        first_attempt=past[-1].fix_started_at if past else None,
    )


def _breaker_reset(tx: Reads, incident: Incident) -> float:
    """A person who resolves an incident of an open breaker closes the breaker."""
    over = tx.incidents(
        states=(State.RESOLVED, State.CLOSED),
        runbook=incident.runbook,
        host=incident.host,
        limit=50,
    )
    ends = [
        each.ended_at
        for each in over
        if "breaker" in each.paged_for and each.subject == incident.subject and each.ended_at
    ]
    return max(ends, default=0.0)


def _locked_by(tx: Reads, incident: Incident) -> str:
    run_id = tx.host_lock(incident.host)
    run = tx.run(run_id) if run_id else _about_to_start(tx, incident)
    if run is None:
        return ""
    return f"run {run.id} of {run.runbook} (incident {run.incident})"


def _about_to_start(tx: Reads, incident: Incident) -> Run | None:
    """Between its decision and its claim a run holds the host already."""
    planned = tx.runs(host=incident.host, states=[RunState.PLANNED], kinds=[RunKind.FIX])
    return next((run for run in planned if run.incident != incident.id), None)


def _owed(tx: Reads, incident: Incident) -> str:
    states = (RunState.PLANNED, *LIVE_RUNS)
    for run in tx.runs(host=incident.host, states=states, kinds=OWED_KINDS):
        # Another incident's is in the way from the start: what it will put back is changed now.
        if run.due_at is not None or run.live or run.incident != incident.id:
            return f"the {run.kind} {run.playbook} of incident {run.incident}"
    return ""


def _working_hosts(tx: Reads, incident: Incident) -> frozenset[str]:
    working = tx.incidents(states=WORKING, runbook=incident.runbook, limit=1000)
    return frozenset(each.host for each in working if each.id != incident.id)
