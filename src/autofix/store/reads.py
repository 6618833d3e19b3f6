"""Questions to the store: `ports.Reads` in SQL."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import Select, false, func, select

from autofix.core.audit import GENESIS, AuditEntry
from autofix.core.due import Due
from autofix.core.incidents import Incident, State
from autofix.core.marks import SET_BACK
from autofix.core.pauses import Pause
from autofix.core.signals import Signal
from autofix.core.triggers import Watch
from autofix.store import audit_times, rows, tables
from autofix.store.audit_times import Timed
from autofix.store.due import due as due_now
from autofix.store.queries import LIVE, PLANNED, QUEUED, RECEIVED, due, narrowed, one_of
from autofix.store.reads_history import HistoryReads
from autofix.store.reads_now import NowReads
from autofix.store.reads_paging import PagingReads
from autofix.store.reads_readings import ReadingReads
from autofix.store.reads_runs import RunReads
from autofix.store.reads_standing import StandingReads
from autofix.store.reads_trust import TrustReads
from autofix.store.reads_web import WebReads


class SqlReads(
    TrustReads, PagingReads, WebReads, StandingReads, HistoryReads, NowReads, RunReads, ReadingReads
):
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
        since: float | None = None,
        until: float | None = None,
        newest_first: bool = False,
    ) -> list[AuditEntry]:
        seq, at = tables.audit.c.seq, tables.audit.c.at
        wanted: dict[str, Any] = {"actor": actor, "action": action, "incident": incident}
        query = select(*rows.ENTRY_COLUMNS).where(seq > after)
        query = narrowed(query, tables.audit, runbook=runbook, host=host, **wanted)
        if before is not None:
            query = query.where(seq < before)
        if since is not None:
            query = query.where(at >= since, seq > self._place(audit_times.before, since))
        if until is not None:
            query = query.where(at < until, seq < self._place(audit_times.beyond, until))
        query = query.order_by(seq.desc() if newest_first else seq).limit(limit)
        return [rows.entry(row) for row in self._session.all(query)]

    def _place(self, find: Callable[[float, int, Timed, float], int], moment: float) -> int:
        t, back = tables.audit.c, tables.marks.c
        set_back = self._one(rows.MARK, rows.MARK.every.where(back.name == SET_BACK))
        more = float(set_back.data["seconds"]) if set_back else 0.0

        def time_of(number: int) -> float | None:
            later = select(t.at).where(t.seq >= number).order_by(t.seq).limit(1)
            at: float | None = self._session.scalar(later)
            return at

        return find(moment, self.audit_head()[0], time_of, more)
