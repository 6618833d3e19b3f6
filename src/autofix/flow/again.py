"""A person who has an incident starts its fix again, or has a step of it undone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from autofix import crashpoints
from autofix.core import again
from autofix.core.decisions import Escalate, Hold, decide
from autofix.core.incidents import WITH_A_PERSON, Incident, State
from autofix.core.runbooks import Runbook
from autofix.core.runs import Outcome, Run
from autofix.errors import HeldError, UsageError
from autofix.flow import deadlines, escalate, owing, paging, planning
from autofix.flow.asked import expect, find
from autofix.flow.context import Context
from autofix.flow.looking import scope
from autofix.flow.record import of_incident
from autofix.flow.situation import situation
from autofix.ports import Transaction

#: What hangs on facts is judged when the engine has looked at the target, just before it acts.
ON_FACTS = ("unless", "steps", "blind")


def retry(
    ctx: Context, incident_id: int, by: str, step: int = 0, accepted: tuple[str, ...] = ()
) -> Incident:
    """The fix starts again at this step (from 0), by the same guards as always.

    HeldError says at once what speaks against it, UsageError that there is no such step.
    """
    now = ctx.clock.now()
    with ctx.store.transaction() as tx:
        incident, runbook = _with_a_person(ctx, tx, incident_id, "retried")
        _expect_step(runbook, step)
        _refuse(incident, again.no_retry(incident, again.remedies(runbook), step))
        draft = restarted(tx, incident, by, now, step=step, accepted=accepted)
        _refuse(incident, _braked(ctx, tx, runbook, draft, now))
        saved = tx.save_incident(draft, of_incident(draft, "retried", now, by))
        crashpoints.reach("again.retrying")
        return saved


def restarted(
    tx: Transaction,
    live: Incident,
    by: str,
    now: float,
    *,
    step: int = 0,
    inputs: Mapping[str, Any] | None = None,
    accepted: tuple[str, ...] = (),
    facts: Mapping[str, Any] | None = None,
) -> Incident:
    """The person who has the incident starts the fix again; to be saved by the caller."""
    where = f" at step {step + 1}" if step else ""
    return deadlines.taken(live, now).with_(
        due_at=now,
        updated_at=now,
        step=step,
        attempt=owing.next_attempt(tx, live),
        inputs=live.inputs if inputs is None else inputs,
        requested_by=by,
        accepted=accepted,
        looks=None,
        held_since=None,
        facts=facts or live.facts,
        reason=f"{by} starts the fix again{where}",
    )


def roll_back(ctx: Context, incident_id: int, by: str, step: int) -> Incident:
    """What this step (from 0) did is undone by its rollback; then the incident is the person's
    again. HeldError says what speaks against it, UsageError that there is no such step."""
    now = ctx.clock.now()
    with ctx.store.transaction() as tx:
        incident, runbook = _with_a_person(ctx, tx, incident_id, "rolled back")
        _expect_step(runbook, step)
        runs = tx.runs(incident=incident_id)
        fix, why = again.undoing(incident, again.remedies(runbook), runs, step)
        _refuse(incident, why)
        assert fix is not None
        brake = again.brake(runbook, incident, situation(ctx, tx, runbook, incident, now))
        _refuse(incident, brake.reason if brake else "")
        paging.quiet(tx, incident, by, now)
        taken = replace(deadlines.taken(incident, now), acknowledged_at=now)
        moved = planning.roll_back(tx, runbook, taken, fix, now, by=by)
        crashpoints.reach("again.undoing")
        return moved


def undone(
    ctx: Context, tx: Transaction, runbook: Runbook, incident: Incident, run: Run, now: float
) -> None:
    """The end of a rollback that a person asked for: he goes on; when it broke he is called."""
    said = f"step {run.step + 1}: {run.playbook}, which a person asked for"
    if run.outcome is not Outcome.OK:
        why = f"{said}, ended {run.outcome}: {run.reason}"
        escalate.escalate(ctx, tx, runbook, incident, why, now)
        return
    moved = incident.with_(
        state=State.ACKNOWLEDGED,
        reason=f"{said}, has undone it",
        due_at=None,
        call_at=now,
        updated_at=now,
    )
    tx.save_incident(moved, of_incident(moved, "rolled_back", now))
    crashpoints.reach("again.undone")


def _with_a_person(
    ctx: Context, tx: Transaction, incident_id: int, verb: str
) -> tuple[Incident, Runbook]:
    incident = find(tx, incident_id)
    expect(incident, tuple(sorted(WITH_A_PERSON)), verb)
    runbook = ctx.book.runbooks.get(incident.runbook)
    if runbook is None:
        raise HeldError(
            f"{incident.runbook} is not there or has errors: nothing of it can be run",
            hint="mend it (autofix check), or do it by hand and resolve the incident",
        )
    return incident, runbook


def _expect_step(runbook: Runbook, step: int) -> None:
    if not 0 <= step < len(runbook.fix):
        raise UsageError(
            f"{runbook.name} has no step {step + 1}",
            hint=f"its steps are numbered from 1 to {len(runbook.fix)}",
        )


def _refuse(incident: Incident, why: str) -> None:
    if why:
        raise HeldError(why, hint=f"see `autofix incidents show {incident.id}`")


def _braked(ctx: Context, tx: Transaction, runbook: Runbook, draft: Incident, now: float) -> str:
    names = scope(ctx, draft.host, draft.facts, draft.inputs)
    said = decide(runbook, draft, situation(ctx, tx, runbook, draft, now), names)
    held = isinstance(said, Hold | Escalate) and said.guard not in ON_FACTS
    return said.reason if held else ""
