"""Changes of the store: `ports.Transaction` in SQL. Every change of state brings its event."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, func, select, update

from autofix.core.audit import AuditEvent
from autofix.core.incidents import Incident
from autofix.core.pages import Page
from autofix.core.pauses import Pause
from autofix.core.plain import text
from autofix.core.runs import Run, RunEvent
from autofix.core.series import Sample
from autofix.core.signals import Signal
from autofix.core.triggers import Watch
from autofix.errors import Conflict, Duplicate
from autofix.store import retention, rows, tables, tables_readings
from autofix.store.canonical import finite
from autofix.store.queries import RECEIVED
from autofix.store.reads_readings import SAMPLE
from autofix.store.session import Taken
from autofix.store.writes_web import WebWrites


class SqlTransaction(WebWrites):
    """`ports.Transaction` within one write transaction."""

    def add_incident(self, incident: Incident, event: AuditEvent) -> Incident:
        self.sealer.prepare(event)
        try:
            stored = self._add(rows.INCIDENT, incident, live=incident.live)
        except Taken:
            raise _live_already(incident) from None
        self.sealer.append(event, incident=stored.id)
        return stored

    def save_incident(self, incident: Incident, event: AuditEvent | None) -> Incident:
        still = ("state", "reason")
        try:
            return self._save(rows.INCIDENT, incident, event, still=still, live=incident.live)
        except Taken:
            raise _live_already(incident) from None

    def add_run(self, run: Run, event: AuditEvent) -> Run:
        self.sealer.prepare(event)
        try:
            stored = self._add(rows.RUN, run)
        except Taken:
            raise Duplicate(
                f"incident {run.incident} has its {run.kind} run of this step already"
            ) from None
        self.sealer.append(event, incident=stored.incident, run=stored.id)
        return stored

    def save_run(self, run: Run, event: AuditEvent | None) -> Run:
        return self._save(rows.RUN, run, event)

    def add_run_events(self, run_id: int, events: Sequence[RunEvent]) -> None:
        t = tables.run_events.c
        last = self._session.scalar(select(func.max(t.number)).where(t.run == run_id)) or 0
        kept = [
            rows.RUN_EVENT.row(event) | {"run": run_id, "number": number}
            for number, event in enumerate(events, start=last + 1)
        ]
        if kept:
            self._session.insert_all(tables.run_events, kept)

    def lock_host(self, host: str, run_id: int, until: float) -> int:
        host = text(host)
        held = self.host_lock(host)
        if held not in (None, run_id):
            raise Duplicate(f"run {held} is working on {host} now")
        token = self._next_token()
        row = {"host": host, "run": run_id, "token": token, "until": finite(until)}
        if held is None:
            try:
                self._session.insert(tables.host_locks, row)
            except Taken:
                raise Duplicate(f"another run is working on {host} now") from None
        else:
            self._session.upsert(tables.host_locks, [row])
        return token

    def _next_token(self) -> int:
        t = tables.counters.c
        here = t.name == "fencing"
        self._session.change(update(tables.counters).where(here).values(value=t.value + 1))
        token: int = self._session.scalar(select(t.value).where(here))
        return token

    def renew_host(self, host: str, token: int, until: float) -> bool:
        t = tables.host_locks.c
        ours = update(tables.host_locks).where(t.host == host, t.token == token)
        return self._session.change(ours.values(until=finite(until))) == 1

    def free_host(self, host: str, token: int) -> None:
        t = tables.host_locks.c
        self._session.change(delete(tables.host_locks).where(t.host == host, t.token == token))

    def save_signal(self, signal: Signal, event: AuditEvent | None) -> None:
        event = self.sealer.prepare(event)
        here = update(tables.signals).where(tables.signals.c.id == signal.id, RECEIVED)
        if not self._session.change(here.values(rows.SIGNAL.row(signal))):
            raise Conflict(f"signal {signal.id} was handled by somebody else")
        self.sealer.append(event)

    def save_watches(self, watches: Sequence[Watch]) -> None:
        if watches:
            self._session.upsert(tables.watches, [rows.WATCH.row(each) for each in watches])

    def add_samples(self, samples: Sequence[Sample]) -> None:
        if samples:
            made = [SAMPLE.row(each) for each in samples]
            self._session.change(tables_readings.readings.insert(), made)

    def add_pause(self, pause: Pause, event: AuditEvent) -> None:
        self.sealer.prepare(event)
        self._session.upsert(tables.pauses, [rows.PAUSE.row(pause)])
        self.sealer.append(event)

    def remove_pause(self, runbook: str, host: str, event: AuditEvent) -> bool:
        self.sealer.prepare(event)
        t = tables.pauses.c
        here = delete(tables.pauses).where(t.runbook == runbook, t.host == host)
        if not self._session.change(here):
            return False
        self.sealer.append(event)
        return True

    def add_page(self, page: Page, event: AuditEvent) -> Page:
        self.sealer.prepare(event)
        stored = self._add(rows.PAGE, page)
        self.sealer.append(event, incident=stored.incident)
        return stored

    def save_page(self, page: Page, event: AuditEvent | None) -> Page:
        return self._save(rows.PAGE, page, event)

    def claim_slot(self, job: str, slot: str) -> bool:
        try:
            self._session.insert(tables.slots, {"job": text(job), "slot": text(slot)})
        except Taken:
            return False
        return True

    def forget(self, before: float) -> int:
        return retention.forget(self._session, before)

    def forget_samples(self, before: float, since: float = 0.0) -> int:
        return retention.forget_samples(self._session, before, since)


def _live_already(incident: Incident) -> Duplicate:
    return Duplicate(f"an incident of {incident.runbook} on {incident.target} is live already")
