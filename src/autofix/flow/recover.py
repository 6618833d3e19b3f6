"""After a restart: runs whose owner died are lost, and their incidents go on."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from autofix import crashpoints
from autofix.core.runs import Outcome, Run, RunState
from autofix.errors import StoreError
from autofix.flow import deadlines, takeover
from autofix.flow.context import Context, log
from autofix.flow.record import of_run
from autofix.flow.results import settle, settle_badly

LIVE = (RunState.CLAIMED, RunState.STARTED)


def recover(ctx: Context) -> list[Run]:
    """End what a dead server left behind. Call once, when we lead and before anything starts."""
    deadlines.reset(ctx)
    takeover.free_lapsed(ctx)
    now = ctx.clock.now()
    with ctx.store.reading() as reads:
        found = reads.runs(states=LIVE, limit=10_000)
        orphans = [run for run in found if takeover.given_up(ctx, reads, run, now)]
    if not orphans:
        return []
    crashpoints.reach("recover.leftovers")
    ended = ctx.runner.end_leftovers([run.id for run in orphans])
    crashpoints.reach("recover.ended")
    for run in orphans:
        _lose_surely(ctx, run.id, run.id in ended)
        crashpoints.reach("recover.lost")
    return orphans


def lose(ctx: Context, run_id: int) -> None:
    """A live run that nobody is at any more: ended and written down as lost."""
    with ctx.store.reading() as reads:
        run = reads.run(run_id)
        gone = run is not None and takeover.given_up(ctx, reads, run, ctx.clock.now())
    if run is not None and run.live and gone:
        _lose_surely(ctx, run_id, run_id in ctx.runner.end_leftovers([run_id]))


def _lose_surely(ctx: Context, run_id: int, was_running: bool) -> None:
    # One incident's defect must not keep the server from starting.
    try:
        _lose(ctx, run_id, was_running, settle)
    except StoreError:
        raise
    except Exception as error:  # noqa: BLE001
        log.exception("run %s was lost, and its incident could not go on", run_id)
        _lose(ctx, run_id, was_running, partial(settle_badly, error=error))


def _lose(ctx: Context, run_id: int, was_running: bool, follow: Callable[..., None]) -> None:
    now = ctx.clock.now()
    with ctx.store.transaction() as tx:
        run = tx.run(run_id)
        if run is None or not run.live:
            return
        reason = "its owner died in the middle: what it did is unknown"
        lost = run.with_(
            state=RunState.LOST,
            outcome=Outcome.LOST,
            reason=reason,
            finished_at=now,
            lease_until=None,
        )
        lost = tx.save_run(lost, of_run(lost, "lost", now, processes_ended=was_running))
        takeover.release(ctx, tx, run, now)
        follow(ctx, tx, lost, now=now)
        crashpoints.reach("recover.losing")
    log.warning("run %s (%s on %s) was lost: its owner died", run.id, run.playbook, run.host)
