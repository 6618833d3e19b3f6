"""Questions about pages, and about all that is due, in memory: a part of `ports.Reads`."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from autofix.core.counting import Tallies
from autofix.core.due import Due
from autofix.core.incidents import ASKING, UNANSWERED, Incident, State
from autofix.core.overview import TAKES, Holding
from autofix.core.pages import CALLS, Counts, Member, Page, PageKind, PageState
from autofix.core.runs import RunState
from autofix.core.triggers import Watch
from autofix.testing.memory_runs import RunReads
from autofix.testing.memory_state import due_of, newest


def _ids(rows: Iterable[Any]) -> tuple[int, ...]:
    return tuple(row.id for row in rows)


_NOT_WAITING = (State.OPEN, State.VERIFYING)


class PagingReads(RunReads):
    def due(self, now: float, limit: int = 500) -> Due:
        incidents = self.due_incidents(now, len(self._data.incidents))
        live = sorted(row.id for row in self._data.runs.values() if row.live)
        return Due(
            signals=_ids(self.signals(received=True, limit=limit)),
            decisions=(
                *_ids(i for i in incidents if i.state is State.OPEN)[:limit],
                *_ids(i for i in incidents if i.state not in _NOT_WAITING)[:limit],
            ),
            looks=_ids(i for i in incidents if i.state is State.VERIFYING)[:limit],
            runs=_ids(self.due_runs(now, limit)),
            running=tuple(live[:limit]),
            pages=_ids(self.due_pages(now, limit)),
            calls=_ids(self.due_calls(now, limit)),
            deadlines=_ids(self.due_deadlines(now, limit)),
        )

    def tallies(self) -> Tallies:
        live = Tally((str(i.state), i.severity) for i in self._data.incidents.values() if i.live)
        runs = sum(run.state is RunState.PLANNED for run in self._data.runs.values())
        pages = sum(page.state is PageState.QUEUED for page in self._data.pages.values())
        signals = len(self.signals(received=True, limit=len(self._data.signals)))
        return Tallies(dict(live), {"signals": signals, "runs": runs, "pages": pages})

    def worst(self, *, states: Iterable[State] | None = None, limit: int = 50) -> list[Incident]:
        wanted = None if states is None else set(states)
        live = (row for row in self._data.incidents.values() if row.live)
        found = (row for row in live if wanted is None or row.state in wanted)
        return sorted(found, key=lambda row: (row.severity, row.opened_at, row.id))[:limit]

    def holdings(self, limit: int = 20) -> list[Holding]:
        held = [row for row in self._data.incidents.values() if row.state is State.HELD]
        found: dict[str, tuple[int, int]] = {}
        for row in sorted(held, key=lambda row: row.id):
            count, oldest = found.get(row.reason, (0, row.id))
            found[row.reason] = (count + 1, oldest)
        most = sorted(found.items(), key=lambda each: (-each[1][0], each[1][1]))
        return [Holding(reason, *each) for reason, each in most[:limit]]

    def missed(self, limit: int = 50) -> list[Watch]:
        found = (key for key, row in self._data.watches.items() if row.misses)
        most = sorted(found, key=lambda key: (-self._data.watches[key].misses, key))
        return [self._data.watches[key] for key in most[:limit]]

    def takers(self, incidents: Collection[int]) -> Mapping[int, str]:
        events = (each.event for each in self._data.audit.values() if each.event.action in TAKES)
        asked = [event for event in events if event.incident in incidents]
        return {
            event.incident: event.actor
            for event in asked
            if event.incident is not None
            and event.at == self._data.incidents[event.incident].acknowledged_at
        }

    def due_calls(self, now: float, limit: int = 500) -> list[Incident]:
        return due_of(self._data.incidents.values(), now, limit, "call_at")

    def page(self, page_id: int) -> Page | None:
        return self._data.pages.get(page_id)

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
        in_states = None if states is None else set(states)
        of_kinds = None if kinds is None else set(kinds)

        def fits(row: Page) -> bool:
            return (
                incident in (None, row.incident)
                and runbook in ("", row.runbook)
                and (in_states is None or row.state in in_states)
                and (of_kinds is None or row.kind in of_kinds)
            )

        return newest(self._data.pages, fits, before, limit)

    def due_pages(self, now: float, limit: int = 100) -> list[Page]:
        queued = (row for row in self._data.pages.values() if row.state is PageState.QUEUED)
        return due_of(queued, now, limit)

    def latest_call(self, runbook: str, policy: str, level: int) -> Page | None:
        same = [
            row
            for row in self._data.pages.values()
            if (row.runbook, row.policy, row.level) == (runbook, policy, level)
            and row.kind in CALLS
            and row.state is not PageState.DROPPED
        ]
        gathering = [row for row in same if row.gathers and row.state is PageState.QUEUED]
        written = [row for row in same if row.text]
        if gathering:
            return max(gathering, key=lambda row: row.id)
        return max(written, key=lambda row: (row.created_at, row.id), default=None)

    def members(
        self,
        page_id: int,
        *,
        waiting: bool = False,
        incident: int | None = None,
        limit: int = 100,
    ) -> list[Member]:
        rows = self._data.members
        found = [rows[number] for number in sorted(rows) if rows[number].page == page_id]
        found = [row for row in found if incident in (None, row.incident)]
        return [row for row in found if not waiting or self._waits(row)][:limit]

    def _waits(self, member: Member) -> bool:
        incident = self._data.incidents.get(member.incident) if member.incident else None
        unanswered = incident is not None and incident.state in UNANSWERED
        return member.incident is None or member.lasting or unanswered

    def member_counts(self, page_id: int) -> Counts:
        everybody = self.members(page_id, limit=len(self._data.members))
        incidents = [self._data.incidents.get(row.incident or 0) for row in everybody]
        live = sum(incident is not None and incident.live for incident in incidents)
        return Counts(len(everybody), sum(map(self._waits, everybody)), live)

    def asking(self, page_id: int, limit: int = 500) -> list[Incident]:
        members = (row for row in self._data.members.values() if row.page == page_id)
        inside = sorted({row.incident for row in members if row.incident is not None})
        rows = map(self._data.incidents.get, inside)
        found = [row for row in rows if row and row.state in ASKING and not row.acknowledged_at]
        return found[:limit]

    def digests(self, incident_id: int) -> list[Page]:
        pages = {row.page for row in self._data.members.values() if row.incident == incident_id}
        return newest(self._data.pages, lambda row: row.id in pages, None, 1000)
