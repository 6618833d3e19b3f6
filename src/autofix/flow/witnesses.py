"""Telling witnesses: copies of checkpoints leave for places that a writer of the store can't write.

What each was told last stands in the store (marks), so it does not matter which process tells.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from autofix.core.checkpoints import Checkpoint, line
from autofix.core.inert import inert
from autofix.core.marks import Mark
from autofix.core.pages import Page, PageKind
from autofix.errors import AutofixError
from autofix.flow.context import Context, log
from autofix.flow.escalate import notify
from autofix.flow.record import of_page
from autofix.ports import Transaction, Witness

TIMEOUT = 10.0
#: Failures in a row before a person is told, once.
PATIENCE = 3
DAY = 86400.0


@dataclass(frozen=True)
class Told:
    """What is known of one witness. `tried` and `size` are checkpoints' sizes."""

    tried: int = 0
    size: int = 0
    failed: int = 0
    why: str = ""
    paged: bool = False

    @classmethod
    def of(cls, mark: Mark | None) -> Told:
        known = mark.data if mark else {}
        return cls(**{name: known[name] for name in cls.__dataclass_fields__ if name in known})


def mark_name(witness: str) -> str:
    return f"witness:{witness}"


def tell(ctx: Context, witnesses: Sequence[Witness], *, timeout: float = TIMEOUT) -> None:
    """Give the newest checkpoint to every witness that was not tried with it yet."""
    if not witnesses:
        return
    with ctx.store.reading() as reads:
        last = reads.last_checkpoint()
        marks = {each.name: reads.mark(mark_name(each.name)) for each in witnesses}
    if last is None:
        return
    for witness in witnesses:
        mark, now = marks[witness.name], ctx.clock.now()
        told = Told.of(mark)
        early = mark is not None and not told.failed and 0 <= now - mark.at < witness.every
        if told.tried != last.size and not early:
            _tell_one(ctx, witness, last, told, timeout)


def _tell_one(ctx: Context, witness: Witness, last: Checkpoint, told: Told, timeout: float) -> None:
    why = _attempt(witness, last, timeout)
    if why:
        log.warning("witness %s did not take a checkpoint: %s", witness.name, why)
        news = Told(last.size, told.size, told.failed + 1, why, told.paged)
    else:
        if told.failed:
            log.info("witness %s takes checkpoints again", witness.name)
        news = Told(last.size, last.size)
    with ctx.store.transaction() as tx:
        if news.failed >= PATIENCE and not news.paged:
            _page(ctx, tx, witness, news)
            news = Told(news.tried, news.size, news.failed, news.why, True)
        tx.set_mark(Mark(mark_name(witness.name), ctx.clock.now(), dict(vars(news))))


def _attempt(witness: Witness, last: Checkpoint, timeout: float) -> str:
    """Why it failed; empty when it did not. One that hangs is left behind in its own thread."""
    result: list[str] = []

    def attempt() -> None:
        try:
            witness.tell(last, timeout=timeout)
            result.append("")
        except AutofixError as error:
            result.append(inert(str(error), 300))
        except Exception as error:  # noqa: BLE001 - a defect there must not stop the others
            result.append(f"{type(error).__name__} in witness {witness.name}")

    thread = threading.Thread(target=attempt, name=f"witness-{witness.name}", daemon=True)
    thread.start()
    thread.join(timeout + 1)
    return result[0] if result else f"no answer within {timeout:.0f} s"


def _page(ctx: Context, tx: Transaction, witness: Witness, told: Told) -> None:
    words = ctx.book.words
    text = words.gettext(
        "{count} checkpoints in a row did not reach the witness {witness}.\n"
        "The last failure: {why}\n"
        "It knows the record up to entry {size}.\n\n"
        "autofix goes on, and tries again with each checkpoint. Until it works, an old copy put in "
        "the place of the whole store would not be found by this witness.\n\n"
        "Look: audit.witnesses in autofix.yaml; autofix audit verify"
    ).format(count=told.failed, witness=witness.name, why=told.why, size=told.size)
    title = words.gettext("the witness {witness} takes no checkpoints")
    title = title.format(witness=witness.name)
    notify(ctx, tx, title, text, f"autofix:witness:{witness.name}", ctx.clock.now())


class DigestWitness:
    """A page a day with the newest checkpoint: kept by a channel's mailbox or chat."""

    every = DAY

    def __init__(self, ctx: Context, channel: str) -> None:
        self.name = f"channel {channel}"
        self._ctx, self._channel = ctx, channel

    def tell(self, checkpoint: Checkpoint, *, timeout: float) -> None:  # noqa: ARG002 - the outbox
        now, words = self._ctx.clock.now(), self._ctx.book.words
        title = words.gettext("autofix: the record's checkpoint at entry {size}")
        text = words.gettext(
            "Keep this message: it proves what the record said by now.\n\n"
            "{line}\n\n"
            "Compare: save this message as FILE, then autofix audit verify --witness FILE"
        )
        page = Page(
            0, None, "", (self._channel,), "P3", title.format(size=checkpoint.size),
            text.format(line=line(checkpoint)),
            f"autofix:digest:{self._channel}:{checkpoint.size}",
            now, now, kind=PageKind.NOTICE,
            data={"size": checkpoint.size, "head": checkpoint.head},
        )  # fmt: skip
        with self._ctx.store.transaction() as tx:
            tx.add_page(page, of_page(page, "queued", now))
