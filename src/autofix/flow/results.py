"""What a finished or lost run means for its incident."""

from __future__ import annotations

from dataclasses import replace

from autofix import crashpoints
from autofix.core.decisions import decide
from autofix.core.incidents import WORKING, Incident, Looks, State
from autofix.core.inert import inert
from autofix.core.pauses import is_wish_of_a_pause
from autofix.core.runbooks import Runbook
from autofix.core.runs import Outcome, Run, RunKind, RunState
from autofix.core.verification import Judgement, Next, after_rollback, after_step
from autofix.errors import AutofixError
from autofix.flow import again, escalate, owing, planning
from autofix.flow.claim import same_step
from autofix.flow.context import Context
from autofix.flow.decide import apply
from autofix.flow.looking import scope
from autofix.flow.record import of_incident
from autofix.flow.situation import situation
from autofix.ports import Transaction


def settle(ctx: Context, tx: Transaction, run: Run, now: float) -> None:
    """Move the incident on after this run, in the transaction that wrote the run's end."""
    incident = tx.incident(run.incident)
    runbook = ctx.book.runbooks.get(run.runbook)
    if incident is None:
        return
    if run.kind is RunKind.AFTERWARDS:
        _after_afterwards(ctx, tx, runbook, incident, run, now)
    elif runbook is None:
        _without_runbook(ctx, tx, incident, now)
    elif run.kind is RunKind.ROLLBACK and incident.state is State.ROLLING_BACK:
        _after_rollback(ctx, tx, runbook, incident, run, now)
    elif run.kind is RunKind.FIX and incident.state is State.FIXING:
        _after_fix(ctx, tx, runbook, incident, run, now)


def _after_fix(
    ctx: Context, tx: Transaction, runbook: Runbook, incident: Incident, run: Run, now: float
) -> None:
    outcome = run.outcome or Outcome.LOST
    if incident.check:
        word = "would run" if outcome is Outcome.OK else f"rehearsal {outcome}"
        _over(tx, incident, State.DONE, f"{word}: {run.reason}", now)
    elif runbook.verify is not None:
        moved = incident.with_(
            state=State.VERIFYING,
            reason=f"{run.playbook} ended {outcome}: is the symptom gone?",
            looks=Looks(now),
            held_since=None,
            due_at=now,
            updated_at=now,
        )
        tx.save_incident(moved, of_incident(moved, "verifying", now, outcome=str(outcome)))
    elif outcome is Outcome.OK:
        owing.release(tx, incident, now)
        _over(tx, incident, State.DONE, f"{run.playbook}: {run.reason}", now)
    else:
        conclude(ctx, tx, runbook, incident, run, Judgement.NOT_HEALED, run.reason, now)


def _over(tx: Transaction, incident: Incident, state: State, reason: str, now: float) -> None:
    done = incident.with_(
        state=state,
        reason=reason,
        trial_passed=incident.trial,
        due_at=None,
        updated_at=now,
        ended_at=now,
    )
    tx.save_incident(done, of_incident(done, str(state), now))


def conclude(
    ctx: Context,
    tx: Transaction,
    runbook: Runbook,
    incident: Incident,
    fix: Run,
    judgement: Judgement,
    reason: str,
    now: float,
) -> None:
    """The step is judged: healed, undone, the next one, or a person."""
    outcome = fix.outcome or Outcome.LOST
    same = same_step(runbook, fix)
    follows, why = after_step(
        outcome,
        judgement,
        has_rollback=same and bool(runbook.fix[fix.step].rollback),
        more_steps=same and fix.step + 1 < len(runbook.fix),
        may_repeat=same and runbook.idempotent and _losses(tx, fix) < 2,
    )
    if not same and follows is not Next.HEALED:
        follows, why = Next.ESCALATE, f"{runbook.name} was changed in the middle of its work"
    if follows is Next.HEALED:
        owing.release(tx, incident, now)
        _healed(tx, incident, reason, now)
    elif follows is Next.ROLL_BACK:
        planning.roll_back(tx, runbook, incident, fix, now)
    elif follows is Next.ESCALATE:
        escalate.escalate(ctx, tx, runbook, incident, f"{why}: {_seen(reason, fix)}", now)
    else:
        _go_on(ctx, tx, runbook, incident, follows, f"{why}: {_seen(reason, fix)}", now)


def _seen(reason: str, fix: Run) -> str:
    if fix.outcome is Outcome.OK or fix.reason in reason:
        return reason
    return f"{fix.playbook} ended {fix.outcome}: {inert(fix.reason, 300)}"


def _losses(tx: Transaction, fix: Run) -> int:
    same = tx.runs(incident=fix.incident, kinds=[RunKind.FIX], states=[RunState.LOST])
    return sum(run.step == fix.step for run in same)


