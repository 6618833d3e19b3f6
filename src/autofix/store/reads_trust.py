"""Questions about brakes, marks and checkpoints: the second half of `ports.Reads`."""

from __future__ import annotations

from sqlalchemy import case, false, func, or_, select, true

from autofix.core.acks import AckCode
from autofix.core.batches import InWave
from autofix.core.breakers import Reset
from autofix.core.checkpoints import Archive, Checkpoint
from autofix.core.counting import Tallies
from autofix.core.incidents import WORKING, AtWork, State
from autofix.core.marks import Mark
from autofix.core.runs import RunKind
from autofix.core.silences import Silence
from autofix.core.synthetic import NAME as SYNTHETIC
from autofix.store import rows, tables
from autofix.store.queries import LIVE, PLANNED, QUEUED, RECEIVED, SqlQueries


class TrustReads(SqlQueries):
    def often_tried(self, at_least: int) -> list[tuple[str, str, str]]:
        t = tables.incidents.c
        target = (t.runbook, t.host, t.subject)
        trials = func.count(case((t.trial == true(), 1)))
        query = (
            select(*target)
            .where(t.check == false(), t.fix_started_at.is_not(None))
            .group_by(*target)
            .having(or_(func.count() >= at_least, trials > 0))
            .order_by(*target)
        )
        return [tuple(row) for row in self._session.all(query)]

    def tallies(self) -> Tallies:
        t = tables.incidents.c
        query = select(t.state, t.severity, func.count()).where(LIVE).group_by(t.state, t.severity)
        waiting = {
            "signals": (tables.signals, RECEIVED),
            "runs": (tables.runs, PLANNED),
            "pages": (tables.pages, QUEUED),
        }
        queued = {
            what: int(self._session.scalar(select(func.count()).select_from(table).where(which)))
            for what, (table, which) in waiting.items()
        }
        live = {(row[0], row[1]): int(row[2]) for row in self._session.all(query)}
        return Tallies(live, queued)

    def ack_code(self, digest: str) -> AckCode | None:
        found = rows.ACK_CODE.every.where(tables.ack_codes.c.digest == digest)
        return self._one(rows.ACK_CODE, found)

    def at_work(self) -> list[AtWork]:
        t = tables.incidents.c
        query = select(t.id, t.runbook, t.host).where(t.state.in_(sorted(WORKING)))
        return [AtWork(*row) for row in self._session.all(query.order_by(t.id))]

    def wave(self, runbook: str) -> list[InWave]:
        t = tables.incidents.c
        ours = (t.runbook == runbook, t.check == false())
        oldest = self._session.scalar(select(func.min(t.opened_at)).where(*ours, LIVE))
        if oldest is None:
            return []
        query = select(t.id, t.host, t.state, t.fix_started_at, t.reason)
        query = query.where(*ours, or_(LIVE, t.ended_at >= oldest)).order_by(t.id)
        return [
            InWave(row.id, row.host, State(row.state), row.fix_started_at, row.reason)
            for row in self._session.all(query)
        ]

    def silences(
        self,
        *,
        active_at: float | None = None,
        standing_at: float | None = None,
        over_at: float | None = None,
        before: int | None = None,
        limit: int = 100_000,
    ) -> list[Silence]:
        t = tables.silences.c
        query = rows.SILENCE.every
        if active_at is not None:
            query = query.where(t.ended_at.is_(None), t.starts_at <= active_at, t.until > active_at)
        if standing_at is not None:
            query = query.where(t.ended_at.is_(None), t.until > standing_at)
        if over_at is not None:
            query = query.where(or_(t.ended_at.is_not(None), t.until <= over_at))
        return self._newest(rows.SILENCE, query, before, limit)

    def reset(self, runbook: str, host: str, subject: str) -> Reset | None:
        t = tables.resets.c
        query = rows.RESET.every
        return self._one(
            rows.RESET, query.where(t.runbook == runbook, t.host == host, t.subject == subject)
        )

    def starts(self, since: float) -> list[float]:
        t = tables.runs.c
        query = select(t.started_at).where(
            t.started_at >= since,
            t.kind == str(RunKind.FIX),
            t.check == false(),
            t.runbook != SYNTHETIC,
        )
        return [row.started_at for row in self._session.all(query.order_by(t.started_at))]

    def mark(self, name: str) -> Mark | None:
        here = tables.marks.c.name == name
        return self._one(rows.MARK, rows.MARK.every.where(here))

    def checkpoints(self, *, after: int = 0, limit: int = 1000) -> list[Checkpoint]:
        size = tables.checkpoints.c.size
        query = rows.CHECKPOINT.every.where(size > after)
        return self._all(rows.CHECKPOINT, query.order_by(size).limit(limit))

    def last_checkpoint(self) -> Checkpoint | None:
        size = tables.checkpoints.c.size
        query = rows.CHECKPOINT.every.order_by(size.desc()).limit(1)
        return self._one(rows.CHECKPOINT, query)

    def archives(self) -> list[Archive]:
        query = rows.ARCHIVE.every.order_by(tables.archives.c.first)
        return self._all(rows.ARCHIVE, query)
