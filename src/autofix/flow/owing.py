"""What is still owed on a target after a step: its `afterwards`, as durable due work."""

from __future__ import annotations

from autofix import crashpoints
from autofix.core.incidents import Incident
from autofix.core.runs import Run, RunKind, RunState
from autofix.flow.record import of_run
from autofix.ports import Transaction


def owe(tx: Transaction, fix: Run, playbook: str, now: float) -> Run:
    """Planned together with the fix, not yet due: a crash in between can't lose it."""
    run = fix.anew(now, kind=RunKind.AFTERWARDS, playbook=playbook, due_at=None)
    return tx.add_run(run, of_run(run, "planned", now))


def release(tx: Transaction, incident: Incident, now: float) -> None:
    """The verification is over, one way or another: what is owed becomes due.

    A fix that never started changed nothing, so nothing is owed for it.
    """
    waiting = tx.runs(
        incident=incident.id, states=[RunState.PLANNED], kinds=[RunKind.AFTERWARDS, RunKind.FIX]
    )
    started = {
        (run.step, run.attempt)
        for run in tx.runs(incident=incident.id, kinds=[RunKind.FIX])
        if run.started_at is not None
    }
    for run in waiting:
        if run.kind is RunKind.AFTERWARDS and run.due_at is not None:
            continue
        if run.kind is RunKind.AFTERWARDS and (run.step, run.attempt) in started:
            due = run.with_(due_at=now, variables=run.variables)
            tx.save_run(due, of_run(due, "due", now))
            crashpoints.reach("owed.due")
        else:
            dropped = run.with_(state=RunState.DROPPED, due_at=None, finished_at=now)
            tx.save_run(dropped, of_run(dropped, "dropped", now))


def next_attempt(tx: Transaction, incident: Incident) -> int:
    """A number that no run of this incident has: repeats of what was owed use some up, too."""
    used = [run.attempt for run in tx.runs(incident=incident.id)]
    return max([incident.attempt, *used]) + 1


def owe_again(tx: Transaction, lost: Run, now: float) -> Run:
    """The same afterwards once more, for a lost one of an idempotent runbook."""
    incident = tx.incident(lost.incident)
    assert incident is not None
    # Not a number that the incident's own next fix will use: it may be decided on already.
    draft = lost.anew(now, attempt=next_attempt(tx, incident))
    run = tx.add_run(draft, of_run(draft, "planned", now, after_loss_of=lost.id))
    crashpoints.reach("owed.again")
    return run
