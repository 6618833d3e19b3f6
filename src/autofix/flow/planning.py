"""A decision to act becomes planned runs: the step's fix, what is owed after it, its rollback."""

from __future__ import annotations

from typing import Any

from autofix import crashpoints
from autofix.core.decisions import Act
from autofix.core.incidents import Incident, State
from autofix.core.runbooks import Runbook
from autofix.core.runs import Outcome, Run, RunKind
from autofix.flow import owing
from autofix.flow.context import Context
from autofix.flow.looking import scope
from autofix.flow.record import AUTOFIX, of_incident, of_run
from autofix.ports import Transaction


def plan(
    ctx: Context, tx: Transaction, runbook: Runbook, incident: Incident, act: Act, now: float
) -> Run:
    """Plan the run of a step, with what is owed after it, and move the incident to fixing."""
    step = runbook.fix[act.step]
    names = scope(ctx, incident.host, incident.facts, incident.inputs)
    draft = Run(
        0,
        incident.id,
        runbook.name,
        incident.host,
        RunKind.FIX,
        act.step,
        incident.attempt,
        step.playbook,
        variables={name: each.render(names) for name, each in step.vars.items()},
        timeout=step.timeout,
        check=incident.check,
        planned_at=now,
        due_at=now,
    )
    moved = incident.with_(
        state=State.FIXING,
        step=act.step,
        reason=act.reason,
        trial=incident.trial or act.trial,
        due_at=None,
        looks=None,
        updated_at=now,
    )
    tx.save_incident(
        moved, of_incident(moved, "acting", now, skipped=list(act.skipped), **_more(moved, act))
    )
    run = tx.add_run(draft, of_run(draft, "planned", now))
    if step.afterwards and not incident.check:
        owing.owe(tx, run, step.afterwards, now)
    crashpoints.reach("run.planned")
    return run


def _more(incident: Incident, act: Act) -> dict[str, Any]:
    """What a person accepted, and whether a half-open breaker lets it through: if so."""
    accepted = {"accepted": list(incident.accepted)} if incident.accepted else {}
    return {**accepted, "trial": True} if act.trial else accepted


def roll_back(
    tx: Transaction, runbook: Runbook, incident: Incident, fix: Run, now: float, *, by: str = ""
) -> Incident:
    """Plan the step's rollback with the variables of its fix, and move the incident.

    One that a person asked for (`by`) has an attempt of its own, which no fix has: so what follows
    its end is known.
    """
    attempt = owing.next_attempt(tx, incident) if by else fix.attempt
    playbook = runbook.fix[fix.step].rollback
    draft = fix.anew(now, kind=RunKind.ROLLBACK, playbook=playbook, attempt=attempt)
    why = fix.reason if fix.outcome is Outcome.ABORTED else "it did not heal"
    why = f"{by} asked for it" if by else why
    reason = f"step {fix.step + 1} is rolled back with {draft.playbook}: {why}"
    moved = incident.with_(
        state=State.ROLLING_BACK, step=fix.step, reason=reason, due_at=None, updated_at=now
    )
    moved = tx.save_incident(moved, of_incident(moved, "rolling_back", now, by or AUTOFIX))
    tx.add_run(draft, of_run(draft, "planned", now))
    crashpoints.reach("step.rolling_back")
    return moved
