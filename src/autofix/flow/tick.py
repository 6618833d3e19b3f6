"""What is due is done: signals, decisions, looks, runs and pages. Nothing lives only in memory.

The engine asks the store what is due, hands each thing to a pool and forgets it; what was not
finished when the process died is due again after the next start.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from math import inf

from autofix import crashpoints
from autofix.core.due import Due
from autofix.core.signals import Signal
from autofix.errors import Duplicate, StoreError
from autofix.flow import (
    calling,
    decide,
    escalate,
    intake,
    nearing,
    outbox,
    remediate,
    unhandled,
    verify,
)
from autofix.flow.context import Context, log
from autofix.flow.recover import lose
from autofix.flow.results import describe
from autofix.flow.trouble import Trouble

#: Seconds between two looks at what is due, when nothing wakes the engine.
TICK = 0.25
#: Seconds after which it looks at what is due, even if nothing seems to have changed.
AT_LEAST_EVERY = 5.0


class Engine:
    """The loop of a server, and of a command that works without one.

    `start` runs a callable in the background under a key, unless that key is under way already;
    see `autofix.flow.pools.Pools`.
    """

    def __init__(self, ctx: Context, start: Callable[[str, str, Callable[[], None]], bool]) -> None:
        self._ctx, self._start = ctx, start
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._quiet_until = 0.0  # nothing is due until then, unless the store changes
        self._looked = float("-inf")
        self._trouble = Trouble(ctx)
        ctx.store_failed = self._trouble.failed

    def wake(self) -> None:
        """Something changed: look now."""
        self._wake.set()

    def stop(self) -> None:
        self._stop.set()
        self._wake.set()

    def run(self, until: Callable[[], bool] = lambda: False) -> None:
        """Tick until stopped, or until `until` says so. A failing store is tried again."""
        while not self._stop.is_set() and not until():
            try:
                if self._worth_a_look():
                    self.tick()
            except StoreError as error:
                self._trouble.failed(error)
                self._ctx.clock.sleep(1.0)
            except Exception:  # noqa: BLE001 - whatever it is, the loop that pages goes on
                log.exception("looking at what is due failed")
                self._ctx.clock.sleep(1.0)
            if self._trouble.there:
                self._start("page", "page past the store", self._trouble.tend)
            if self._wake.wait(TICK):
                self._wake.clear()
                self._quiet_until = 0.0

    def _worth_a_look(self) -> bool:
        """Has anything happened, or come due? Asked four times a second, all night long."""
        changed = self._ctx.store.changed()
        late = time.monotonic() - self._looked >= AT_LEAST_EVERY
        return changed or late or self._ctx.clock.now() >= self._quiet_until

    def tick(self) -> None:
        """Everything that is due now, started once."""
        self._quiet_until = 0.0  # if this fails, it is tried again
        now = self._ctx.clock.now()
        with self._ctx.store.reading() as reads:
            due = reads.due(now)
            moment = reads.next_due() if due == Due() else now
        self._looked, self._quiet_until = time.monotonic(), inf if moment is None else moment
        self._each("decide", due.signals, self._signal, key="signal")
        begun = self._each("decide", due.decisions, self._decide)
        self._ctx.backlog.seen(now, len(due.decisions), begun)
        self._each("look", due.looks, self._look)
        self._each("decide", due.deadlines[:1], self._deadlines, key="deadlines")
        self._each("run", due.runs, lambda each: remediate.execute(self._ctx, each))
        # A live run that no thread of ours is at has lost its thread (it has the same key).
        self._each("run", due.running, lambda each: lose(self._ctx, each))
        if due.calls:
            self._start("page", "calls", self._task(lambda _: calling.call_due(self._ctx), 0))
        moving = self._ctx.lanes.on_its_way
        self._each("page", (each for each in due.pages if not moving(each)), self._page)

    def _each(
        self, kind: str, ids: Iterable[int], work: Callable[[int], object], key: str = ""
    ) -> int:
        """How many were begun: the others are under way already."""
        tasks = ((f"{key or kind} {each}", self._task(work, each)) for each in ids)
        return sum(self._start(kind, name, task) for name, task in tasks)

    def _task(self, work: Callable[[int], object], each: int) -> Callable[[], None]:
        def task() -> None:
            try:
                work(each)
            except StoreError as error:
                # It is still due. Not at once again: a store in trouble is not helped by haste.
                self._trouble.failed(error)
                self._ctx.clock.sleep(1.0)
                return
            self.wake()

        return task

    def _page(self, page_id: int) -> None:
        """To the lane of the channel whose turn it is: one that hangs holds up no other."""
        name = outbox.route(self._ctx, page_id)
        if not name or not self._ctx.lanes.take(page_id):
            return

        def deliver(each: int) -> None:
            try:
                outbox.deliver(self._ctx, each, name)
            finally:
                self._ctx.lanes.done(each)

        if not self._start(f"page {name}", f"deliver {page_id}", self._task(deliver, page_id)):
            self._ctx.lanes.done(page_id)

    def _signal(self, signal_id: int) -> None:
        self._ctx.rush.give_way()
        with self._ctx.store.reading() as reads:
            signal = reads.signal(signal_id)
        if signal is None:
            return
        opened = self._handled(signal)
        if opened is not None:
            self._decide(opened)
            crashpoints.reach("signal.matched")

    def _handled(self, signal: Signal) -> int | None:
        """The incident that it opened."""
        try:
            return intake.handle(self._ctx, signal).incident
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 - one signal's defect must not keep it for ever
            log.exception("signal %s could not be handled", signal.id)
            unhandled.give_up(self._ctx, signal, describe(error))
            return None

    def _decide(self, incident_id: int) -> None:
        self._ctx.rush.give_way()
        # Decisions run side by side but commit one after the other, each with all guards looked
        # at in its own transaction: at_once sees every decision before it.
        self._surely(decide.decide_due, incident_id)
        crashpoints.reach("decision.decided")

    def _deadlines(self, _: int) -> None:
        nearing.tell_due(self._ctx)

    def _look(self, incident_id: int) -> None:
        self._surely(verify.look_again, incident_id)
        crashpoints.reach("verify.judged")

    def _surely(self, work: Callable[[Context, int], None], incident_id: int) -> None:
        try:
            work(self._ctx, incident_id)
        except Duplicate as error:
            self._defect(incident_id, error)  # tried again it would be so again
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 - one incident's defect must not stop the others
            self._defect(incident_id, error)

    def _defect(self, incident_id: int, error: Exception) -> None:
        log.exception("incident %s could not be worked on", incident_id)
        now = self._ctx.clock.now()
        with self._ctx.store.transaction() as tx:
            incident = tx.incident(incident_id)
            if incident is None or not incident.live or incident.due_at is None:
                return
            runbook = self._ctx.book.runbooks.get(incident.runbook)
            why = f"autofix could not go on: {describe(error)}"
            escalate.escalate(self._ctx, tx, runbook, incident, why, now)
