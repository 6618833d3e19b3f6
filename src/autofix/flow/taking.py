"""Acknowledging by the code of a page, and all of a digest at once."""

from __future__ import annotations

from dataclasses import dataclass

from autofix.core.acks import AckCode, digest_of
from autofix.core.incidents import Incident
from autofix.core.pages import PageKind
from autofix.errors import HeldError, NotFound
from autofix.flow.asked import find
from autofix.flow.context import Context
from autofix.flow.people import take
from autofix.ports import Transaction

#: Incidents that are taken in one transaction.
CHUNK = 200
#: Incidents that are named before somebody takes them.
SHOWN = 20
#: Incidents of one digest.
MOST = 10_000


@dataclass(frozen=True)
class Asked:
    """What a code is for. `over`: why it is good no more (`used`, `old`), empty while it is."""

    incidents: tuple[Incident, ...]
    count: int
    over: str = ""
    used_at: float | None = None


def asked(ctx: Context, code: str) -> Asked:
    """What would be acknowledged; nothing is. NotFound for a code that nobody ever gave out."""
    with ctx.store.reading() as reads:
        known = reads.ack_code(digest_of(code))
        if known is None:
            raise NotFound("this link is not known", hint="it may be too old, or cut off")
        one = reads.incident(known.incident) if known.incident else None
        many = [] if known.incident else reads.asking(known.page, MOST)
    incidents = [one] if one is not None else many
    over = _over(known, ctx.clock.now())
    return Asked(tuple(incidents[:SHOWN]), len(incidents), over, known.used_at)


def _over(known: AckCode, now: float) -> str:
    if known.used_at is not None:
        return "used"
    return "old" if known.until <= now else ""


def by_code(ctx: Context, code: str, by: str) -> list[Incident]:
    """Acknowledge what this code, or the link with it, is for. It is good once.

    HeldError: unknown, used already or too old; or there is nothing to acknowledge any more.
    """
    with ctx.store.transaction() as tx:
        used = tx.use_ack_code(digest_of(code), ctx.clock.now())
        if used is None:
            raise HeldError(
                "this code is not known, was used already, or is older than a day",
                hint="see `autofix incidents list`, then `autofix incidents ack NUMBER`",
            )
        if used.incident:
            return [take(ctx, tx, find(tx, used.incident), by, via="link")]
        taken = _portion(ctx, tx, used.page, by, "link")
    return [*taken, *_all(ctx, used.page, by, "link")]


def all_of(ctx: Context, page_id: int, by: str) -> list[Incident]:
    """Acknowledge everything that this page is about and that waits for somebody."""
    with ctx.store.reading() as reads:
        page = reads.page(page_id)
    if page is None:
        raise NotFound(f"there is no page {page_id}", hint="see `autofix pages list`")
    if page.kind is PageKind.DIGEST:
        return _all(ctx, page_id, by, "")
    if page.incident is None:
        raise HeldError(
            f"page {page_id} is not about an incident", hint="there is nothing to acknowledge"
        )
    with ctx.store.transaction() as tx:
        return [take(ctx, tx, find(tx, page.incident), by)]


def _all(ctx: Context, page_id: int, by: str, via: str) -> list[Incident]:
    taken: list[Incident] = []
    while True:
        with ctx.store.transaction() as tx:
            portion = _portion(ctx, tx, page_id, by, via)
        if not portion:
            return taken
        taken += portion


def _portion(ctx: Context, tx: Transaction, page_id: int, by: str, via: str) -> list[Incident]:
    """The next of a digest's incidents that nobody has yet."""
    asking = tx.asking(page_id, CHUNK)
    return [take(ctx, tx, incident, by, via) for incident in asking]
