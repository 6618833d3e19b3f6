"""The outbox: queued pages leave by their channels, one try at a time, until one takes them."""

from __future__ import annotations

import threading
from dataclasses import replace

from autofix import crashpoints
from autofix.core.pages import Page, PageState
from autofix.errors import AutofixError
from autofix.flow.context import Context, log
from autofix.flow.record import of_page
from autofix.ports import Channel

#: How long one channel may take before the next is tried, in seconds.
CHANNEL_TIMEOUT = 12.0
#: After all channels failed: how long until the first is tried again, doubling up to the limit.
RETRY, RETRY_LIMIT = 15.0, 300.0


def deliver(ctx: Context, page_id: int) -> None:
    """One try of one page: by its next channel, within CHANNEL_TIMEOUT."""
    with ctx.store.reading() as reads:
        waiting = reads.page(page_id)
    if waiting is None or waiting.state is not PageState.QUEUED:
        return
    waiting = _rerouted(ctx, waiting)
    name = waiting.next_channel
    # Sent, but not yet written down since the store failed: only the writing is still to do.
    crashpoints.reach("page.sending")
    answer, error = ctx.delivered.get(page_id) or send(ctx.book.channels.get(name), waiting, name)
    crashpoints.reach("page.sent")
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
        crashpoints.reach("page.writing")
    crashpoints.reach("page.written")
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
