"""What must be true once a killed autofix has been started again and has come to rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from autofix.core.incidents import WITH_A_PERSON, Incident
from autofix.core.runbooks import Runbook
from autofix.core.runs import Run, RunKind, RunState
from autofix.core.signals import SignalState
from autofix.ports import Reads
from autofix.store.keys import Keys
from autofix.store.sql import SqlStore
from autofix.store.verify import verify
from crashkit.lasting import Traces

OVER = (RunState.FINISHED, RunState.LOST, RunState.DROPPED)
RAN = (RunState.FINISHED, RunState.LOST)
#: Seconds after a restart within which what was running must be written down as ended.
ENDED_WITHIN = 60.0


class Judge:
    """Reads the store and the world's traces; `complaints` are what is wrong, in words."""

    def __init__(
        self,
        store: SqlStore,
        traces: Traces,
        books: Mapping[str, Runbook],
        *,
        deaths: int,
    ) -> None:
        self._store, self._traces, self._books = store, traces, books
        self._deaths = deaths
        with store.reading() as reads:
            pages = reads.pages(limit=1_000_000)
            self._gathering = {page.runbook for page in pages if page.gathers}
            self._incidents = {each.id: each for each in reads.incidents(limit=1_000_000)}
            self._runs = sorted(reads.runs(limit=1_000_000), key=lambda run: run.id)
            self._retried = Counter(
                entry.event.incident
                for entry in reads.audit(action="incident.retried", limit=10**6)
            )
            self._undone = Counter(
                (entry.event.incident, entry.event.payload["step"])
                for entry in reads.audit(action="incident.rolling_back", limit=10**6)
                if entry.event.actor != "autofix"
            )

    def complaints(self) -> list[str]:
        with self._store.reading() as reads:
            return [
                *self._chain(),
                *self._signals(reads),
                *self._deliveries(reads),
                *self._promises(reads),
                *self._every_run(reads),
                *self._effects(),
                *self._owed(),
                *self._every_incident(),
                *self._pages(reads),
            ]

    def _chain(self) -> Iterator[str]:
        trusted = Keys(self._store.head_file.parent / "keys").trusted()
        report = verify(self._store, head=self._store.head_file, trusted=trusted)
        yield from (f"the record is broken: {each}" for each in report.breaks)

    def _signals(self, reads: Reads) -> Iterator[str]:
        for line in self._traces.all("acknowledged"):
            signal = reads.signal(line["signal"])
            if signal is None:
                yield f"signal {line['signal']} was acknowledged, and is lost"
            elif signal.state is SignalState.RECEIVED:
                yield f"signal {signal.id} was acknowledged, and never handled"
            elif signal.state is SignalState.IGNORED and not signal.reason:
                yield f"signal {signal.id} was ignored without a reason"

    def _deliveries(self, reads: Reads) -> Iterator[str]:
        for line in self._traces.all("delivered"):
            if reads.delivery(line["delivery"]) is None:
                yield f"delivery {line['delivery']} was acknowledged, and is lost"

    def _promises(self, reads: Reads) -> Iterator[str]:
        """What somebody was told has happened stands in the record."""
        for line in self._traces.all("promised"):
            if not reads.audit(action=line["action"], incident=line["incident"], limit=1):
                yield f"{line['action']} of {line['incident']} was promised, and is not recorded"

    def _every_run(self, reads: Reads) -> Iterator[str]:
        restarts = sorted(line["at"] for line in self._traces.all("restarted"))
        for run in self._runs:
            if run.state not in OVER:
                yield f"run {run.id} ({run.kind} {run.playbook}) is {run.state} for ever"
            if reads.host_lock(run.host) is not None:
                yield f"{run.host} is locked for ever"
            if run.state is RunState.LOST and run.started_at is not None and run.finished_at:
                back = next((at for at in restarts if at >= run.started_at), run.started_at)
                if run.finished_at > back + ENDED_WITHIN:
                    yield f"run {run.id} was ended {run.finished_at - back:.0f} s after the start"

    def _effects(self) -> Iterator[str]:
        """Nothing that is not idempotent is done twice; nothing is done that is not on record."""
        known = {run.id: run for run in self._runs}
        times: Counter[tuple[Any, ...]] = Counter()
        for line in self._traces.all("begun"):
            run = known.get(line["run"])
            if run is None or run.started_at is None:
                yield f"a playbook ran without a record: {line}"
                continue
            times[run.incident, run.kind, run.step] += 1
        for (incident, kind, step), count in times.items():
            book = self._books[self._incidents[incident].runbook]
            # A failed write may take effect all the same: such a run is lost without a death.
            lost = sum(
                run.state is RunState.LOST and (run.incident, run.step) == (incident, step)
                for run in self._runs
            )
            may = 1 + self._retried[incident] + (lost if book.idempotent else 0)
            may += self._undone[incident, step + 1] if kind is RunKind.ROLLBACK else 0
            if count > may:
                yield f"the {kind} of step {step + 1} of incident {incident} ran {count} times"
        again = Counter(line["run"] for line in self._traces.all("begun"))
        yield from (f"run {run} ran {count} times" for run, count in again.items() if count > 1)

    def _owed(self) -> Iterator[str]:
        for fix in self._runs:
            step = self._step(fix)
            if fix.kind is not RunKind.FIX or fix.started_at is None or fix.check or step is None:
                continue
            if step.afterwards and not self._did(fix, RunKind.AFTERWARDS):
                yield f"{step.afterwards} was owed after run {fix.id}, and never ran"
            undone = self._did(fix, RunKind.ROLLBACK)
            if step.rollback and not undone and not self._healed_by(fix):
                yield f"run {fix.id} was to be undone by {step.rollback}, and never was"
            if undone and self._healed_by(fix):
                yield f"run {fix.id} healed, and was undone all the same"

    def _step(self, run: Run) -> Any:
        book = self._books.get(run.runbook)
        return book.fix[run.step] if book and run.step < len(book.fix) else None

    def _did(self, fix: Run, kind: RunKind) -> bool:
        return any(
            run.kind is kind
            and (run.incident, run.step) == (fix.incident, fix.step)
            and run.attempt >= fix.attempt
            and run.state in RAN
            for run in self._runs
        )

    def _healed_by(self, fix: Run) -> bool:
        fixes = [
            run for run in self._runs
            if run.incident == fix.incident and run.kind is RunKind.FIX and run.started_at
        ]  # fmt: skip
        healed = self._incidents[fix.incident].state in ("healed", "done")
        return healed and fix.id == fixes[-1].id

    def _every_incident(self) -> Iterator[str]:
        for incident in self._incidents.values():
            if incident.live and incident.state not in WITH_A_PERSON:
                yield f"incident {incident.id} is {incident.state} for ever: {incident.reason}"
            if incident.live and not self._reached(incident):
                yield f"incident {incident.id} is {incident.state}, and nobody was reached"
        for run in self._runs:
            incident = self._incidents[run.incident]
            if run.state is RunState.LOST and incident.live and not self._reached(incident):
                yield f"run {run.id} was lost, and nobody was reached"

    def _reached(self, incident: Incident) -> bool:
        """By a page of its own, by another of its runbook, or by the digest that gathers."""
        return incident.runbook in self._gathering or any(
            incident.id == line["incident"] or (line["runbook"] or "-") == incident.runbook
            for line in self._traces.all("rung")
        )

    def _pages(self, reads: Reads) -> Iterator[str]:
        for page in reads.pages(limit=1_000_000):
            if page.due_at is not None and not page.gathers:
                yield f"page {page.id} is in the outbox for ever"
        rung = Counter(line["page"] for line in self._traces.all("rung"))
        for number, count in rung.items():
            if count > 1 + self._deaths:
                yield f"page {number} was sent {count} times"
