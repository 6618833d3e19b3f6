"""One-time links to acknowledge by: made when a page is sent, kept nowhere but as a hash."""

from __future__ import annotations

import secrets

from autofix.core.acks import LASTS, AckCode, digest_of
from autofix.core.incidents import ASKING
from autofix.core.inert import MASK
from autofix.core.messages import ACK_LINE
from autofix.core.pages import CALLS, Page, PageKind
from autofix.errors import StoreError
from autofix.flow.context import Context, log
from autofix.ports import Reads


def with_link(ctx: Context, page: Page) -> tuple[Page, str]:
    """The page as it is sent, with a fresh code or without the line; and the code, if any."""
    if page.kind not in CALLS or ACK_LINE not in page.text:
        return page, ""
    code = _code(ctx, page) if ctx.book.public_url else ""
    url = f"{ctx.book.public_url.rstrip('/')}/ack/{code}"
    line = ctx.book.words.gettext("acknowledge: {url}").format(url=url) if code else ""
    return page.with_(text=_replaced(page.text, line)), code


def _replaced(text: str, line: str) -> str:
    """Our line is the first of its kind: what hosts and alerts say stands further below."""
    before, _, after = text.partition(f"\n{ACK_LINE}\n")
    return f"{before}\n{line}\n{after}" if line else f"{before}\n{after}"


def without(code: str, words: str) -> str:
    """What a channel says must not tell the code to the record."""
    return words.replace(code, MASK) if code else words


def new_code() -> str:
    """128 bits that nobody guesses, fit for a URL."""
    return secrets.token_urlsafe(16)


def _code(ctx: Context, page: Page) -> str:
    code, now = new_code(), ctx.clock.now()
    try:
        with ctx.store.transaction() as tx:
            if not _wanted(tx, page):
                return ""
            number = page.incident if page.kind is PageKind.CALL else None
            about = 0 if number else page.id
            tx.add_ack_code(AckCode(digest_of(code), number or 0, now, now + LASTS, page=about))
    except StoreError as error:
        log.warning("page %s goes without its link: %s", page.id, error)
        return ""
    return code


def _wanted(reads: Reads, page: Page) -> bool:
    incident = reads.incident(page.incident) if page.incident else None
    if page.kind is PageKind.DIGEST:
        return bool(page.data.get("incidents"))
    return incident is not None and incident.state in ASKING
