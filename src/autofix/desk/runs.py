"""Questions about runs and what they tell."""

from __future__ import annotations

from collections.abc import Iterable

from autofix.core.roles import Permission
from autofix.core.runs import LAST, Outcome, Run, RunEvent, RunState, usual
from autofix.desk.base import Room
from autofix.errors import NotFound


class Runs(Room):
    """Nothing here changes anything."""

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
        self.may(Permission.READ, "runs")
        with self.ctx.store.reading() as reads:
            return reads.runs(
                incident=incident, states=states, outcomes=outcomes, runbook=runbook, host=host,
                before=before, limit=limit,
            )  # fmt: skip

    def run(self, number: int) -> Run:
        self.may(Permission.READ, "run")
        with self.ctx.store.reading() as reads:
            found = reads.run(number)
        if found is None:
            raise NotFound(f"there is no run {number}", hint="see `autofix runs list`")
        return found

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
        self.run(number)
        with self.ctx.store.reading() as reads:
            return reads.run_events(
                number, after, limit, before=before, failed=failed, has=has, cut=cut
            )  # fmt: skip

    def usual(self, number: int) -> float | None:
        run = self.run(number)
        with self.ctx.store.reading() as reads:
            found = reads.run_lengths([run.playbook], check=run.check, limit=LAST)
        return usual(found.get(run.playbook, ()))
