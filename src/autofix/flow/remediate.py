"""A planned run is claimed with the host's lock, started, run, and finished."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from autofix import crashpoints
from autofix.core.door import tame
from autofix.core.incidents import Incident, State
from autofix.core.plain import plain
from autofix.core.runs import Outcome, Run, RunKind, RunOrder, RunResult, RunState
from autofix.errors import AutofixError, Duplicate, StoreError
from autofix.flow import escalate, owing
from autofix.flow.context import Context, log
from autofix.flow.heartbeat import LEASE, Heartbeat
from autofix.flow.record import of_incident, of_run
from autofix.flow.results import settle, settle_badly
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
    crashpoints.reach("run.claimed")
    with Heartbeat(ctx, run) as beat:
        result = _run(ctx, run, beat)
    crashpoints.reach("run.ended")
    _finish_surely(ctx, run, result, beat.why)
    crashpoints.reach("run.finished")


def _run(ctx: Context, run: Run, beat: Heartbeat) -> RunResult:
    try:
        return _kept(ctx.runner.run(_order(ctx, run), beat.event, beat.cancel))
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


def _finish_surely(ctx: Context, run: Run, result: RunResult, why: str) -> None:
    """The store may be away for a while; what happened on the host must still be written down."""
    follow: Callable[..., None] = settle
    for _ in range(PATIENCE):
        try:
            _finish(ctx, run, result, why, follow)
            return
        except StoreError as error:
            log.error("run %s ended as %s, not yet written: %s", run.id, result.outcome, error)
            ctx.clock.sleep(AGAIN)
        except Exception as error:  # noqa: BLE001 - the end is written down all the same
            log.exception("run %s ended, and its incident could not go on", run.id)
            follow = partial(settle_badly, error=error)
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
        started = _start(tx, run, token, ctx.owner, now)
        crashpoints.reach("run.claiming")
        return started


def _obstacle(ctx: Context, tx: Transaction, run: Run) -> str:
    halted = ctx.halted()
    if halted:
        return f"everything is paused: {halted}"
    pause = next((each for each in tx.pauses() if each.covers(run.runbook, run.host)), None)
    return f"{pause.scope} paused by {pause.by}" if pause else ""


def _wait(ctx: Context, tx: Transaction, run: Run, obstacle: str, now: float) -> None:
    incident = tx.incident(run.incident)
    if run.kind is RunKind.FIX and incident is not None and incident.state is State.FIXING:
        _put_back(tx, incident, obstacle, now)
        return
    changed = run.reason != obstacle
    later = run.with_(due_at=now + AGAIN, reason=obstacle)
    tx.save_run(later, of_run(later, "waiting", now, reason=obstacle) if changed else None)
    runbook = ctx.book.runbooks.get(run.runbook) or escalate.stand_in(run.runbook)
    if incident is None or f"waiting {run.id}" in incident.paged_for:
        return
    if now - run.planned_at >= runbook.guards.hold_limit:
        told = replace(incident, paged_for=incident.paged_for | {f"waiting {run.id}"})
        tx.save_incident(told, None)
        escalate.page(ctx, tx, runbook, told, f"{run.playbook} can't start: {obstacle}", now)


def _put_back(tx: Transaction, incident: Incident, obstacle: str, now: float) -> None:
    """A fix that can't start now is decided anew when it can: the symptom may be gone by then."""
    owing.release(tx, incident, now)  # what was planned is dropped
    attempt = owing.next_attempt(tx, incident)
    old, new = f"{incident.attempt}.{incident.step}", f"{attempt}.{incident.step}"
    held = incident.with_(
        state=State.HELD,
        attempt=attempt,
        approved={new if key == old else key: by for key, by in incident.approved.items()},
        paged_for=frozenset(
            f"approval {new} {mark.split(' ', 2)[2]}"
            if mark.startswith(f"approval {old} ")
            else mark
            for mark in incident.paged_for
        ),
        reason=f"put back: {obstacle}",
        held_since=now,
        due_at=now,
        updated_at=now,
    )
    tx.save_incident(held, of_incident(held, "held", now))


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
            # Newest first; an `afterwards` that is repeated has a later number than its fix.
            if each.step == run.step and each.attempt <= run.attempt
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


def _finish(
    ctx: Context, run: Run, result: RunResult, why: str, follow: Callable[..., None]
) -> None:
    now = ctx.clock.now()
    cancelled = result.outcome is Outcome.CANCELLED
    reason = why if cancelled and why else f"{result.reason} ({why})" if why else result.reason
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
        follow(ctx, tx, done, now=now)
        crashpoints.reach("run.finishing")
