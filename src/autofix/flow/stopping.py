"""People stop things: cancel a run, pause a scope, resume it."""

from __future__ import annotations

from collections.abc import Collection

from autofix.core.audit import AuditEvent
from autofix.core.pauses import Pause
from autofix.core.runs import Run, RunKind, RunState
from autofix.errors import HeldError, UsageError
from autofix.flow.context import Context
from autofix.flow.record import of_run


def cancel(ctx: Context, run_id: int, by: str, reason: str = "") -> Run:
    """Ask a run to end; whoever runs it hears it within a second."""
    now = ctx.clock.now()
    with ctx.store.transaction() as tx:
        run = tx.run(run_id)
        if run is None:
            raise UsageError(f"there is no run {run_id}", hint="see `autofix runs list`")
        if not run.live:
            raise HeldError(f"run {run_id} is {run.state}, not running", hint="nothing to cancel")
        asked = run.with_(cancel_requested=f"{by}: {reason}" if reason else by)
        return tx.save_run(asked, of_run(asked, "cancel_requested", now, by, reason=reason))


def cancel_all(
    ctx: Context, by: str, reason: str, kinds: Collection[RunKind] = tuple(RunKind)
) -> list[int]:
    """Ask everything that runs to end, or what is of these kinds."""
    with ctx.store.reading() as reads:
        states = [RunState.CLAIMED, RunState.STARTED]
        running = reads.runs(states=states, kinds=kinds, limit=10_000)
    return _cancel_each(ctx, [run.id for run in running], by, reason)


def _cancel_each(ctx: Context, run_ids: list[int], by: str, reason: str) -> list[int]:
    asked = []
    for run_id in run_ids:
        try:
            asked.append(cancel(ctx, run_id, by, reason).id)
        except HeldError:
            continue  # it ended by itself meanwhile
    return asked


def pause(
    ctx: Context,
    by: str,
    *,
    runbook: str = "",
    host: str = "",
    reason: str = "",
    cancel_running: bool = False,
) -> list[int]:
    """Nothing new starts in this scope. The runs that were asked to end, if any."""
    now = ctx.clock.now()
    scope = Pause(now, by, reason, runbook, host)
    event = AuditEvent(now, by, "pause.set", runbook, host, payload={"reason": reason})
    with ctx.store.transaction() as tx:
        tx.add_pause(scope, event)
        running = tx.runs(states=[RunState.CLAIMED, RunState.STARTED], limit=10_000)
    if not cancel_running:
        return []
    covered = [run.id for run in running if scope.covers(run.runbook, run.host)]
    return _cancel_each(ctx, covered, by, f"paused: {reason}" if reason else "paused")


def resume(ctx: Context, by: str, *, runbook: str = "", host: str = "") -> bool:
    """Lift the pause of exactly this scope; False when there was none."""
    now = ctx.clock.now()
    with ctx.store.transaction() as tx:
        event = AuditEvent(now, by, "pause.lifted", runbook, host)
        return tx.remove_pause(runbook, host, event)
