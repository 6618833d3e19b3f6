"""Questions to the store: `ports.Reads` in SQL."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Select, false, func, select

from autofix.core.audit import GENESIS, AuditEntry
from autofix.core.due import Due
from autofix.core.incidents import Incident, State
from autofix.core.pauses import Pause
from autofix.core.runs import Run, RunEvent, RunKind, RunState
from autofix.core.signals import Signal
from autofix.core.triggers import Watch
from autofix.store import rows, tables
from autofix.store.due import due as due_now
from autofix.store.queries import LIVE, PLANNED, QUEUED, RECEIVED, due, narrowed, one_of
from autofix.store.reads_paging import PagingReads
from autofix.store.reads_standing import StandingReads
from autofix.store.reads_trust import TrustReads
from autofix.store.reads_web import WebReads


class SqlReads(TrustReads, PagingReads, WebReads, StandingReads):
    """`ports.Reads` within one transaction, so all answers are of one moment."""

    def incident(self, incident_id: int) -> Incident | None:
        return self._by_id(rows.INCIDENT, incident_id)

    def live_incident(self, runbook: str, host: str, subject: str) -> Incident | None:
        return self._one(rows.INCIDENT, self._of_target(runbook, host, subject).where(LIVE))

    def _of_target(self, runbook: str, host: str, subject: str) -> Select[Any]:
        t = tables.incidents.c
        query = rows.INCIDENT.every
        return query.where(t.runbook == runbook, t.host == host, t.subject == subject)

    def incidents(
        self,
        *,
        states: Iterable[State] | None = None,
        runbook: str = "",
        host: str = "",
        severity: str = "",
        before: int | None = None,
        limit: int = 100,
    ) -> list[Incident]:
        query = narrowed(
            rows.INCIDENT.every, tables.incidents, runbook=runbook, host=host, severity=severity
        )
        query = one_of(query, tables.incidents.c.state, states)
        return self._newest(rows.INCIDENT, query, before, limit)

    def due_incidents(self, now: float, limit: int = 500) -> list[Incident]:
        return self._all(rows.INCIDENT, due(rows.INCIDENT, LIVE, now, limit))

    def due(self, now: float, limit: int = 500) -> Due:
        return due_now(self._session, now, limit)

    def next_due(self) -> float | None:
        incident, run, page = tables.incidents.c, tables.runs.c, tables.pages.c
        waiting = (
            *((column, LIVE) for column in (incident.due_at, incident.deadline_at)),
            (incident.call_at, incident.call_at.is_not(None)),
            (run.due_at, PLANNED),
            (page.due_at, QUEUED),
        )
        earliest = [
            self._session.scalar(select(func.min(column)).where(which)) for column, which in waiting
        ]
        return min((moment for moment in earliest if moment is not None), default=None)

    def due_deadlines(self, now: float, limit: int = 500) -> list[Incident]:
        return self._all(rows.INCIDENT, due(rows.INCIDENT, LIVE, now, limit, "deadline_at"))

    def attempts(
        self, runbook: str, host: str, subject: str, since: float = 0.0, limit: int = 100
    ) -> list[Incident]:
        t = tables.incidents.c
        query = self._of_target(runbook, host, subject).where(
            t.check == false(), t.fix_started_at >= since
        )
        newest = query.order_by(t.fix_started_at.desc(), t.id.desc())
        return self._all(rows.INCIDENT, newest.limit(limit))

    def last_ended(self, runbook: str, host: str, subject: str) -> Incident | None:
        t = tables.incidents.c
        query = self._of_target(runbook, host, subject).where(
            t.check == false(), t.live == false(), t.fix_started_at.is_not(None)
        )
        ended = func.coalesce(t.ended_at, t.updated_at)
        return self._one(rows.INCIDENT, query.order_by(ended.desc(), t.id.desc()).limit(1))

    def run(self, run_id: int) -> Run | None:
        return self._by_id(rows.RUN, run_id)

    def runs(
        self,
        *,
        incident: int | None = None,
        states: Iterable[RunState] | None = None,
        kinds: Iterable[RunKind] | None = None,
        runbook: str = "",
        host: str = "",
        before: int | None = None,
        limit: int = 100,
    ) -> list[Run]:
        query = narrowed(rows.RUN.every, tables.runs, incident=incident, runbook=runbook, host=host)
        query = one_of(query, tables.runs.c.state, states)
        query = one_of(query, tables.runs.c.kind, kinds)
        return self._newest(rows.RUN, query, before, limit)

    def due_runs(self, now: float, limit: int = 100) -> list[Run]:
        return self._all(rows.RUN, due(rows.RUN, PLANNED, now, limit))

    def run_events(
        self, run_id: int, after: int = 0, limit: int = 1000
    ) -> list[tuple[int, RunEvent]]:
        t = tables.run_events.c
        query = select(t.number, *rows.RUN_EVENT.columns).where(t.run == run_id, t.number > after)
        found: Sequence[Any] = self._session.all(query.order_by(t.number).limit(limit))
        return [(number, rows.RUN_EVENT.value(event)) for number, *event in found]

    def host_lock(self, host: str) -> int | None:
        t = tables.host_locks.c
        number: int | None = self._session.scalar(select(t.run).where(t.host == host))
        return number

    def lock_until(self, host: str) -> float | None:
        t = tables.host_locks.c
        until: float | None = self._session.scalar(select(t.until).where(t.host == host))
        return until

    def lapsed_locks(self, now: float) -> list[tuple[str, int]]:
        t = tables.host_locks.c
        lapsed = select(t.host, t.run).where(t.until <= now).order_by(t.host)
        return [(row.host, row.run) for row in self._session.all(lapsed)]

    def watch(self, runbook: str, trigger: int, host: str, subject: str) -> Watch | None:
        query = rows.WATCH.every.where(
            tables.watches.c.trigger == trigger, tables.watches.c.subject == subject
        )
        t = tables.watches.c
        return self._one(rows.WATCH, query.where(t.runbook == runbook, t.host == host))

    def watches(self, runbook: str = "", host: str = "") -> list[Watch]:
        t = tables.watches
        query = narrowed(rows.WATCH.every, t, runbook=runbook, host=host)
        return self._all(rows.WATCH, query.order_by(*t.primary_key.columns))

    def signals(self, *, received: bool = False, limit: int = 100) -> list[Signal]:
        query = rows.SIGNAL.every
        if not received:
            return self._newest(rows.SIGNAL, query, None, limit)
        oldest_first = query.where(RECEIVED).order_by(tables.signals.c.id).limit(limit)
        return self._all(rows.SIGNAL, oldest_first)

    def signal(self, signal_id: int) -> Signal | None:
        return self._by_id(rows.SIGNAL, signal_id)

    def pauses(self) -> list[Pause]:
        t = tables.pauses.c
        query = rows.PAUSE.every.order_by(t.at.desc(), t.runbook, t.host)
        return self._all(rows.PAUSE, query)

    def audit_head(self) -> tuple[int, str]:
        t = tables.audit.c
        row = self._session.first(select(t.seq, t.hash).order_by(t.seq.desc()).limit(1))
        return (0, GENESIS) if row is None else (row.seq, row.hash)

    def audit(
        self,
        *,
        after: int = 0,
        before: int | None = None,
        limit: int = 1000,
        actor: str = "",
        action: str = "",
        runbook: str = "",
        host: str = "",
        incident: int | None = None,
        newest_first: bool = False,
    ) -> list[AuditEntry]:
        seq = tables.audit.c.seq
        wanted: dict[str, Any] = {"actor": actor, "action": action, "incident": incident}
        query = select(*rows.ENTRY_COLUMNS).where(seq > after)
        query = narrowed(query, tables.audit, runbook=runbook, host=host, **wanted)
        if before is not None:
            query = query.where(seq < before)
        query = query.order_by(seq.desc() if newest_first else seq).limit(limit)
        return [rows.entry(row) for row in self._session.all(query)]
