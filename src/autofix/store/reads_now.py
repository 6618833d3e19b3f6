"""Questions about this very moment: a part of `ports.Reads`. None reads more than what is live."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from sqlalchemy import func, select

from autofix.core.incidents import Incident, State
from autofix.core.overview import TAKES, Holding
from autofix.core.triggers import Watch
from autofix.store import rows, tables
from autofix.store.queries import LIVE, SqlQueries, one_of


class NowReads(SqlQueries):
    def worst(self, *, states: Iterable[State] | None = None, limit: int = 50) -> list[Incident]:
        t = tables.incidents.c
        query = one_of(rows.INCIDENT.every.where(LIVE), t.state, states)
        return self._all(rows.INCIDENT, query.order_by(t.severity, t.opened_at, t.id).limit(limit))

    def holdings(self, limit: int = 20) -> list[Holding]:
        t = tables.incidents.c
        count, oldest = func.count(), func.min(t.id)
        query = select(t.reason, count, oldest).where(LIVE, t.state == State.HELD.value)
        query = query.group_by(t.reason).order_by(count.desc(), oldest).limit(limit)
        return [Holding(*row) for row in self._session.all(query)]

    def missed(self, limit: int = 50) -> list[Watch]:
        t = tables.watches
        query = rows.WATCH.every.where(t.c.misses > 0)
        query = query.order_by(t.c.misses.desc(), *t.primary_key.columns).limit(limit)
        return self._all(rows.WATCH, query)

    def takers(self, incidents: Collection[int]) -> Mapping[int, str]:
        said, t = tables.audit.c, tables.incidents.c
        took = (said.incident == t.id) & (said.at == t.acknowledged_at)
        query = select(t.id, said.actor).select_from(tables.incidents.join(tables.audit, took))
        query = query.where(t.id.in_(list(incidents)), said.action.in_(TAKES))
        return dict(self._session.all(query)) if incidents else {}
