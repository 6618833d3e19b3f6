"""A store that has seen much, filled past the flow: runs, incidents and a log, for measurements."""

from __future__ import annotations

import random
from typing import Any

from sqlalchemy import insert

from autofix.core.incidents import Incident, Origin, State
from autofix.core.runs import Outcome, Run, RunEvent, RunKind, RunState
from autofix.store import rows, tables

BOOKS = [f"runbook-{number}" for number in range(30)]
HOSTS = [f"web{number}" for number in range(2000)]
BEGAN = 1_700_000_000.0


def runs(store: Any, count: int = 100_000) -> None:
    """So many runs, 30 s apart, of 30 runbooks on 2,000 hosts; most went well."""
    chance = random.Random(5)
    with store.engine.begin() as connection:
        for first in range(1, count + 1, 5000):
            some = range(first, min(first + 5000, count + 1))
            made = [_run(number, chance) for number in some]
            incidents = [_incident(each) for each in made]
            connection.execute(insert(tables.incidents), incidents)
            connection.execute(insert(tables.runs), [rows.RUN.row(each) for each in made])


def log(store: Any, run: int, count: int = 100_000, size: int = 500) -> None:
    """So many events of one run, `size` characters each; every ten-thousandth failed."""
    with store.engine.begin() as connection:
        for first in range(1, count + 1, 5000):
            some = [
                {"run": run, "number": number, **rows.RUN_EVENT.row(_event(number, size))}
                for number in range(first, min(first + 5000, count + 1))
            ]
            connection.execute(insert(tables.run_events), some)


def _run(number: int, chance: random.Random) -> Run:
    at = BEGAN + number * 30
    book = chance.randrange(len(BOOKS))
    outcome = Outcome.OK if chance.random() < 0.9 else chance.choice(list(Outcome))
    state = RunState.LOST if outcome is Outcome.LOST else RunState.FINISHED
    if number % 20_000 == 7:
        outcome, state = None, RunState.PLANNED  # type: ignore[assignment]
    return Run(
        number, number, BOOKS[book], chance.choice(HOSTS), RunKind.FIX, 0, 1, f"fix{book}.yml",
        state, {"target_ratio": 0.8}, started_at=at, finished_at=at + chance.random() * 90,
        outcome=outcome, reason="all tasks ok", result={"rc": 0, "stats": {}}, planned_at=at,
    )  # fmt: skip


def _incident(run: Run) -> dict[str, Any]:
    at = run.planned_at
    made = Incident(
        run.incident, run.runbook, run.host, str(run.id), State.HEALED, Origin.PROBE, "P2", at, at
    )
    return {**rows.INCIDENT.row(made), "live": False}


def _event(number: int, size: int) -> RunEvent:
    kind = "failed" if number % 10_000 == 3 else ("task", "ok", "output")[number % 3]
    text = "" if kind == "task" else f"line {number} " + "x" * (size - 12)
    return RunEvent(kind, BEGAN + number / 100, "Mend it", f"task {number // 3}", "web1", text)
