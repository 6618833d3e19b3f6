"""While a run runs: its lease is renewed, its output kept, and a cancel is heard."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType

from autofix import crashpoints
from autofix.core.runs import Run, RunEvent
from autofix.errors import StoreError
from autofix.flow.context import Context, log

#: Seconds: how long a claim holds without a sign of life, and how often one is given.
LEASE, BEAT = 30.0, 0.25
RENEW_EVERY = 5.0


class Heartbeat:
    """A thread beside a run. `cancel` is set when someone asked, or when the lease is gone."""

    def __init__(self, ctx: Context, run: Run) -> None:
        self.cancel = threading.Event()
        self.why = ""
        self._ctx, self._run = ctx, run
        self._events: list[RunEvent] = []
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._renewed = ctx.clock.now()
        self._thread = threading.Thread(target=self._beat, name=f"beat-{run.id}", daemon=True)

    def event(self, event: RunEvent) -> None:
        """Keep an event; it reaches the store with the next beat."""
        with self._lock:
            self._events.append(event)
        crashpoints.reach("run.event")

    def __enter__(self) -> Heartbeat:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()
        try:
            self._flush()
        except Exception as failed:  # noqa: BLE001 - the run's end must still be written
            log.error("run %s: its last output could not be kept: %s", self._run.id, failed)

    def _beat(self) -> None:
        while not self._over.wait(BEAT):
            # Each by itself: output that can't be kept must not make a run deaf to a cancel.
            for each in (self._listen, self._renew, self._flush):
                self._try(each)

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
        if run is not None and run.cancel_requested and not self.cancel.is_set():
            self.why = f"cancelled by {run.cancel_requested}"
            self.cancel.set()

    def _renew(self) -> None:
        now = self._ctx.clock.now()
        if now - self._renewed < RENEW_EVERY:
            return
        with self._ctx.store.transaction() as tx:
            if not tx.renew_host(self._run.host, self._run.token, now + LEASE):
                self.why = "the host's lock was lost"
                self.cancel.set()
        self._renewed = now

    def _lease_gone(self) -> None:
        # Nobody may believe the host free while something of ours still runs there.
        if self._ctx.clock.now() - self._renewed > LEASE:
            self.why = "the lease could not be renewed"
            self.cancel.set()
