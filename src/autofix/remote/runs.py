"""Questions to a server about runs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from autofix.core import cursors
from autofix.core.runs import Outcome, Run, RunEvent, RunState, UsualLength
from autofix.remote.client import JSON
from autofix.remote.looks import MOST, Numbered, Room


class Runs(Room):
    def runs(
        self,
        *,
        incident: int | None = None,
        states: Iterable[RunState] | None = None,
        outcomes: Iterable[Outcome] | None = None,
        runbook: str = "",
        host: str = "",
        before: int | None = None,
        limit: int = 50,
    ) -> list[Run]:
        state = None if states is None else sorted(states)
        outcome = None if outcomes is None else sorted(outcomes)
        if state == [] or outcome == []:
            return []
        narrowed = {"incident": incident, "runbook": runbook, "host": host, "outcome": outcome}
        return self._listed(Run, "runs", before, limit, state=state, **narrowed)

    def run(self, number: int) -> Run:
        return self.client.get(Run, "runs", number)

    def run_events(
        self,
        number: int,
        after: int = 0,
        limit: int = 1000,
        *,
        before: int | None = None,
        failed: bool = False,
        has: str = "",
        cut: int | None = None,
    ) -> list[tuple[int, RunEvent]]:
        cursor = cursors.encode("events", after) if after else None
        more: dict[str, Any] = {
            "before": before, "failed": failed or None, "has": has or None, "cut": cut,
        }  # fmt: skip
        most = min(limit, MOST)
        found = self.client.get(JSON, "runs", number, "events", cursor=cursor, limit=most, **more)
        return [(each.number, each.event) for each in self._items(Numbered, found)]

    def usual(self, number: int) -> float | None:
        return self.client.get(UsualLength, "runs", number, "usual").seconds
