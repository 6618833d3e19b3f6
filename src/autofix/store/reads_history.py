"""How runbooks did lately, all of them in one question: a part of `ports.Reads`."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Select, Text, case, cast, false, func, literal_column, select
from sqlalchemy.sql.elements import ColumnElement

from autofix.core.histories import Counted
from autofix.store import tables
from autofix.store.queries import SqlQueries, narrowed

_CLOSED = tables.incidents.c.state == literal_column("'closed'")
_HEALED = tables.incidents.c.state == literal_column("'healed'")
#: What was filed after it had healed: its last look still says so. The column is JSON of ours, in
#: which a quote within a text is escaped.
_HAD_HEALED = tables.incidents.c.looks.like('%"judged":"healed"%')


class HistoryReads(SqlQueries):
    def counted(self, since: float, runbook: str = "") -> list[Counted]:
        # In two halves: all but the filed ones are counted within an index.
        open_or_over = _counted(_HEALED, since, runbook).where(~_CLOSED)
        filed = _counted(_HAD_HEALED, since, runbook).where(_CLOSED)
        rows = self._session.all(open_or_over.union_all(filed))
        return [
            Counted(name, n, healed, paged, took or "") for name, n, healed, paged, took in rows
        ]


def _counted(healed: ColumnElement[bool], since: float, runbook: str) -> Select[Any]:
    t = tables.incidents.c
    seconds = cast(t.ended_at - t.opened_at, BigInteger)
    query = select(
        t.runbook,
        func.count(),
        func.sum(case((healed, 1), else_=0)),
        func.sum(case((t.calls > 0, 1), else_=0)),
        func.aggregate_strings(case((healed, cast(seconds, Text))), ","),
    )
    query = query.where(t.opened_at >= since, t.check == false()).group_by(t.runbook)
    return narrowed(query, tables.incidents, runbook=runbook)
