"""A digest is written when its time has come: who is in it is known then, and who is over."""

from __future__ import annotations

from autofix.core.digests import compose_digest
from autofix.core.escalation import unique
from autofix.core.messages import Message
from autofix.core.pages import Member, Page, PageKind, PageState
from autofix.core.runbooks import Runbook
from autofix.flow import escalate
from autofix.flow.context import Context
from autofix.flow.record import of_page
from autofix.ports import Reads, Transaction

#: More members than any store of ours will ever hold.
ALL = 10_000_000


def unwritten(reads: Reads, page: Page) -> bool:
    """A digest that has no words yet, or that nobody needs any more."""
    digest = page.kind is PageKind.DIGEST
    return digest and (page.gathers or not reads.member_counts(page.id).waiting)


def written(ctx: Context, page_id: int) -> Page | None:
    """The digest with its words, which stay from now on; None when nobody needs it any more."""
    with ctx.store.transaction() as tx:
        page, now = tx.page(page_id), ctx.clock.now()
        if page is None or page.state is not PageState.QUEUED:
            return None
        counts = tx.member_counts(page_id)
        if not counts.waiting:
            dropped = page.with_(state=PageState.DROPPED, due_at=None)
            over = "all that it was about is over or answered"
            tx.save_page(dropped, of_page(dropped, "dropped", now, by=over))
            return None
        if page.gathers:
            page = _write(ctx, tx, page, counts.joined, now)
        return page


def _write(ctx: Context, tx: Transaction, page: Page, joined: int, now: float) -> Page:
    waiting = tx.members(page.id, waiting=True, limit=ALL)
    runbook = ctx.book.runbooks.get(page.runbook) or escalate.stand_in(page.runbook)
    earlier = _replaced(tx, page, {each.incident for each in waiting}, now)
    channels = unique((*page.channels, *earlier))
    page = page.with_(created_at=now, count=len(waiting), channels=channels)
    alone = _alone(ctx, tx, runbook, waiting, now) if joined == 1 else None
    if alone is not None:
        page = page.with_(kind=PageKind.CALL, incident=waiting[0].incident)
    words = alone or compose_digest(page, runbook, waiting, joined, ctx.book.words)
    page = page.with_(
        title=words.title, text=words.text, data=words.data, dedup_key=words.dedup_key
    )
    return tx.save_page(page, of_page(page, "written", now, count=page.count))


def _replaced(tx: Transaction, page: Page, called: set[int | None], now: float) -> list[str]:
    """Drop digests that reached nobody and of which all that wait are called for anew in this one;
    by which channels those should have gone."""
    found: list[str] = []
    queued = tx.pages(
        runbook=page.runbook, states=[PageState.QUEUED], kinds=[PageKind.DIGEST], limit=1000
    )
    for old in queued:
        if old.id == page.id or old.policy != page.policy or old.gathers:
            continue
        waiting = {each.incident for each in tx.members(old.id, waiting=True, limit=ALL)}
        if None not in waiting and waiting <= called:
            dropped = old.with_(state=PageState.DROPPED, due_at=None)
            tx.save_page(dropped, of_page(dropped, "dropped", now, by="the next call"))
            found += old.channels
    return found


def _alone(
    ctx: Context, tx: Transaction, runbook: Runbook, waiting: list[Member], now: float
) -> Message | None:
    """Only one came: it gets the page that it would have had by itself."""
    number = waiting[0].incident
    incident = tx.incident(number) if number is not None else None
    if incident is None:
        return None
    before = max(incident.calls - 1, 0)
    return escalate.about(ctx, tx, runbook, incident, waiting[0].why, now, calls=before).words()
