"""The console's lists and logs when there is much: 100,000 runs, and a run of 100,000 events."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from autofix.core.runs import Outcome, RunState
from autofix.store import open_store
from bench import Row, fleet, seconds

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from servers import postgres

RUNS, EVENTS, PAGE = 100_000, 100_000, 51
MIDDLE = RUNS // 2
#: Pages of the list of runs, by what is asked for.
LISTS: dict[str, dict[str, Any]] = {
    "first page": {},
    "a middle page": {"before": MIDDLE},
    "the last page": {"before": 40},
    "state finished": {"states": [RunState.FINISHED], "before": MIDDLE},
    "state planned": {"states": [RunState.PLANNED]},
    "three states": {"states": [RunState.PLANNED, RunState.STARTED, RunState.LOST]},
    "two states, of nearly all": {"states": [RunState.FINISHED, RunState.LOST]},
    "outcome ok": {"outcomes": [Outcome.OK], "before": MIDDLE},
    "outcome aborted": {"outcomes": [Outcome.ABORTED]},
    "a runbook": {"runbook": "runbook-3", "before": MIDDLE},
    "a host": {"host": "web77"},
    "an incident": {"incident": 4711},
    "no such host": {"host": "nobody"},
    "runbook and host": {"runbook": "runbook-3", "host": "web77"},
    "runbook and state planned": {"runbook": "runbook-3", "states": [RunState.PLANNED]},
    "runbook, outcome aborted, middle": {
        "runbook": "runbook-3", "outcomes": [Outcome.ABORTED], "before": MIDDLE
    },
}  # fmt: skip
#: Portions of a log.
LOGS: dict[str, dict[str, Any]] = {
    "its newest portion": {"before": 2**62, "limit": 500, "cut": 2000},
    "a middle portion": {"after": 50_000, "limit": 500, "cut": 2000},
    "its failures": {"failed": True, "limit": 51, "cut": 2000},
}


def measure() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder) / "state"
        yield from measured("SQLite", f"sqlite:///{state}/autofix.db", state)
        server = postgres.cluster()
        url = server.database()
        yield from measured("PostgreSQL", url, Path(folder) / "other")
        server.drop(url)


def measured(kind: str, url: str, state: Path) -> Iterator[Row]:
    store = open_store(url, state=state)
    try:
        fleet.runs(store, RUNS)
        fleet.log(store, 1, EVENTS)
        if kind == "PostgreSQL":  # its own housekeeping does so within a minute
            with store.engine.begin() as connection:
                connection.exec_driver_sql("ANALYZE")
        yield from _lists(store, kind)
        yield from _logs(store, kind)
    finally:
        store.close()


def _lists(store: Any, kind: str) -> Iterator[Row]:
    for what, asked in LISTS.items():
        took = seconds(reading(store, lambda reads, asked=asked: reads.runs(limit=PAGE, **asked)))
        yield Row(f"{kind}: 100,000 runs, {what}", took * 1000, "ms", "< 100")


def _logs(store: Any, kind: str) -> Iterator[Row]:
    for what, asked in LOGS.items():
        took = seconds(reading(store, lambda reads, asked=asked: reads.run_events(1, **asked)))
        yield Row(f"{kind}: 100,000 events, {what}", took * 1000, "ms", "< 100")
    took = seconds(reading(store, lambda reads: reads.run_lengths(["fix3.yml"])))
    yield Row(f"{kind}: what length is usual", took * 1000, "ms")


def reading(store: Any, ask: Callable[[Any], object]) -> Callable[[], object]:
    def once() -> object:
        with store.reading() as reads:
            return ask(reads)

    return once
