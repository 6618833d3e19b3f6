"""Questions to the store about runs and what they told."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from autofix.core.runs import Outcome, Run, RunEvent, RunKind, RunState


class RunReads(Protocol):
    def run(self, run_id: int) -> Run | None: ...
    def runs(
        self,
        *,
        incident: int | None = None,
        states: Iterable[RunState] | None = None,
        outcomes: Iterable[Outcome] | None = None,
        kinds: Iterable[RunKind] | None = None,
        runbook: str = "",
        host: str = "",
        before: int | None = None,
        limit: int = 100,
    ) -> list[Run]: ...
    def due_runs(self, now: float, limit: int = 100) -> list[Run]:
        """Planned runs whose due_at has come, oldest first."""

    def run_events(
        self,
        run_id: int,
        after: int = 0,
        limit: int = 1000,
        *,
        before: int | None = None,
        failed: bool = False,
        cut: int | None = None,
    ) -> list[tuple[int, RunEvent]]:
        """Kept events in order, each with its number from 1.

        `before`: the last ones below it. `failed`: only failures and unreachable hosts, found
        without reading the others. `cut`: texts end after so many characters and one more, so
        that a reader sees which are longer.
        """

    def run_lengths(self, playbook: str, *, check: bool = False, limit: int = 20) -> list[float]:
        """Seconds that the last runs of this playbook took that went well, newest first."""
