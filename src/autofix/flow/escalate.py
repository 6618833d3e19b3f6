"""A person is called: the incident is escalated, a page enters the outbox and leaves it."""

from __future__ import annotations

from autofix import crashpoints
from autofix.core.escalation import Message, compose, compose_blind
from autofix.core.incidents import Incident, State
from autofix.core.inert import inert
from autofix.core.pages import Page, PageKind, PageState
from autofix.core.runbooks import Runbook
from autofix.flow import owing
from autofix.flow.context import Context, log
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
    paged = incident.paged_for | ({guard} if guard else frozenset())
    moved = incident.with_(
        state=State.ESCALATED, reason=reason, due_at=None, updated_at=now, paged_for=paged
    )
    saved = tx.save_incident(moved, of_incident(moved, "escalated", now))
    crashpoints.reach("incident.escalated")
    if not incident.check:
        page_text(ctx, tx, saved, runbook, reason, now)
        return saved
    over = saved.with_(state=State.RESOLVED, ended_at=now)
    return tx.save_incident(over, of_incident(over, "resolved", now))


def page(
    ctx: Context, tx: Transaction, runbook: Runbook, incident: Incident, why: str, now: float
) -> None:
    """Put a page about this incident into the outbox."""
    runs = sorted(tx.runs(incident=incident.id), key=lambda run: run.id)
    tried = [run for run in runs if run.started_at is not None]
    message = compose(incident, runbook, tried, why, now)
    _queue(ctx, tx, runbook, message, incident.id, incident.severity, now)


def page_blind(
    ctx: Context, tx: Transaction, runbook: Runbook, host: str, misses: int, why: str
) -> None:
    """Put a page into the outbox: a trigger can't see its target."""
    message = compose_blind(runbook, host, misses, why)
    _queue(ctx, tx, runbook, message, None, runbook.severity, ctx.clock.now())


def page_text(
    ctx: Context, tx: Transaction, incident: Incident, runbook: Runbook | None, why: str, now: float
) -> None:
    """Page about an incident whose runbook may be gone."""
    page(ctx, tx, runbook or stand_in(incident.runbook), incident, why, now)


def stand_in(name: str) -> Runbook:
    """For a runbook that is not there any more: who is paged by default, and nothing to do."""
    return Runbook(name, name, (), None)


def _queue(
    ctx: Context,
    tx: Transaction,
    runbook: Runbook,
    message: Message,
    incident: int | None,
    severity: str,
    now: float,
) -> None:
    policy = ctx.book.policy(runbook)
    draft = Page(
        0,
        incident,
        policy.name if policy else "",
        policy.channels if policy else (),
        severity,
        message.title,
        message.text,
        message.dedup_key,
        now,
        now if policy else None,
        data=message.data,
    )
    if policy is None or not policy.channels:
        # Nobody can be called: it stands on the record and in `autofix status`.
        log.error("no escalation policy for %s: nobody was paged: %s", runbook.name, message.title)
        tx.record(of_page(draft, "unroutable", now))
        return
    tx.add_page(draft, of_page(draft, "queued", now))
    crashpoints.reach("page.queued")


def quiet(tx: Transaction, incident: Incident, by: str, now: float) -> None:
    """Somebody has the incident: what no channel has taken yet need not be sent any more."""
    for waiting in tx.pages(incident=incident.id):
        if waiting.state is PageState.QUEUED:
            dropped = waiting.with_(state=PageState.DROPPED, due_at=None)
            tx.save_page(dropped, of_page(dropped, "dropped", now, by=by))


def notify(
    ctx: Context,
    tx: Transaction,
    title: str,
    text: str,
    dedup_key: str,
    now: float,
    severity: str = "P1",
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
    )
    if not draft.channels:
        log.error("there is no escalation policy default: nobody was paged: %s", draft.title)
        tx.record(of_page(draft, "unroutable", now))
        return None
    for waiting in tx.due_pages(float("inf")):
        if waiting.dedup_key == draft.dedup_key:
            return waiting
    return tx.add_page(draft, of_page(draft, "queued", now))
