"""Questions about runs, in memory: a part of `ports.Reads`."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from autofix.core.runs import Outcome, Run, RunEvent, RunKind, RunState
from autofix.testing.memory_state import MemoryReads, due_of, newest

_FAILED = ("failed", "unreachable")


class RunReads(MemoryReads):
    def run(self, run_id: int) -> Run | None:
        return self._data.runs.get(run_id)

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
    ) -> list[Run]:
        in_states = None if states is None else set(states)
        with_outcomes = None if outcomes is None else set(outcomes)
        of_kinds = None if kinds is None else set(kinds)

        def fits(row: Run) -> bool:
            return (
                incident in (None, row.incident)
                and (in_states is None or row.state in in_states)
                and (with_outcomes is None or row.outcome in with_outcomes)
                and (of_kinds is None or row.kind in of_kinds)
                and runbook in ("", row.runbook)
                and host in ("", row.host)
            )

        return newest(self._data.runs, fits, before, limit)

    def due_runs(self, now: float, limit: int = 100) -> list[Run]:
        planned = (row for row in self._data.runs.values() if row.state is RunState.PLANNED)
        return due_of(planned, now, limit)

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
        kept = enumerate(self._data.run_events.get(run_id, ()), start=1)
        found = [
            (number, event if cut is None else replace(event, text=event.text[: cut + 1]))
            for number, event in kept
            if after < number and (before is None or number < before)
            and (not failed or event.kind in _FAILED)
            and (not has or _says(event, has.lower()))
        ]  # fmt: skip
        return found[:limit] if before is None else found[max(len(found) - limit, 0) :]

    def run_lengths(
        self, playbooks: Collection[str], *, check: bool = False, limit: int = 20
    ) -> dict[str, list[float]]:
        found = {each: self._lengths(each, check, limit) for each in sorted(playbooks)}
        return {playbook: lengths for playbook, lengths in found.items() if lengths}

    def _lengths(self, playbook: str, check: bool, limit: int) -> list[float]:
        def fits(row: Run) -> bool:
            ended = row.started_at is not None and row.finished_at is not None
            same = row.playbook == playbook and row.check == check
            return same and ended and row.outcome is Outcome.OK

        found = newest(self._data.runs, fits, None, limit)
        return [(row.finished_at or 0.0) - (row.started_at or 0.0) for row in found]


def _says(event: RunEvent, words: str) -> bool:
    names = {"task": event.task, "play": event.play}
    said = (event.text, event.host, names.get(event.kind, ""))
    return any(words in each.lower() for each in said)