def _healed(tx: Transaction, incident: Incident, reason: str, now: float) -> None:
    if incident.was_ill is False:
        reason = f"{reason} (it was so before the run, too)"
    _over(tx, incident, State.HEALED, reason, now)
    crashpoints.reach("step.healed")


def _go_on(
    ctx: Context,
    tx: Transaction,
    runbook: Runbook,
    incident: Incident,
    follows: Next,
    why: str,
    now: float,
) -> None:
    owing.release(tx, incident, now)
    if follows is Next.AGAIN:
        moved = replace(
            incident, attempt=owing.next_attempt(tx, incident), reason=why, held_since=None
        )
    else:
        moved = replace(incident, step=incident.step + 1, reason=why, held_since=None)
    moved = tx.save_incident(moved, of_incident(moved, "not_healed", now))
    crashpoints.reach("step.next")
    names = scope(ctx, moved.host, moved.facts, moved.inputs)
    decision = decide(runbook, moved, situation(ctx, tx, runbook, moved, now), names)
    apply(ctx, tx, runbook, moved, decision, now)


def _after_rollback(
    ctx: Context, tx: Transaction, runbook: Runbook, incident: Incident, run: Run, now: float
) -> None:
    owing.release(tx, incident, now)
    fixes = tx.runs(incident=incident.id, kinds=[RunKind.FIX])
    fix = next((e for e in fixes if (e.step, e.attempt) == (run.step, run.attempt)), None)
    if fix is None:
        again.undone(ctx, tx, runbook, incident, run, now)
        return
    if run.outcome is not Outcome.OK:
        why = f"the rollback {run.playbook} ended {run.outcome}: {run.reason}"
        escalate.escalate(ctx, tx, runbook, incident, why, now)
        return
    judged = Judgement(incident.looks.judged) if incident.looks and incident.looks.judged else None
    same = same_step(runbook, fix)
    follows, why = after_rollback(
        fix.outcome or Outcome.LOST,
        judged or Judgement.NOT_HEALED,
        more_steps=same and fix.step + 1 < len(runbook.fix),
    )
    if not same:
        follows, why = Next.ESCALATE, f"{runbook.name} was changed in the middle of its work"
    if follows is Next.ESCALATE:
        seen = f" ({fix.reason})" if fix.outcome is Outcome.ABORTED else ""
        why = f"{why}{seen}, and was rolled back"
        escalate.escalate(ctx, tx, runbook, incident, why, now)
        return
    # The rollback changed the target: the next decision looks at it first.
    moved = incident.with_(
        state=State.HELD,
        step=incident.step + 1,
        reason=f"rolled_back: {why}",
        due_at=now,
        held_since=now,
        updated_at=now,
    )
    tx.save_incident(moved, of_incident(moved, "rolled_back", now))
    crashpoints.reach("step.rolled_back")


def _after_afterwards(
    ctx: Context,
    tx: Transaction,
    runbook: Runbook | None,
    incident: Incident,
    run: Run,
    now: float,
) -> None:
    if run.outcome is Outcome.OK:
        return
    if (
        (run.outcome is Outcome.LOST or _cut_short(run))
        and runbook
        and runbook.idempotent
        and _afterwards_losses(tx, run) < 2
    ):
        owing.owe_again(tx, run, now)
        return
    why = f"{run.playbook} was owed afterwards and ended {run.outcome}: {run.reason}"
    escalate.page_text(ctx, tx, incident, runbook, why, now)


def _cut_short(run: Run) -> bool:
    """Ended by its own server's stop or by a pause, not since somebody wanted this run to end."""
    by_owner = bool(run.owner) and run.cancel_requested.startswith(f"{run.owner}:")
    by_pause = is_wish_of_a_pause(run.cancel_requested)
    return run.outcome is Outcome.CANCELLED and (by_owner or by_pause)


def _afterwards_losses(tx: Transaction, run: Run) -> int:
    past = tx.runs(incident=run.incident, kinds=[RunKind.AFTERWARDS])
    lost = [each for each in past if each.state is RunState.LOST or _cut_short(each)]
    return sum(each.step == run.step for each in lost)


def _without_runbook(ctx: Context, tx: Transaction, incident: Incident, now: float) -> None:
    why = f"the runbook {incident.runbook} is not there any more, in the middle of its work"
    escalate.escalate(ctx, tx, None, incident, why, now)


def settle_badly(ctx: Context, tx: Transaction, run: Run, error: Exception, now: float) -> None:
    """When settling itself broke: a person gets the incident, and the host is free."""
    incident = tx.incident(run.incident)
    if incident is not None and incident.state in WORKING and run.kind is not RunKind.AFTERWARDS:
        why = f"autofix could not go on after {run.playbook}: {describe(error)}"
        escalate.escalate(ctx, tx, ctx.book.runbooks.get(run.runbook), incident, why, now)


def describe(error: Exception) -> str:
    return str(error) if isinstance(error, AutofixError) else f"{type(error).__name__}: {error}"
