"""The heartbeat to the outside: given only while the engine ticks, the store takes what is written,
and pages leave."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from autofix.core.marks import Mark
from autofix.core.pages import Page, PageState
from autofix.errors import ChannelError, StoreError
from autofix.flow.context import Context, log
from autofix.flow.outbox import FOLLOWING
from autofix.options import Options

if TYPE_CHECKING:
    from autofix.channels.heartbeat import Heartbeat

MARK = "heartbeat"
#: Seconds: how often the truth is looked at, how old a tick may be, how long a page may have gone
#: from channel to channel in vain.
LOOK, TICK_AGE, STUCK = 5.0, 30.0, 30.0


@dataclass(frozen=True)
class Health:
    """What must be true for a sign of life."""

    tick_age: float
    store_error: str = ""
    stuck: tuple[Page, ...] = ()

    @property
    def trouble(self) -> str:
        """What is wrong, in words; empty when nothing is."""
        said = []
        if self.tick_age > TICK_AGE:
            said.append(f"the engine has not ticked for {self.tick_age:.0f} s")
        if self.store_error:
            said.append(f"the store can't be written: {self.store_error}")
        if self.stuck:
            said.append(f"{len(self.stuck)} pages can't leave by any channel")
        return "; ".join(said)


class Pulse:
    """A thread of its own: a switch that hangs holds up nothing else."""

    def __init__(
        self,
        ctx: Context,
        options: Callable[[], Options | None],
        tick_age: Callable[[], float],
        stopping: threading.Event,
    ) -> None:
        self._ctx, self._options, self._tick_age = ctx, options, tick_age
        self._stopping = stopping
        self._since = ctx.clock.now()  # what was due before had nobody to send it
        self._made: Heartbeat | None = None
        self._asked_at, self._trouble = float("-inf"), ""
        self._said = ""
        self._thread = threading.Thread(target=self._go_round, name="heartbeat", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def _go_round(self) -> None:
        while not self._stopping.wait(1.0 if self._soon() else LOOK):
            try:
                self.look()
            except Exception:  # noqa: BLE001 - the next look is as good
                log.exception("heartbeat")

    def _soon(self) -> bool:
        return self._made is not None and self._made.options.every < 2 * LOOK

    def look(self) -> None:
        """Give the sign if its time has come; a new trouble is told at once."""
        options = self._options()
        if options is None:
            return
        heartbeat = self._heartbeat(options)
        now = time.monotonic()
        waits = now - self._asked_at < heartbeat.options.every
        if waits and self._trouble and now - self._asked_at < LOOK:
            return
        trouble = self.health(write=not waits).trouble
        if waits and bool(trouble) == bool(self._trouble):
            return
        self._asked_at, self._trouble = now, trouble
        self._beat(heartbeat, trouble)

    def _heartbeat(self, options: Options) -> Heartbeat:
        """Made when it is first needed, and anew when the settings changed."""
        from autofix.channels.heartbeat import Heartbeat
        from autofix.channels.heartbeat_options import HeartbeatOptions

        assert isinstance(options, HeartbeatOptions)
        if self._made is None or self._made.options != options:
            self._made = Heartbeat(options)
        return self._made

    def health(self, *, write: bool) -> Health:
        """The truth now; with `write` also whether the store takes a commit."""
        now, error = self._ctx.clock.now(), ""
        stuck: tuple[Page, ...] = ()
        try:
            with self._ctx.store.reading() as reads:
                queued = reads.pages(states=[PageState.QUEUED], limit=200)
                stuck = tuple(page for page in queued if _in_vain(page, now, self._since))
            if write:
                with self._ctx.store.transaction() as tx:
                    tx.set_mark(Mark(f"{MARK}.written", now))
        except StoreError as failed:
            error = str(failed)
        return Health(self._tick_age(), error, stuck)

    def _beat(self, heartbeat: Heartbeat, trouble: str) -> None:
        answer, error = "", ""
        try:
            answer = heartbeat.beat(trouble)
        except ChannelError as failed:
            error = str(failed)
        if error and error != self._said:
            log.warning("the outside was not reached: %s", error)
        if trouble:
            log.error("no sign of life is given to the outside: %s", trouble)
        self._said = error
        self._note(heartbeat.place, answer, error, trouble)

    def _note(self, place: str, answer: str, error: str, trouble: str) -> None:
        """For `status` and `doctor`: the last that was heard, and what went wrong since."""
        now = self._ctx.clock.now()
        data: dict[str, object] = {
            "place": place,
            "answer": answer,
            "error": error,
            "trouble": trouble,
        }
        try:
            with self._ctx.store.transaction() as tx:
                before = tx.mark(MARK)
                heard = before.data.get("heard_at") if before else None
                data["heard_at"] = now if not error and not trouble else heard
                tx.set_mark(Mark(MARK, now, data))
        except StoreError as failed:
            log.debug("heartbeat: %s", failed)


def _in_vain(page: Page, now: float, since: float) -> bool:
    """Every channel was tried, and it still waits; or its time has come long since, and none was.
    Nobody waits for one that closes another."""
    if page.kind in FOLLOWING:
        return False
    if not page.tried:
        return page.due_at is not None and now - max(page.due_at, since) >= 2 * STUCK
    return page.tried >= len(set(page.channels)) and now - page.created_at >= STUCK
