"""`abort_if`: watched while a fix runs. When it holds, the run ends."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from autofix.core.incidents import Incident
from autofix.core.inert import inert
from autofix.core.runbooks import Runbook
from autofix.core.runs import Outcome, Run, RunEvent, RunKind
from autofix.flow.context import Context, log
from autofix.flow.heartbeat import Heartbeat
from autofix.flow.looking import look_for, scope

#: How a run's reason begins that abort_if ended.
MARK = "abort_if: "
#: Seconds between two looks, at least.
PACE = 1.0
#: So many looks in a row that could not tell are noted with the run.
BLIND = 3


@contextmanager
def watching(ctx: Context, run: Run, beat: Heartbeat) -> Iterator[None]:
    """Watch this run's `abort_if`, if its runbook has one; rollbacks and afterwards are spared."""
    runbook = ctx.book.runbooks.get(run.runbook)
    if runbook is None or not wanted(runbook, run):
        yield
        return
    watcher = Watcher(ctx, runbook, run, beat)
    watcher.start()
    try:
        yield
    finally:
        watcher.stop()


def wanted(runbook: Runbook, run: Run) -> bool:
    """A rehearsal changes nothing, so nothing has to be stopped."""
    has_one = runbook.guards.abort_if is not None and runbook.verify is not None
    return has_one and run.kind is RunKind.FIX and not run.check


def seen(ctx: Context, runbook: Runbook, incident: Incident) -> str:
    """What speaks for aborting, by the facts of the last look: `clients < 1 (clients = 0)`."""
    condition = runbook.guards.abort_if
    if condition is None:
        return ""
    names = scope(ctx, incident.host, incident.facts, incident.inputs)
    return condition.explain(names) if condition.holds(names) else ""


class Watcher:
    """A thread beside the heartbeat: a probe that hangs keeps neither that nor the run's end."""

    def __init__(self, ctx: Context, runbook: Runbook, run: Run, beat: Heartbeat) -> None:
        assert runbook.verify is not None
        self._ctx, self._runbook, self._run, self._beat = ctx, runbook, run, beat
        self._every = max(runbook.verify.every, PACE)
        self._limit = runbook.verify.timeout + PACE
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._misses = 0

    def start(self) -> None:
        threading.Thread(target=self._watch, name=f"abort-{self._run.id}", daemon=True).start()

    def stop(self) -> None:
        """The run has ended: what is seen from now on is the verification's."""
        with self._lock:
            self._over.set()

    def _watch(self) -> None:
        while True:
            try:
                self._look()
            except Exception as error:  # noqa: BLE001 - the next look may do
                log.warning("run %s: abort_if could not be looked at: %s", self._run.id, error)
                self._missed(str(error))
            if self._over.wait(self._every):
                return

    def _look(self) -> None:
        with self._ctx.store.reading() as reads:
            incident = reads.incident(self._run.incident)
        condition = self._runbook.guards.abort_if
        if incident is None or condition is None:
            return
        reading = look_for(self._ctx, self._runbook, incident, limit=self._limit)
        names = scope(self._ctx, incident.host, reading.facts, incident.inputs)
        holds = condition.holds(names)
        if holds:
            self._abort(condition.explain(names))
        elif holds is None:
            self._missed(reading.error or f"unknown: {condition.explain(names)}")
        else:
            self._misses = 0

    def _abort(self, words: str) -> None:
        with self._lock:
            if not self._over.is_set():
                log.warning("run %s ends: %s%s", self._run.id, MARK, words)
                self._beat.end(f"{MARK}{words}", f"{MARK}{words}", Outcome.ABORTED)

    def _missed(self, why: str) -> None:
        """Not knowing never aborts; it is noted once in a row."""
        self._misses += 1
        if self._misses != BLIND or self._over.is_set():
            return
        text = f"abort_if could not tell {BLIND} times in a row: {inert(why, 300)}"
        now = self._ctx.clock.now()
        self._beat.event(RunEvent("notice", now, host=self._run.host, text=text))
