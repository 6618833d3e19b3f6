"""A person is called: the incident is escalated, a page enters the outbox and leaves it."""

from __future__ import annotations

import threading
from dataclasses import replace

from autofix.core.escalation import Message, compose, compose_blind
from autofix.core.incidents import Incident, State
from autofix.core.pages import Page, PageState
from autofix.core.runbooks import Runbook
from autofix.errors import AutofixError
from autofix.flow import owing
from autofix.flow.context import Context, log
from autofix.flow.record import of_incident, of_page
from autofix.ports import Channel, Transaction

#: How long one channel may take before the next is tried, in seconds.
CHANNEL_TIMEOUT = 12.0
#: After all channels failed: how long until the first is tried again, doubling up to the limit.
RETRY, RETRY_LIMIT = 15.0, 300.0


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


def quiet(tx: Transaction, incident: Incident, by: str, now: float) -> None:
    """Somebody has the incident: what no channel has taken yet need not be sent any more."""
    for waiting in tx.pages(incident=incident.id):
        if waiting.state is PageState.QUEUED:
            dropped = waiting.with_(state=PageState.DROPPED, due_at=None)
            tx.save_page(dropped, of_page(dropped, "dropped", now, by=by))


def deliver(ctx: Context, page_id: int) -> None:
    """One try of one page: by its next channel, within CHANNEL_TIMEOUT."""
    with ctx.store.reading() as reads:
        waiting = reads.page(page_id)
    if waiting is None or waiting.state is not PageState.QUEUED:
        return
    waiting = _rerouted(ctx, waiting)
    name = waiting.next_channel
    # Sent, but not yet written down since the store failed: only the writing is still to do.
    answer, error = ctx.delivered.get(page_id) or send(ctx.book.channels.get(name), waiting, name)
    if not error:
        ctx.delivered[page_id] = (answer, "")
    now = ctx.clock.now()
    with ctx.store.transaction() as tx:
        current = tx.page(page_id)
        if current is None or current.state is not PageState.QUEUED:
            return
        current = replace(current, channels=waiting.channels)
        if error:
            failed = _failed(current, error, now)
            tx.save_page(failed, of_page(failed, "failed", now, channel=name, error=error))
            log.warning("page %s: channel %s failed: %s", page_id, name, error)
            return
        sent = current.with_(
            state=PageState.SENT, sent_by=name, sent_at=now, due_at=None, tried=current.tried + 1
        )
        tx.save_page(sent, of_page(sent, "sent", now, channel=name, answer=answer))
    ctx.delivered.pop(page_id, None)


def _rerouted(ctx: Context, page: Page) -> Page:
    """By its policy's channels of today, when one that it was queued for is not there any more."""
    policy = ctx.book.policies.get(page.policy)
    gone = any(name not in ctx.book.channels for name in page.channels)
    return replace(page, channels=policy.channels) if gone and policy and policy.channels else page


def _failed(page: Page, error: str, now: float) -> Page:
    tried = page.tried + 1
    rounds, more = divmod(tried, len(page.channels))
    wait = 0.0 if more else min(RETRY * 2 ** (rounds - 1), RETRY_LIMIT)
    return replace(page, tried=tried, last_error=error, due_at=now + wait)


def send(channel: Channel | None, page: Page, name: str) -> tuple[str, str]:
    """(answer, error) of one try. A channel that hangs is left behind in its own thread."""
    if channel is None:
        return "", f"there is no channel {name!r} in the settings any more"
    result: list[tuple[str, str]] = []

    def attempt() -> None:
        try:
            result.append((channel.send(page, timeout=CHANNEL_TIMEOUT - 2), ""))
        except AutofixError as error:
            result.append(("", str(error)))
        except Exception as error:  # noqa: BLE001 - a plugin's defect must not silence us
            result.append(("", f"{type(error).__name__} in channel {name}"))

    thread = threading.Thread(target=attempt, name=f"page-{page.id}-{name}", daemon=True)
    thread.start()
    thread.join(CHANNEL_TIMEOUT)
    return result[0] if result else ("", f"no answer within {CHANNEL_TIMEOUT:.0f} s")
