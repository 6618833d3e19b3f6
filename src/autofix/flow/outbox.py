"""The outbox: queued pages leave by their channels, one try at a time, until one takes them."""

from __future__ import annotations

import threading
from dataclasses import replace

from autofix import crashpoints
from autofix.core.delivery import REST, REST_LIMIT, Try, Wait, choose
from autofix.core.escalation import CHANNEL_TIMEOUT
from autofix.core.pages import Page, PageKind, PageState
from autofix.errors import AutofixError
from autofix.flow import closing, links, storms
from autofix.flow.context import Context, log
from autofix.flow.lanes import Lanes
from autofix.flow.record import of_page
from autofix.ports import Channel

#: What follows a page that was sent, by the channel that took it.
FOLLOWING = (PageKind.TAKEN, PageKind.CLOSING)
#: What closes a page is given up after this many seconds: nobody waits for it.
CLOSING_LIMIT = 86400.0


def route(ctx: Context, page_id: int) -> str:
    """The channel that tries this page now; empty when none does: it waits, or is not wanted."""
    if page_id in ctx.delivered:
        return ctx.delivered[page_id][0]
    with ctx.store.reading() as reads:
        page = reads.page(page_id)
        outdated = page is not None and closing.outdated(reads, page)
        unwritten = page is not None and storms.unwritten(reads, page)
    if page is None or page.state is not PageState.QUEUED:
        return ""
    if outdated:
        _drop(ctx, page_id, "the next call")
        return ""
    written = storms.written(ctx, page_id) if unwritten else page
    if written is None:
        return ""
    page, now = _rerouted(ctx, written), ctx.clock.now()
    chosen = choose(page.channels, page.tried, ctx.lanes.resting(), now)
    if isinstance(chosen, Wait):
        _wait(ctx, page_id, chosen.until)
        return ""
    return chosen.channel


def _wait(ctx: Context, page_id: int, until: float) -> None:
    with ctx.store.transaction() as tx:
        page = tx.page(page_id)
        if page is not None and page.state is PageState.QUEUED:
            tx.save_page(replace(page, due_at=until), None)


def _drop(ctx: Context, page_id: int, by: str) -> None:
    with ctx.store.transaction() as tx:
        page = tx.page(page_id)
        if page is not None and page.state is PageState.QUEUED:
            dropped = page.with_(state=PageState.DROPPED, due_at=None)
            tx.save_page(dropped, of_page(dropped, "dropped", ctx.clock.now(), by=by))


def deliver(ctx: Context, page_id: int, name: str) -> None:
    """One try of one page by this channel, within the lanes' timeout."""
    with ctx.store.reading() as reads:
        waiting = reads.page(page_id)
    if waiting is None or waiting.state is PageState.SENT:
        ctx.delivered.pop(page_id, None)
        return
    # Sent, but not yet written down since the store failed: only the writing is still to do.
    if page_id not in ctx.delivered and not _attempt(ctx, waiting, name):
        return
    _sent(ctx, page_id, *ctx.delivered[page_id])
    crashpoints.reach("page.written")
    ctx.delivered.pop(page_id, None)


def _attempt(ctx: Context, page: Page, name: str) -> bool:
    """Did the channel take it?"""
    now = ctx.clock.now()
    chosen = choose(_rerouted(ctx, page).channels, page.tried, ctx.lanes.resting(), now)
    ours = isinstance(chosen, Try) and chosen.channel == name
    if page.state is not PageState.QUEUED or not ours:
        return False  # the channel failed while the page waited for it: another one's turn
    crashpoints.reach("page.sending")
    answer, error = _try(ctx, page, name)
    crashpoints.reach("page.sent")
    if error:
        _failed(ctx, page.id, name, error)
        return False
    ctx.lanes.worked(name)
    ctx.delivered[page.id] = (name, answer)
    return True


