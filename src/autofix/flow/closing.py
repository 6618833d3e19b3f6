"""What was called for is over, or somebody has it: channels that can close pages are told."""

from __future__ import annotations

from collections.abc import Iterator

from autofix.core.incidents import Incident
from autofix.core.messages import compose_over
from autofix.core.pages import CALLS, Page, PageKind, PageState
from autofix.flow.context import Context
from autofix.flow.record import of_page
from autofix.ports import Reads, Transaction


def tell(ctx: Context, tx: Transaction, incident: Incident, kind: PageKind, now: float) -> None:
    """Queue a page of this kind (TAKEN or CLOSING) for each that was sent about the incident by a
    channel that closes, and was not told yet."""
    if not any(closes(ctx, name) for name in ctx.book.channels):
        return
    for page in _sent(tx, incident, kind):
        if closes(ctx, page.sent_by):
            follow(ctx, tx, incident, page, kind, now)


def closes(ctx: Context, name: str) -> bool:
    return bool(getattr(ctx.book.channels.get(name), "closes", False))


def _sent(reads: Reads, incident: Incident, kind: PageKind) -> Iterator[Page]:
    states = [PageState.SENT]
    yield from reads.pages(incident=incident.id, kinds=CALLS, states=states, limit=1000)
    for digest in reads.digests(incident.id):
        counts = reads.member_counts(digest.id)
        left = counts.live if kind is PageKind.CLOSING else counts.waiting
        if digest.state is PageState.SENT and not left:
            yield digest


def follow(
    ctx: Context, tx: Transaction, incident: Incident, page: Page, kind: PageKind, now: float
) -> None:
    """Tell the channel that took `page`, once."""
    told = tx.pages(incident=incident.id, kinds=[kind], limit=1000)
    after = page.sent_at or page.created_at
    if any(
        each.dedup_key == page.dedup_key
        and page.sent_by in each.channels
        and each.created_at >= after
        for each in told
    ):
        return
    by = incident.reason if kind is PageKind.TAKEN else ""
    words = compose_over(incident, page.dedup_key, by, ctx.book.words)
    draft = Page(
        0,
        incident.id,
        page.policy,
        (page.sent_by,),
        page.severity,
        words.title,
        words.text,
        words.dedup_key,
        now,
        now,
        data=words.data,
        kind=kind,
        runbook=page.runbook,
        level=page.level,
    )
    tx.add_page(draft, of_page(draft, "queued", now))


def late(ctx: Context, tx: Transaction, page: Page, now: float) -> None:
    """A page was sent after all, while what it called for ended or was taken: it is told so."""
    if page.kind not in CALLS or not closes(ctx, page.sent_by):
        return
    incident, kind = _meanwhile(tx, page)
    if incident is not None and kind is not None:
        follow(ctx, tx, incident, page, kind, now)


def _meanwhile(reads: Reads, page: Page) -> tuple[Incident | None, PageKind | None]:
    """What became of what this page calls for: whom it is told about, and what."""
    if page.kind is PageKind.DIGEST:
        counts = reads.member_counts(page.id)
        members = reads.members(page.id, limit=counts.joined)
        number = next((each.incident for each in members if each.incident is not None), None)
        gone = None if counts.waiting else PageKind.TAKEN if counts.live else PageKind.CLOSING
        return (None if number is None else reads.incident(number)), gone
    incident = None if page.incident is None else reads.incident(page.incident)
    if incident is None:
        return None, None
    if not incident.live:
        return incident, PageKind.CLOSING if page.created_at <= incident.updated_at else None
    taken = incident.acknowledged_at
    return incident, PageKind.TAKEN if taken is not None and page.created_at <= taken else None


def outdated(reads: Reads, page: Page) -> bool:
    """It would close what was called for anew since."""
    if page.kind not in (PageKind.TAKEN, PageKind.CLOSING) or page.incident is None:
        return False
    calls = reads.pages(incident=page.incident, kinds=CALLS, limit=10)
    return any(each.id > page.id and each.dedup_key == page.dedup_key for each in calls)
