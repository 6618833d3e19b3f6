"""What a person may have done once more on an incident that he has: a step tried again, or one
undone. Each answer is a reason for people; empty means yes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from autofix.core.guards import GUARDS, Brake, Situation
from autofix.core.incidents import WITH_A_PERSON, Incident
from autofix.core.runbooks import Runbook
from autofix.core.runs import Outcome, Run, RunKind, RunState

#: What holds a rollback that a person asks for: it puts things back, so nothing else does. Whoever
#: silenced a target is at work there, or wants it left alone.
UNDOING = ("silence", "pause", "owed", "host_lock")


@dataclass(frozen=True)
class Remedy:
    """A step as far as trying it again, or undoing it, goes. `rollback`: empty, there is none."""

    playbook: str
    rollback: str = ""


def remedies(runbook: Runbook) -> tuple[Remedy, ...]:
    return tuple(Remedy(step.playbook, step.rollback) for step in runbook.fix)


def no_retry(incident: Incident, steps: Sequence[Remedy], step: int) -> str:
    """Why the fix can't be started again at this step (from 0)."""
    return _under_way(incident) or _no_step(incident, steps, step)


def undoing(
    incident: Incident, steps: Sequence[Remedy], runs: Sequence[Run], step: int
) -> tuple[Run | None, str]:
    """(the run of this step that is to be undone, "") or (None, why it can't be)."""
    why = _under_way(incident) or _no_step(incident, steps, step)
    if why:
        return None, why
    said = f"step {step + 1} of {incident.runbook}"
    if not steps[step].rollback:
        return None, f"{said} has no rollback"
    fix = _last(runs, RunKind.FIX, step)
    if fix is None:
        return None, f"{said} was never started here: there is nothing to undo"
    if fix.playbook != steps[step].playbook:
        return None, f"{said} was changed since run {fix.id}: its rollback is not the one of then"
    why = _undone(_last(runs, RunKind.ROLLBACK, step, all_states=True), fix, said)
    return (None, why) if why else (fix, "")


def undoable(incident: Incident, steps: Sequence[Remedy], runs: Sequence[Run]) -> tuple[int, ...]:
    """The steps (from 0) whose rollback may be asked for now."""
    if incident.state not in WITH_A_PERSON:
        return ()
    return tuple(at for at in range(len(steps)) if undoing(incident, steps, runs, at)[0])


def brake(runbook: Runbook, incident: Incident, situation: Situation) -> Brake | None:
    """What holds a rollback now."""
    said = (GUARDS[name](runbook, incident, situation) for name in UNDOING)
    return next((each for each in said if each is not None), None)


def _under_way(incident: Incident) -> str:
    if incident.check:
        return f"incident {incident.id} is a rehearsal: it changed nothing"
    if incident.due_at is not None:
        return f"its fix is about to start again already: {incident.reason}"
    return ""


def _no_step(incident: Incident, steps: Sequence[Remedy], step: int) -> str:
    if 0 <= step < len(steps):
        return ""
    return f"{incident.runbook} has {len(steps)} step(s), and no step {step + 1}"


def _last(runs: Sequence[Run], kind: RunKind, step: int, *, all_states: bool = False) -> Run | None:
    """The newest of this kind; by itself only of those that were started."""
    found = [
        run
        for run in runs
        if run.kind is kind
        and run.step == step
        and run.state is not RunState.DROPPED
        and (all_states or run.started_at is not None)
    ]
    return max(found, key=lambda run: run.id, default=None)


def _undone(rollback: Run | None, fix: Run, said: str) -> str:
    if rollback is None or rollback.id < fix.id:
        return ""
    if rollback.outcome is Outcome.OK:
        return f"{said} was rolled back already, by run {rollback.id}"
    return "" if rollback.outcome else f"{said} is being rolled back, by run {rollback.id}"
