"""A planned run is claimed with the host's lock, or waits; what was not started is given back."""

from __future__ import annotations

from dataclasses import replace

from autofix import crashpoints
from autofix.core.durations import human
from autofix.core.incidents import Incident, State
from autofix.core.inert import without_secrets
from autofix.core.pauses import covering
from autofix.core.runbooks import Runbook
from autofix.core.runs import Run, RunKind, RunState
from autofix.errors import Deposed, Duplicate, StoreError
from autofix.flow import escalate, owing, pauses
from autofix.flow.context import Context, log
from autofix.flow.heartbeat import LEASE
from autofix.flow.record import of_incident, of_run
from autofix.ports import Transaction

#: A planned run that can't start yet (pause, host lock) is tried again after this, in seconds.
AGAIN = 1.0
#: For how long a decision is good, in seconds: the server may have been down, or all threads busy.
GOOD_FOR = 60.0
#: How many times the end of a run is written again when the store fails.
PATIENCE = 120


def claim(ctx: Context, run_id: int) -> Run | None:
    """planned → claimed → started with the host's lock, in one commit before anything acts."""
    now = ctx.clock.now()
    with ctx.store.transaction() as tx:
        run = tx.run(run_id)
        if run is None or run.state is not RunState.PLANNED or run.due_at is None:
            return None
        obstacle = pauses.obstacle(ctx, tx, run) or _outdated(ctx, tx, run, now)
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


def _outdated(ctx: Context, tx: Transaction, run: Run, now: float) -> str:
    """Why a fix must be decided on anew: what it was decided on may be so no more."""
    if run.kind is not RunKind.FIX:
        return ""
    runbook, incident = ctx.book.runbooks.get(run.runbook), tx.incident(run.incident)
    if runbook is None or incident is None:
        return f"{run.runbook} is not there any more"
    if not same_step(runbook, run):
        return f"{run.runbook} was changed"
    if not runbook.enabled and not incident.by_person:
        return f"{run.runbook} is not enabled any more"
    waited = now - run.planned_at
    return f"it was decided on {human(waited)} ago" if waited > GOOD_FOR else ""


def same_step(runbook: Runbook, fix: Run) -> bool:
    """Is the step of this run still this step of the runbook? Its file may have changed."""
    return fix.step < len(runbook.fix) and runbook.fix[fix.step].playbook == fix.playbook


def paused(ctx: Context, run: Run) -> bool:
    """The last look before the start: the claim's commit may have taken its time."""
    with ctx.store.reading() as reads:
        rows = reads.pauses()
    # The files after the store: nothing that could hang comes between this look and the start.
    return covering([*rows, *ctx.switch.pauses()], run.runbook, run.host) is not None


def give_back(ctx: Context, run: Run, why: str) -> None:
    """A claimed run of which nothing was started is planned again, and waits."""
    for _ in range(PATIENCE):
        try:
            _unclaim(ctx, run, why)
            return
        except Deposed:
            return  # another server leads, and writes down what became of it
        except StoreError as error:
            log.error("run %s was not started, not yet written: %s", run.id, error)
            ctx.clock.sleep(AGAIN)


def _unclaim(ctx: Context, run: Run, why: str) -> None:
    now = ctx.clock.now()
    with ctx.store.transaction() as tx:
        current = tx.run(run.id)
        if current is None or current.state is not RunState.STARTED:
            return
        planned = current.with_(
            state=RunState.PLANNED,
            owner="",
            token=0,
            lease_until=None,
            started_at=None,
            due_at=now,
            reason=why,
        )
        planned = tx.save_run(planned, of_run(planned, "put_back", now, reason=planned.reason))
        tx.free_host(run.host, run.token)
        incident = tx.incident(run.incident)
        if incident is not None and incident.fix_started_at == current.started_at:
            tx.save_incident(replace(incident, fix_started_at=None, updated_at=now), None)
        pause = pauses.obstacle(ctx, tx, run)
        _wait(ctx, tx, planned, pause or why, now, no_guard=not pause)


def _wait(
    ctx: Context, tx: Transaction, run: Run, obstacle: str, now: float, *, no_guard: bool = False
) -> None:
    """`no_guard`: none knows of this obstacle, so none holds the incident and tells of it."""
    incident = tx.incident(run.incident)
    if run.kind is RunKind.FIX and incident is not None and incident.state is State.FIXING:
        held = _put_back(tx, incident, obstacle, now + AGAIN if no_guard else now, now)
        since = held.held_since if held.held_since is not None else now
        if no_guard and not held.check and now - since >= _runbook(ctx, run).guards.hold_limit:
            _page_waiting(ctx, tx, run, obstacle, now, f"put back {since:.0f}")
        return
    changed = run.reason != obstacle
    later = run.with_(due_at=now + AGAIN, reason=obstacle)
    tx.save_run(later, of_run(later, "waiting", now, reason=obstacle) if changed else None)
    if now - run.planned_at >= _runbook(ctx, run).guards.hold_limit:
        _page_waiting(ctx, tx, run, obstacle, now)


def _runbook(ctx: Context, run: Run) -> Runbook:
    return ctx.book.runbooks.get(run.runbook) or escalate.stand_in(run.runbook)


def _page_waiting(
    ctx: Context, tx: Transaction, run: Run, why: str, now: float, mark: str = ""
) -> None:
    """A person hears once of a run that can't start."""
    incident, mark = tx.incident(run.incident), mark or f"waiting {run.id}"
    if incident is None or mark in incident.paged_for:
        return
    told = replace(incident, paged_for=incident.paged_for | {mark})
    why = f"{run.playbook} can't start: {why}"
    tx.save_incident(escalate.page(ctx, tx, _runbook(ctx, run), told, why, now), None)


def page_overdue(ctx: Context) -> None:
    """Runs that are due for long and were never tried: no thread was free. A person hears of each
    once, as of what waits for a pause."""
    now = ctx.clock.now()
    with ctx.store.reading() as reads:
        due = reads.due_runs(now, limit=1000)
    for run in due:
        limit = _runbook(ctx, run).guards.hold_limit
        if run.due_at is not None and now - run.due_at >= limit:
            _page_overdue(ctx, run.id, now)


def _page_overdue(ctx: Context, run_id: int, now: float) -> None:
    with ctx.store.transaction() as tx:
        run = tx.run(run_id)
        if run is not None and run.state is RunState.PLANNED and run.due_at is not None:
            why = f"due for {human(now - run.due_at)}, and as many run as can at a time"
            _page_waiting(ctx, tx, run, why, now)


def _put_back(
    tx: Transaction, incident: Incident, obstacle: str, due_at: float, now: float
) -> Incident:
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
        # Since nothing was started it has waited all along.
        held_since=incident.held_since if incident.held_since is not None else now,
        due_at=due_at,
        updated_at=now,
    )
    return tx.save_incident(held, of_incident(held, "held", now))


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
    told = without_secrets(run.variables, incident.inputs if incident else None)
    return tx.save_run(started, of_run(started, "started", now, variables=told))
