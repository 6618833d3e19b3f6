"""Questions about runs and what they tell."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from autofix.core.runs import Outcome, Run, RunEvent, RunState


class RunsDesk(Protocol):
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
    ) -> list[Run]: ...
    def run(self, number: int) -> Run: ...
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
        """What was kept of its output after event `after`, each with its number; with `before` the
        last ones below that. `failed`: only failures and unreachable hosts. `has`: only those
        that say these words. `cut`: texts end after so many characters and one more."""

    def usual(self, number: int) -> float | None:
        """Seconds that its playbook takes as a rule: the median of the last 20 runs of it that went
        well. None: there are none yet."""
