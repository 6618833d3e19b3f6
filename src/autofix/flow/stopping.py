"""People stop things: cancel a run, pause a scope, resume it."""

from __future__ import annotations

from collections.abc import Collection

from autofix import crashpoints
from autofix.core.audit import AuditEvent
from autofix.core.incidents import State
from autofix.core.pauses import Pause, covering, merged
from autofix.core.runs import Run, RunKind, RunState
from autofix.core.stories import Blocked, Resumed
from autofix.errors import HeldError, NotFound
from autofix.flow import pauses
from autofix.flow.context import Context
from autofix.flow.record import of_run
from autofix.flow.waking import wake
from autofix.ports import Reads

LIVE = (RunState.CLAIMED, RunState.STARTED)
#: How the reason of an incident that a pause holds begins.
HELD_BY_PAUSE = ("pause:", "put back:")


def cancel(ctx: Context, run_id: int, by: str, reason: str = "") -> Run:
    """Ask a run to end; whoever runs it hears it within a second."""
    now = ctx.clock.now()
    with ctx.store.transaction() as tx:
        run = tx.run(run_id)
        if run is None:
            raise NotFound(f"there is no run {run_id}", hint="see `autofix runs list`")
        if not run.live:
            raise HeldError(f"run {run_id} is {run.state}, not running", hint="nothing to cancel")
        asked = run.with_(cancel_requested=f"{by}: {reason}" if reason else by)
        return tx.save_run(asked, of_run(asked, "cancel_requested", now, by, reason=reason))


def cancel_all(
    ctx: Context, by: str, reason: str, kinds: Collection[RunKind] = tuple(RunKind)
) -> list[int]:
    """Ask everything that runs to end, or what is of these kinds."""
    with ctx.store.reading() as reads:
        running = reads.runs(states=LIVE, kinds=kinds, limit=10_000)
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
    """Nothing new starts in this scope: by a file first, then on the record.

    The runs that were asked to end, if any.
    """
    wished = Pause(ctx.clock.now(), by, reason, runbook, host, cancel_running)
    held = ctx.switch.set(wished)
    crashpoints.reach("pause.filed")
    return record(ctx, held)


def record(ctx: Context, pause: Pause) -> list[int]:
    """The row and the record of a pause that a file holds already; the runs asked to end."""
    with ctx.store.transaction() as tx:
        if not (pause.id and pauses.fate(tx, pause)):  # the server may have been faster
            tx.add_pause(pause, pauses.set_event(pause))
        running = tx.runs(states=LIVE, limit=10_000)
    if not pause.cancel_running:
        return []
    covered = [run.id for run in running if pause.covers(run.runbook, run.host)]
    return _cancel_each(ctx, covered, pause.by, pause.wish.partition(": ")[2])


def withdraw(ctx: Context, pause: Pause) -> None:
    """It was a mistake: the file goes, and the row that the server may have written meanwhile."""
    ctx.switch.lift([pause.id])
    with ctx.store.transaction() as tx:
        if any(each.id == pause.id for each in tx.pauses()):
            now, ids = ctx.clock.now(), [pause.id]
            event = AuditEvent(
                now, pause.by, "pause.lifted", pause.runbook, pause.host, payload={"ids": ids}
            )
            tx.remove_pause(pause.runbook, pause.host, event)


def resume(ctx: Context, by: str, *, runbook: str = "", host: str = "") -> Resumed:
    """Lift the pause of exactly this scope, in the store and in files, on the record.

    Nothing is lifted when the store can't be written: it has to know before anything starts.
    """
    now = ctx.clock.now()
    files = [each for each in ctx.switch.pauses() if each.is_for(runbook, host)]
    with ctx.store.transaction() as tx:
        rows = [each for each in tx.pauses() if each.is_for(runbook, host)]
        for each in files:
            if not pauses.fate(tx, each):
                pauses.add_late(tx, each, now)
        ids = [each.id for each in [*files, *rows] if each.id]
        lifted = AuditEvent(now, by, "pause.lifted", runbook, host, payload={"ids": ids})
        if not tx.remove_pause(runbook, host, lifted) and files:
            tx.record(lifted)
        gone = merged(files, rows)
        found = _what_now(ctx, tx, gone, [each.id for each in files])
    crashpoints.reach("resume.recorded")
    ctx.switch.lift(each.id for each in files)
    free = {each.id for each in found.held}
    if free:
        with ctx.store.transaction() as tx:
            wake(tx, ctx.clock.now(), lambda each: each.id in free)
    return found


def _what_now(ctx: Context, tx: Reads, gone: list[Pause], files: list[str]) -> Resumed:
    left = [each for each in ctx.switch.pauses() if each.id not in files]
    still = merged(left, tx.pauses())
    if not gone:
        return Resumed(still=tuple(still))
    held = [
        each
        for each in tx.incidents(states=[State.HELD], limit=10_000)
        if covering(gone, each.runbook, each.host) and each.reason.startswith(HELD_BY_PAUSE)
    ]
    other = [(each, covering(still, each.runbook, each.host)) for each in held]
    return Resumed(
        lifted=tuple(gone),
        still=tuple(still),
        held=tuple(each for each, by in other if by is None),
        owed=tuple(
            run
            for run in owed(tx)
            if run.due_at is not None
            and covering(gone, run.runbook, run.host)
            and not covering(still, run.runbook, run.host)
        ),
        blocked=tuple(Blocked(each, by) for each, by in other if by is not None),
    )


def owed(reads: Reads) -> list[Run]:
    """Rollbacks and `afterwards` that are still to come, oldest first; those without `due_at` wait
    for their step's verification."""
    kinds = (RunKind.ROLLBACK, RunKind.AFTERWARDS)
    return sorted(
        reads.runs(states=[RunState.PLANNED], kinds=kinds, limit=10_000), key=lambda run: run.id
    )
