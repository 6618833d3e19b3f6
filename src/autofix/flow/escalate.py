"""A person is called: the incident is escalated, and calls about it begin."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from autofix import crashpoints
from autofix.core.escalation import REPEAT, next_call
from autofix.core.incidents import ASKING, Incident, State
from autofix.core.inert import inert
from autofix.core.messages import Message, compose, compose_blind
from autofix.core.pages import Page, PageKind, PageState
from autofix.core.runbooks import Runbook
from autofix.flow import owing, paging
from autofix.flow.context import Context, log
from autofix.flow.paging import Wanted
from autofix.flow.record import of_incident, of_page
from autofix.ports import Transaction


def escalate(
    ctx: Context,
    tx: Transaction,
    runbook: Runbook | None,
    incident: Incident,
    reason: str,
    now: float,
    *,
    guard: str = "",
) -> Incident:
    """To a person, with a page. A rehearsal calls nobody: it is over. The runbook may be gone."""
    owing.release(tx, incident, now)
    if incident.trial and incident.fix_started_at is not None:
        # A half-open breaker let this one attempt through, and it did not heal.
        guard, reason = "breaker", f"{reason}; the breaker is open again"
    paged = incident.paged_for | ({guard} if guard else frozenset())
    moved = incident.with_(
        state=State.ESCALATED, reason=reason, due_at=None, updated_at=now, paged_for=paged
    )
    if incident.check:
        saved = tx.save_incident(moved, of_incident(moved, "escalated", now))
        over = saved.with_(state=State.RESOLVED, ended_at=now)
        return tx.save_incident(over, of_incident(over, "resolved", now))
    called = page(ctx, tx, runbook or stand_in(incident.runbook), moved, reason, now)
    by = {"guard": guard} if guard else {}
    saved = tx.save_incident(called, of_incident(called, "escalated", now, **by))
    crashpoints.reach("incident.escalated")
    return saved


def page(
    ctx: Context, tx: Transaction, runbook: Runbook, incident: Incident, why: str, now: float
) -> Incident:
    """Call the first level about this incident.

    It comes back with its next call, for the caller to save with what else changes.
    """
    wanted = about(ctx, tx, runbook, incident, why, now)
    (queued,) = paging.call(ctx, tx, runbook, 0, [wanted], now)
    if incident.check:
        return incident
    if queued is None:  # nobody to page: the settings may be mended by then
        return replace(incident, call_at=now + REPEAT) if incident.state in ASKING else incident
    called = replace(incident, calls=1)
    if incident.state not in ASKING:
        return called
    policy = ctx.book.policy(runbook)
    leaves = max(queued.due_at or now, now)
    next_at = next_call(policy, 0, leaves).next_at if policy else None
    return replace(called, call_at=next_at, acknowledged_at=None)


def about(
    ctx: Context,
    tx: Transaction,
    runbook: Runbook,
    incident: Incident,
    why: str,
    now: float,
    *,
    calls: int = 0,
) -> Wanted:
    """A call about an incident, after so many others."""

    def words() -> Message:
        runs = sorted(tx.runs(incident=incident.id), key=lambda run: run.id)
        tried = [run for run in runs if run.started_at is not None]
        return compose(incident, runbook, tried, why, now, calls + 1, ctx.book.words)

    return Wanted(
        incident.target,
        why,
        incident.severity,
        words,
        incident,
        again=calls > 0,
        lasting=not incident.live,
    )


def page_blind(
    ctx: Context, tx: Transaction, runbook: Runbook, host: str, misses: int, why: str
) -> None:
    """Put a page into the outbox: a trigger can't see its target."""

    def words() -> Message:
        return compose_blind(runbook, host, misses, why, ctx.book.words)

    wanted = Wanted(host, f"can't be seen: {why}", runbook.severity, words)
    paging.call(ctx, tx, runbook, 0, [wanted], ctx.clock.now())


def page_text(
    ctx: Context, tx: Transaction, incident: Incident, runbook: Runbook | None, why: str, now: float
) -> None:
    """Page about an incident that stays as it is; its runbook may be gone."""
    told = page(ctx, tx, runbook or stand_in(incident.runbook), incident, why, now)
    if told != incident:
        tx.save_incident(told, None)


def stand_in(name: str) -> Runbook:
    """For a runbook that is not there any more: who is paged by default, and nothing to do."""
    return Runbook(name, name, (), None)


def notify(
    ctx: Context,
    tx: Transaction,
    title: str,
    text: str,
    dedup_key: str,
    now: float,
    severity: str = "P1",
    **data: Any,
) -> Page | None:
    """Queue a page about autofix itself, for the default policy; None when nobody can be paged.

    Unless one with this `dedup_key` waits already: a person who was not reached yet is told once.
    """
    policy = ctx.book.policies.get("default")
    draft = Page(
        0,
        None,
        "default",
        policy.channels if policy else (),
        severity,
        inert(title, 250),
        text,
        dedup_key[:255],
        now,
        now,
        kind=PageKind.NOTICE,
        data=data,
    )
    if not draft.channels:
        log.error("there is no escalation policy default: nobody was paged: %s", draft.title)
        tx.record(of_page(draft, "unroutable", now))
        return None
    for waiting in tx.pages(states=[PageState.QUEUED], kinds=[PageKind.NOTICE]):
        if waiting.dedup_key == draft.dedup_key:
            return waiting
    return tx.add_page(draft, of_page(draft, "queued", now))
