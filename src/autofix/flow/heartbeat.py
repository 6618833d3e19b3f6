"""While a run runs: its lease is renewed, its output kept, and a cancel is heard.

A cancel comes by the store, or by a pause's file: two threads, so that a store that hangs makes
nobody deaf."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType

from autofix import crashpoints
from autofix.core.runs import Outcome, Run, RunEvent
from autofix.errors import StoreError
from autofix.flow.context import Context, log

#: Seconds: how long a claim holds without a sign of life, and how often one is given.
LEASE, BEAT = 30.0, 0.25
RENEW_EVERY = 5.0


class Heartbeat:
    """Threads beside a run. `cancel` is set when someone asked, or when the lease is gone; `why`
    says so in words, and `asked` who wished it."""

    def __init__(self, ctx: Context, run: Run) -> None:
        self.cancel = threading.Event()
        self.why = self.asked = ""
        self.outcome = Outcome.CANCELLED
        self._ctx, self._run = ctx, run
        self._events: list[RunEvent] = []
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._renewed = ctx.clock.now()
        self._threads = [
            threading.Thread(target=work, name=f"{name}-{run.id}", daemon=True)
            for name, work in (("beat", self._beat), ("ear", self._hear))
        ]

    def event(self, event: RunEvent) -> None:
        """Keep an event; it reaches the store with the next beat."""
        with self._lock:
            self._events.append(event)
        crashpoints.reach("run.event")

    def end(self, why: str, asked: str = "", outcome: Outcome = Outcome.CANCELLED) -> None:
        """Have the run end, with this outcome; the first reason counts."""
        with self._lock:
            if not self.cancel.is_set():
                self.why, self.asked, self.outcome = why, asked, outcome
                self.cancel.set()

    def __enter__(self) -> Heartbeat:
        """RuntimeError, and no thread of ours is left, when the kernel refuses one."""
        try:
            for each in self._threads:
                each.start()
        except RuntimeError:
            self._over.set()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        for each in self._threads:
            each.join()
        try:
            self._flush()
        except Exception as failed:  # noqa: BLE001 - the run's end must still be written
            log.error("run %s: its last output could not be kept: %s", self._run.id, failed)

    def _beat(self) -> None:
        while not self._over.wait(BEAT):
            # Each by itself: output that can't be kept must not make a run deaf to a cancel.
            for each in (self._listen, self._renew, self._flush):
                self._try(each)

    def _hear(self) -> None:
        while not self._over.wait(BEAT):
            self._try(self._listen_to_files)

    def _listen_to_files(self) -> None:
        for pause in self._ctx.switch.pauses():
            if pause.cancel_running and pause.covers(self._run.runbook, self._run.host):
                self.end(f"cancelled by {pause.wish}", pause.wish)

    def _try(self, work: Callable[[], None]) -> None:
        try:
            work()
        except StoreError as error:
            log.warning("run %s: %s", self._run.id, error)
            self._lease_gone()
        except Exception:  # noqa: BLE001 - the only ear of a run stays open
            log.exception("run %s: its heartbeat", self._run.id)

    def _flush(self) -> None:
        with self._lock:
            events, self._events = self._events, []
        if not events:
            return
        try:
            with self._ctx.store.transaction() as tx:
                tx.add_run_events(self._run.id, events)
        except StoreError:
            with self._lock:
                self._events = events + self._events
            raise

    def _listen(self) -> None:
        with self._ctx.store.reading() as reads:
            run = reads.run(self._run.id)
        if run is not None and run.cancel_requested:
            self.end(f"cancelled by {run.cancel_requested}", run.cancel_requested)

    def _renew(self) -> None:
        now = self._ctx.clock.now()
        if now - self._renewed < RENEW_EVERY:
            return
        with self._ctx.store.transaction() as tx:
            if not tx.renew_host(self._run.host, self._run.token, now + LEASE):
                self.end("the host's lock was lost")
        self._renewed = now

    def _lease_gone(self) -> None:
        # Nobody may believe the host free while something of ours still runs there.
        if self._ctx.clock.now() - self._renewed > LEASE:
            self.end("the lease could not be renewed")
