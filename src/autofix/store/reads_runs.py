"""Questions about runs and what they told: a part of `ports.Reads`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import func, literal_column, select, union_all

from autofix.core.runs import Outcome, Run, RunEvent, RunKind, RunState
from autofix.store import rows, tables
from autofix.store.queries import PLANNED, SqlQueries, due, narrowed, one_of

# Literals: a partial index is used only where its very condition is in the query.
_FAILED: Any = literal_column("(kind = 'failed' OR kind = 'unreachable')")
_OK = tables.runs.c.outcome == literal_column("'ok'")


class RunReads(SqlQueries):
    def run(self, run_id: int) -> Run | None:
        return self._by_id(rows.RUN, run_id)

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
        t = tables.runs
        query = narrowed(rows.RUN.every, t, incident=incident, runbook=runbook, host=host)
        for column, wanted in ((t.c.state, states), (t.c.outcome, outcomes), (t.c.kind, kinds)):
            query = one_of(query, column, wanted)
        return self._newest(rows.RUN, query, before, limit)

    def due_runs(self, now: float, limit: int = 100) -> list[Run]:
        return self._all(rows.RUN, due(rows.RUN, PLANNED, now, limit))

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
        t = tables.run_events.c
        query = select(t.number, *_columns(cut)).where(t.run == run_id, t.number > after)
        if failed:
            query = query.where(_FAILED)
        if has:
            query = query.where(_says(has))
        if before is not None:
            query = query.where(t.number < before)
        order = t.number if before is None else t.number.desc()
        found: Sequence[Any] = self._session.all(query.order_by(order).limit(limit))
        events = [(number, rows.RUN_EVENT.value(event)) for number, *event in found]
        return events if before is None else events[::-1]

    def run_lengths(
        self, playbooks: Collection[str], *, check: bool = False, limit: int = 20
    ) -> dict[str, list[float]]:
        each = [_lengths(playbook, check, limit) for playbook in sorted(set(playbooks))]
        found: dict[str, list[float]] = {}
        for playbook, seconds in self._session.all(union_all(*each)) if each else ():
            found.setdefault(playbook, []).append(float(seconds))
        return found


def _lengths(playbook: str, check: bool, limit: int) -> Any:
    t = tables.runs.c
    query = select(t.playbook, t.finished_at - t.started_at).where(
        t.playbook == playbook, _OK, t.check == check,
        t.started_at.is_not(None), t.finished_at.is_not(None),
    )  # fmt: skip
    return select(query.order_by(t.id.desc()).limit(limit).subquery())


def _says(words: str) -> Any:
    """Read one after the other: a run's output is bounded, and nobody searches all runs."""
    t = tables.run_events.c

    def says(column: Any) -> Any:
        return column.icontains(words, autoescape=True)

    task, play = (t.kind == "task") & says(t.task), (t.kind == "play") & says(t.play)
    return says(t.text) | says(t.host) | task | play


def _columns(cut: int | None) -> list[Any]:
    """Of an event; its text no longer than `cut` and one more."""
    if cut is None:
        return rows.RUN_EVENT.columns
    text = tables.run_events.c.text
    return [
        func.substr(text, 1, cut + 1) if each is text else each for each in rows.RUN_EVENT.columns
    ]
