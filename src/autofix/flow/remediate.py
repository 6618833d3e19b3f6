"""A planned run is claimed with the host's lock, started, run, and finished."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from autofix.core.door import tame
from autofix.core.runs import Outcome, Run, RunKind, RunOrder, RunResult, RunState
from autofix.errors import AutofixError, Duplicate, StoreError
from autofix.flow import escalate
from autofix.flow.context import Context, log
from autofix.flow.heartbeat import LEASE, Heartbeat
from autofix.flow.record import of_run
from autofix.flow.results import settle
from autofix.ports import Transaction

#: A planned run that can't start yet (pause, host lock) is tried again after this, in seconds.
AGAIN = 1.0
#: How many times the end of a run is written again when the store fails.
PATIENCE = 120


def execute(ctx: Context, run_id: int) -> None:
    """Claim a planned run, run it to its end and write down what came of it."""
    run = _claim(ctx, run_id)
    if run is None:
        return
    with Heartbeat(ctx, run) as beat:
        result = _run(ctx, run, beat)
    _finish_surely(ctx, run, result, beat.why)


def _run(ctx: Context, run: Run, beat: Heartbeat) -> RunResult:
    try:
        return ctx.runner.run(_order(ctx, run), beat.event, beat.cancel)
    except AutofixError as error:
        return RunResult(Outcome.FAILED, f"could not run: {error}")
    except Exception as error:  # noqa: BLE001 - one bad playbook never stops the loop
        log.exception("run %s broke", run.id)
        return RunResult(Outcome.FAILED, f"could not run: {type(error).__name__}: {error}")


def _finish_surely(ctx: Context, run: Run, result: RunResult, why: str) -> None:
    """The store may be away for a while; what happened on the host must still be written down."""
    for _ in range(PATIENCE):
        try:
            _finish(ctx, run, result, why)
            return
        except StoreError as error:
            log.error("run %s ended as %s, not yet written: %s", run.id, result.outcome, error)
            ctx.clock.sleep(AGAIN)
    log.critical("run %s ended as %s and could not be written down", run.id, result.outcome)


def _claim(ctx: Context, run_id: int) -> Run | None:
    """planned → claimed → started with the host's lock, in one commit before anything acts."""
    now = ctx.clock.now()
    with ctx.store.transaction() as tx:
        run = tx.run(run_id)
        if run is None or run.state is not RunState.PLANNED or run.due_at is None:
            return None
        obstacle = _obstacle(ctx, tx, run)
        token = 0
        if not obstacle:
            try:
                token = tx.lock_host(run.host, run.id, now + LEASE)
            except Duplicate:
                obstacle = f"{run.host} is being worked on by run {tx.host_lock(run.host)}"
        if obstacle:
            _wait(ctx, tx, run, obstacle, now)
            return None
        return _start(tx, run, token, ctx.owner, now)


def _obstacle(ctx: Context, tx: Transaction, run: Run) -> str:
    halted = ctx.halted()
    if halted:
        return f"everything is paused: {halted}"
    pause = next((each for each in tx.pauses() if each.covers(run.runbook, run.host)), None)
    return f"{pause.scope} paused by {pause.by}" if pause else ""


def _wait(ctx: Context, tx: Transaction, run: Run, obstacle: str, now: float) -> None:
    changed = run.reason != obstacle
    later = run.with_(due_at=now + AGAIN, reason=obstacle)
    tx.save_run(later, of_run(later, "waiting", now, reason=obstacle) if changed else None)
    incident = tx.incident(run.incident)
    runbook = ctx.book.runbooks.get(run.runbook)
    if incident is None or runbook is None or f"waiting {run.id}" in incident.paged_for:
        return
    if now - run.planned_at >= runbook.guards.hold_limit:
        told = replace(incident, paged_for=incident.paged_for | {f"waiting {run.id}"})
        tx.save_incident(told, None)
        escalate.page(ctx, tx, runbook, told, f"{run.playbook} can't start: {obstacle}", now)


def _start(tx: Transaction, run: Run, token: int, owner: str, now: float) -> Run:
    claimed = run.with_(
        state=RunState.CLAIMED,
        owner=owner,
        token=token,
        lease_until=now + LEASE,
        reason="",
        due_at=None,
    )
    claimed = tx.save_run(claimed, of_run(claimed, "claimed", now, owner=owner, token=token))
    incident = tx.incident(run.incident)
    if incident is not None and incident.fix_started_at is None and run.kind is RunKind.FIX:
        tx.save_incident(replace(incident, fix_started_at=now, updated_at=now), None)
    started = claimed.with_(state=RunState.STARTED, started_at=now)
    return tx.save_run(started, of_run(started, "started", now, variables=dict(run.variables)))


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
            if (each.step, each.attempt) == (run.step, run.attempt)
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


def _finish(ctx: Context, run: Run, result: RunResult, why: str) -> None:
    now = ctx.clock.now()
    reason = f"{result.reason} ({why})" if why else result.reason
    with ctx.store.transaction() as tx:
        current = tx.run(run.id)
        if current is None or not current.live:
            log.error("run %s ended as %s, but it is not ours any more", run.id, result.outcome)
            return
        done = current.with_(
            state=RunState.FINISHED,
            outcome=result.outcome,
            reason=reason,
            finished_at=now,
            lease_until=None,
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
                reason=reason,
                report=dict(result.report),
            ),
        )
        tx.free_host(run.host, run.token)
        settle(ctx, tx, done, now)
