"""MemoryStore: an honest `ports.Store` in memory, for tests of runbooks and of the flow.

Same rules as the real one: a block commits whole or not at all, `save_*` compare versions, unique
keys are unique, every change is sealed in the audit chain. It only forgets when the process ends.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from autofix.core.audit import AuditEntry, AuditEvent, Canonical, numbered
from autofix.core.incidents import Incident
from autofix.core.pages import Page
from autofix.core.pauses import Pause
from autofix.core.runs import Run, RunEvent
from autofix.core.series import Sample
from autofix.core.signals import Signal, SignalState
from autofix.core.triggers import Watch
from autofix.errors import Conflict, Duplicate, ServerBusy, StoreError
from autofix.testing.memory_readings import forget_samples
from autofix.testing.memory_retention import forget
from autofix.testing.memory_state import Data
from autofix.testing.memory_values import (
    canonical,
    same_version,
    stored,
    stored_event,
    unsealed,
)
from autofix.testing.memory_web import MemoryWeb
from autofix.testing.memory_web_reads import WebReads


class MemoryTransaction(MemoryWeb):
    """`ports.Transaction` on a private copy of the data."""

    def add_incident(self, incident: Incident, event: AuditEvent) -> Incident:
        row, event = stored(incident), stored(event)
        if row.live and self.live_incident(row.runbook, row.host, row.subject):
            raise Duplicate(f"an incident of {row.runbook} on {row.target} is live already")
        row = replace(row, id=self._data.next("incidents"), version=1)
        self._data.incidents[row.id] = row
        self._seal(numbered(event, incident=row.id))
        return row

    def save_incident(self, incident: Incident, event: AuditEvent | None) -> Incident:
        row, sealed = stored(incident), stored_event(event)
        old = same_version("incident", self._data.incidents.get(row.id), row)
        if event is None and (old.state, old.reason) != (row.state, row.reason):
            raise unsealed("incident", row.id)
        other = self.live_incident(row.runbook, row.host, row.subject) if row.live else None
        if other and other.id != row.id:
            raise Duplicate(f"an incident of {row.runbook} on {row.target} is live already")
        self._data.incidents[row.id] = row = replace(row, version=row.version + 1)
        self._seal(sealed)
        return row

    def add_run(self, run: Run, event: AuditEvent) -> Run:
        row, event = stored(run), stored(event)
        self._need_incident(row.incident)
        key = (row.incident, row.kind, row.step, row.attempt)
        if any(key == (r.incident, r.kind, r.step, r.attempt) for r in self._data.runs.values()):
            raise Duplicate(f"incident {row.incident} has its {row.kind} run of this step already")
        row = replace(row, id=self._data.next("runs"), version=1)
        self._data.runs[row.id] = row
        self._seal(numbered(event, incident=row.incident, run=row.id))
        return row

    def save_run(self, run: Run, event: AuditEvent | None) -> Run:
        row, sealed = stored(run), stored_event(event)
        old = same_version("run", self._data.runs.get(row.id), row)
        if event is None and old.state != row.state:
            raise unsealed("run", row.id)
        self._data.runs[row.id] = row = replace(row, version=row.version + 1)
        self._seal(sealed)
        return row

    def add_run_events(self, run_id: int, events: Sequence[RunEvent]) -> None:
        if run_id not in self._data.runs:
            raise StoreError(f"run {run_id} is not in the store")
        kept = self._data.run_events.get(run_id, ())
        self._data.run_events[run_id] = kept + tuple(stored(event) for event in events)

    def lock_host(self, host: str, run_id: int, until: float) -> int:
        held = self._data.locks.get(host)
        if held and held[0] != run_id:
            raise Duplicate(f"run {held[0]} is working on {host} now")
        token = self._data.next("fencing")
        self._data.locks[host] = (run_id, token, until)
        return token

    def renew_host(self, host: str, token: int, until: float) -> bool:
        held = self._data.locks.get(host)
        if not held or held[1] != token:
            return False
        self._data.locks[host] = (held[0], token, until)
        return True

    def free_host(self, host: str, token: int) -> None:
        held = self._data.locks.get(host)
        if held and held[1] == token:
            del self._data.locks[host]

    def save_signal(self, signal: Signal, event: AuditEvent | None) -> None:
        row, sealed = stored(signal), stored_event(event)
        old = self._data.signals.get(row.id)
        if old is None or old.state is not SignalState.RECEIVED:
            raise Conflict(f"signal {row.id} was handled by somebody else")
        self._data.signals[row.id] = row
        self._seal(sealed)

    def save_watches(self, watches: Sequence[Watch]) -> None:
        for row in map(stored, watches):
            self._data.watches[row.runbook, row.trigger, row.host, row.subject] = row

    def add_samples(self, samples: Sequence[Sample]) -> None:
        for row in map(stored, samples):
            self._data.samples[self._data.next("samples")] = row

    def add_pause(self, pause: Pause, event: AuditEvent) -> None:
        row, event = stored(pause), stored(event)
        self._data.pauses[row.runbook, row.host] = row
        self._seal(event)

    def remove_pause(self, runbook: str, host: str, event: AuditEvent) -> bool:
        event = stored(event)
        if self._data.pauses.pop((runbook, host), None) is None:
            return False
        self._seal(event)
        return True

    def add_page(self, page: Page, event: AuditEvent) -> Page:
        row, event = stored(page), stored(event)
        if row.incident is not None:
            self._need_incident(row.incident)
        row = replace(row, id=self._data.next("pages"), version=1)
        self._data.pages[row.id] = row
        self._seal(numbered(event, incident=row.incident))
        return row

    def save_page(self, page: Page, event: AuditEvent | None) -> Page:
        row, sealed = stored(page), stored_event(event)
        old = same_version("page", self._data.pages.get(row.id), row)
        if event is None and old.state != row.state:
            raise unsealed("page", row.id)
        self._data.pages[row.id] = row = replace(row, version=row.version + 1)
        self._seal(sealed)
        return row

    def claim_slot(self, job: str, slot: str) -> bool:
        if (job, slot) in self._data.slots:
            return False
        self._data.slots[job, slot] = True
        return True

    def forget(self, before: float) -> int:
        return forget(self._data, before)

    def forget_samples(self, before: float, since: float = 0.0) -> int:
        return forget_samples(self._data, before, since)

    def _need_incident(self, number: int) -> None:
        if number not in self._data.incidents:
            raise StoreError(f"incident {number} is not in the store")


@dataclass(frozen=True)
class MemoryLead:
    """`ports.Lead` that nobody else can take."""

    store: MemoryStore

    def lost(self) -> str:
        return ""

    def holds(self) -> bool:
        return True


class MemoryStore:
    """`ports.Store`. One transaction at a time; readings see the last commit."""

    shared = False

    def __init__(self, canonical: Canonical = canonical) -> None:
        self._data = Data()
        self._canonical = canonical
        self._writing = threading.Lock()
        self._writer: int | None = None
        self._leading = threading.Lock()
        self._owner = ""

    @contextmanager
    def transaction(self) -> Iterator[MemoryTransaction]:
        if self._writer == threading.get_ident():
            raise RuntimeError("a transaction is open in this thread already")
        with self._writing:
            self._writer = threading.get_ident()
            try:
                tx = MemoryTransaction(self._data.copy(), self._canonical)
                yield tx
                self._data = tx._data
            finally:
                self._writer = None

    @contextmanager
    def reading(self) -> Iterator[WebReads]:
        # A commit replaces the data and never changes it, so this is a snapshot.
        yield WebReads(self._data)

    def audit_entries(self) -> Iterator[AuditEntry]:
        yield from self._data.audit.values()

    @contextmanager
    def lead(self, owner: str) -> Iterator[MemoryLead]:
        if not self._leading.acquire(blocking=False):
            raise ServerBusy(f"{self._owner} already works on this store")
        self._owner = owner
        try:
            yield MemoryLead(self)
        finally:
            self._owner = ""
            self._leading.release()

    def leader(self) -> str:
        return self._owner

    def changed(self) -> bool:
        return True

    def close(self) -> None:
        """Nothing to let go of."""