def _try(ctx: Context, page: Page, name: str) -> tuple[str, str]:
    """(answer, error); a link to acknowledge by is in what is sent, and in nothing that is kept."""
    page, code = links.with_link(ctx, page)
    answer, error = send(ctx.book.channels.get(name), page, name, ctx.lanes)
    return links.without(code, answer), links.without(code, error)


def _sent(ctx: Context, page_id: int, name: str, answer: str) -> None:
    with ctx.store.transaction() as tx:
        now, page = ctx.clock.now(), tx.page(page_id)
        if page is None or page.state is PageState.SENT:
            return
        # One that was dropped while it was on its way was sent all the same.
        sent = page.with_(
            state=PageState.SENT, sent_by=name, sent_at=now, due_at=None, tried=page.tried + 1
        )
        sent = tx.save_page(sent, of_page(sent, "sent", now, channel=name, answer=answer))
        closing.late(ctx, tx, sent, now)
        crashpoints.reach("page.writing")


def _failed(ctx: Context, page_id: int, name: str, error: str) -> None:
    log.warning("page %s: channel %s failed: %s", page_id, name, error)
    now = ctx.clock.now()
    ctx.lanes.failed(name, now)
    with ctx.store.transaction() as tx:
        page = tx.page(page_id)
        if page is None or page.state is not PageState.QUEUED:
            return
        failed = _after_failure(_rerouted(ctx, page), name, error, now)
        if _hopeless(failed, now):
            failed = failed.with_(state=PageState.DROPPED, due_at=None)
            tx.save_page(failed, of_page(failed, "dropped", now, by="its age", error=error))
            return
        tx.save_page(failed, of_page(failed, "failed", now, channel=name, error=error))


def _after_failure(page: Page, name: str, error: str, now: float) -> Page:
    """The next channel's turn at once; after the last one's, once they have rested."""
    count = len(page.channels)
    at = page.channels.index(name) if name in page.channels else page.tried % count
    tried = page.tried + (at - page.tried) % count + 1
    rounds, more = divmod(tried, count)
    wait = 0.0 if more else min(REST * 2 ** min(rounds - 1, 20), REST_LIMIT)
    return replace(page, tried=tried, last_error=f"{name}: {error}", due_at=now + wait)


def _hopeless(page: Page, now: float) -> bool:
    return page.kind in FOLLOWING and now - page.created_at > CLOSING_LIMIT


def _rerouted(ctx: Context, page: Page) -> Page:
    """By its policy's channels of today, when one that it was queued for is not there any more."""
    policy = ctx.book.policies.get(page.policy) or ctx.book.policies.get("default")
    gone = any(name not in ctx.book.channels for name in page.channels)
    if not gone or not policy or not policy.channels or page.kind in FOLLOWING:
        return page
    return replace(page, channels=policy.channels)


def send(
    channel: Channel | None, page: Page, name: str, lanes: Lanes | None = None
) -> tuple[str, str]:
    """(answer, error) of one try. A channel that hangs is left behind in its own thread; as long
    as several of a channel's are (see `Lanes.enter`), it is not tried."""
    lanes = lanes or Lanes(CHANNEL_TIMEOUT)
    if channel is None:
        return "", f"there is no channel {name!r} in the settings any more"
    if not lanes.enter(name):
        return "", "earlier tries hang in it still"
    result: list[tuple[str, str]] = []

    def attempt() -> None:
        try:
            result.append((channel.send(page, timeout=lanes.patience), ""))
        except AutofixError as error:
            result.append(("", str(error)))
        except Exception as error:  # noqa: BLE001 - a plugin's defect must not silence us
            result.append(("", f"{type(error).__name__} in channel {name}"))
        finally:
            lanes.leave(name)

    thread = threading.Thread(target=attempt, name=f"page-{page.id}-{name}", daemon=True)
    thread.start()
    thread.join(lanes.timeout)
    return result[0] if result else ("", f"no answer within {lanes.timeout:g} s")
