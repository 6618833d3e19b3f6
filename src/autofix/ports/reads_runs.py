"""Questions to the store about runs and what they told."""

from __future__ import annotations

from collections.abc import Collection, Iterable
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
        has: str = "",
        cut: int | None = None,
    ) -> list[tuple[int, RunEvent]]:
        """Kept events in order, each with its number from 1.

        `before`: the last ones below it. `failed`: only failures and unreachable hosts, found
        without reading the others. `has`: only those that say these words, in capitals or not:
        in their text or host, or in the name of the task or play that begins. `cut`: texts end
        after so many characters and one more, so that a reader sees which are longer.
        """

    def run_lengths(
        self, playbooks: Collection[str], *, check: bool = False, limit: int = 20
    ) -> dict[str, list[float]]:
        """Seconds that the last runs of each playbook took that went well, newest first: one
        question. A playbook that never went well is not in it."""
