"""A planned run is claimed with the host's lock, started, run, and finished."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from autofix import crashpoints
from autofix.core.door import tame
from autofix.core.plain import plain
from autofix.core.runs import Outcome, Run, RunKind, RunOrder, RunResult, RunState
from autofix.errors import AutofixError, Deposed, StoreError
from autofix.flow import abort, claim
from autofix.flow.claim import AGAIN, PATIENCE
from autofix.flow.context import Context, log
from autofix.flow.heartbeat import Heartbeat
from autofix.flow.record import of_run
from autofix.flow.results import settle, settle_badly


def execute(ctx: Context, run_id: int) -> None:
    """Claim a planned run, run it to its end and write down what came of it."""
    run = claim.claim(ctx, run_id)
    if run is None:
        return
    crashpoints.reach("run.claimed")
    try:
        with Heartbeat(ctx, run) as beat, abort.watching(ctx, run, beat):
            result = _run(ctx, run, beat)
    except RuntimeError as error:  # the kernel refuses a thread: nobody would hear it
        claim.give_back(ctx, run, f"it can't be watched: {error}")
        return
    if result is None:
        claim.give_back(ctx, run, "paused before anything was started")
        return
    crashpoints.reach("run.ended")
    _finish_surely(ctx, run, result, beat)
    crashpoints.reach("run.finished")


def _run(ctx: Context, run: Run, beat: Heartbeat) -> RunResult | None:
    """None: nothing was started, since a pause came while the claim was written."""
    try:
        order = _order(ctx, run)
        if claim.paused(ctx, run):
            return None
        return _kept(ctx.runner.run(order, beat.event, beat.cancel))
    except AutofixError as error:
        return RunResult(Outcome.FAILED, f"could not run: {error}")
    except Exception as error:  # noqa: BLE001 - one bad playbook never stops the loop
        log.exception("run %s broke", run.id)
        return RunResult(Outcome.FAILED, f"could not run: {type(error).__name__}: {error}")


def _kept(result: RunResult) -> RunResult:
    """A report that can't be stored must not keep the run's end from being written."""
    try:
        return replace(result, report=plain(result.report))
    except ValueError as error:
        return replace(result, report={}, reason=f"{result.reason} (its report is lost: {error})")


def _finish_surely(ctx: Context, run: Run, result: RunResult, beat: Heartbeat) -> None:
    """The store may be away for a while; what happened on the host must still be written down."""
    follow: Callable[..., None] = settle
    for _ in range(PATIENCE):
        try:
            _finish(ctx, run, result, beat, follow)
            return
        except Deposed as error:
            log.error(
                "run %s ended as %s, for another to write down: %s", run.id, result.outcome, error
            )
            return
        except StoreError as error:
            log.error("run %s ended as %s, not yet written: %s", run.id, result.outcome, error)
            ctx.clock.sleep(AGAIN)
        except Exception as error:  # noqa: BLE001 - the end is written down all the same
            log.exception("run %s ended, and its incident could not go on", run.id)
            follow = partial(settle_badly, error=error)
    log.critical("run %s ended as %s and could not be written down", run.id, result.outcome)


def _order(ctx: Context, run: Run) -> RunOrder:
    return RunOrder(
        run.id, run.playbook, run.host, _variables(ctx, run), run.timeout, run.check, run.token
    )


def _variables(ctx: Context, run: Run) -> dict[str, Any]:
    """The playbook's one leaf: the step's vars, and what every playbook may know."""
    with ctx.store.reading() as reads:
        incident = reads.incident(run.incident)
        fixes = [
            each
            for each in reads.runs(incident=run.incident, kinds=[RunKind.FIX])
            # Newest first; an `afterwards` that is repeated has a later number than its fix. What
            # was dropped before it began has reported nothing.
            if each.step == run.step and each.attempt <= run.attempt and each.started_at is not None
        ]
    report: Mapping[str, Any] = {}
    if run.kind is not RunKind.FIX and fixes:
        report = fixes[0].result.get("report", {})
    return {
        **run.variables,
        "host": run.host,
        "incident": run.incident,
        "run": run.id,
        "runbook": run.runbook,
        "kind": str(run.kind),
        "step": run.step + 1,
        "facts": tame(incident.facts_before) if incident else {},
        "report": tame(report),
    }


def _cut_short(result: RunResult, beat: Heartbeat) -> RunResult:
    """A run that was asked to end says why. One that was aborted is so however it ended: what it
    did harmed, or seemed to."""
    if not beat.why:
        return result
    cancelled = result.outcome is Outcome.CANCELLED
    aborted = beat.outcome is Outcome.ABORTED and result.outcome is not Outcome.UNREACHABLE
    outcome = Outcome.ABORTED if aborted else result.outcome
    if cancelled or aborted:
        more = "" if cancelled else f" (the run itself: {result.outcome}, {result.reason})"
        return replace(result, outcome=outcome, reason=f"{beat.why}{more}")
    return replace(result, reason=f"{result.reason} ({beat.why})")


def _finish(
    ctx: Context, run: Run, result: RunResult, beat: Heartbeat, follow: Callable[..., None]
) -> None:
    now = ctx.clock.now()
    result = _cut_short(result, beat)
    with ctx.store.transaction() as tx:
        current = tx.run(run.id)
        if current is None or not current.live:
            log.error("run %s ended as %s, but it is not ours any more", run.id, result.outcome)
            return
        done = current.with_(
            state=RunState.FINISHED,
            outcome=result.outcome,
            reason=result.reason,
            finished_at=now,
            lease_until=None,
            cancel_requested=current.cancel_requested or beat.asked,
            result={
                "rc": result.rc,
                "stats": {host: dict(counts) for host, counts in result.stats.items()},
                "report": dict(result.report),
                "truncated": result.truncated,
            },
        )
        done = tx.save_run(
            done,
            of_run(
                done,
                "finished",
                now,
                outcome=str(result.outcome),
                reason=result.reason,
                report=dict(result.report),
            ),
        )
        tx.free_host(run.host, run.token)
        follow(ctx, tx, done, now=now)
        crashpoints.reach("run.finishing")
