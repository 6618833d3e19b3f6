"""Questions about pages: a part of `ports.Reads`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal_column, or_, select

from autofix.core.incidents import ASKING, UNANSWERED, Incident
from autofix.core.pages import CALLS, Counts, Member, Page, PageKind, PageState
from autofix.store import rows, tables
from autofix.store.queries import QUEUED, SqlQueries, due, narrowed, one_of

_CALLED = tables.incidents.c.call_at.is_not(None)
#: A digest that still gathers; see `Page.gathers`.
_GATHERS = (QUEUED, tables.pages.c.kind == str(PageKind.DIGEST), tables.pages.c.text == "")


def _waiting() -> ColumnElement[bool]:
    """What still needs somebody; over members joined with their incidents."""
    unanswered = tables.incidents.c.state.in_(sorted(map(str, UNANSWERED)))
    return or_(tables.members.c.incident.is_(None), tables.members.c.lasting, unanswered)


class PagingReads(SqlQueries):
    def due_calls(self, now: float, limit: int = 500) -> list[Incident]:
        return self._all(rows.INCIDENT, due(rows.INCIDENT, _CALLED, now, limit, "call_at"))

    def page(self, page_id: int) -> Page | None:
        return self._by_id(rows.PAGE, page_id)

    def pages(
        self,
        *,
        incident: int | None = None,
        runbook: str = "",
        states: Iterable[PageState] | None = None,
        kinds: Iterable[PageKind] | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> list[Page]:
        query = narrowed(rows.PAGE.every, tables.pages, incident=incident, runbook=runbook)
        query = one_of(query, tables.pages.c.state, states)
        query = one_of(query, tables.pages.c.kind, kinds)
        return self._newest(rows.PAGE, query, before, limit)

    def due_pages(self, now: float, limit: int = 100) -> list[Page]:
        return self._all(rows.PAGE, due(rows.PAGE, QUEUED, now, limit))

    def latest_call(self, runbook: str, policy: str, level: int) -> Page | None:
        t = tables.pages.c
        same = (t.runbook == runbook, t.policy == policy, t.level == level)
        gathering = rows.PAGE.every.where(*same, *_GATHERS).order_by(t.id.desc()).limit(1)
        written = one_of(rows.PAGE.every, t.kind, CALLS).where(
            *same, t.state != str(PageState.DROPPED), t.text != ""
        )
        newest = written.order_by(t.created_at.desc(), t.id.desc()).limit(1)
        return self._one(rows.PAGE, gathering) or self._one(rows.PAGE, newest)

    def members(
        self,
        page_id: int,
        *,
        waiting: bool = False,
        incident: int | None = None,
        limit: int = 100,
    ) -> list[Member]:
        t = tables.members.c
        query = _joined(rows.MEMBER.every) if waiting else rows.MEMBER.every
        query = narrowed(query, tables.members, incident=incident)
        query = query.where(t.page == page_id, *([_waiting()] if waiting else []))
        return self._all(rows.MEMBER, query.order_by(t.id).limit(limit))

    def member_counts(self, page_id: int) -> Counts:
        here = tables.members.c.page == page_id
        count = _joined(select(func.count(literal_column("*"))))
        which = ((), (_waiting(),), (tables.incidents.c.live,))
        return Counts(*(self._session.scalar(count.where(here, *each)) for each in which))

    def asking(self, page_id: int, limit: int = 500) -> list[Incident]:
        t = tables.incidents.c
        inside = select(tables.members.c.incident).where(tables.members.c.page == page_id)
        query = rows.INCIDENT.every.where(t.id.in_(inside), t.acknowledged_at.is_(None))
        query = one_of(query, t.state, sorted(ASKING))
        return self._all(rows.INCIDENT, query.order_by(t.id).limit(limit))

    def digests(self, incident_id: int) -> list[Page]:
        t = tables.members.c
        of_it = select(t.page).where(t.incident == incident_id)
        query = rows.PAGE.every.where(tables.pages.c.id.in_(of_it))
        return self._newest(rows.PAGE, query, None, 1000)


def _joined(query: Select[Any]) -> Select[Any]:
    same = tables.incidents.c.id == tables.members.c.incident
    return query.select_from(tables.members.outerjoin(tables.incidents, same))
