"""Lists of runs, and failures of a log, are found by an index and never sorted: SQLite says how."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import event

from autofix.core.runs import Outcome, RunState
from storekit import open_sqlite


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    made = open_sqlite(tmp_path_factory.mktemp("store") / "state")
    yield made
    made.close()


def plan(store: Any, ask: Any) -> list[str]:
    """What SQLite would do for the questions that `ask` puts to the store."""
    said: list[tuple[str, Any]] = []

    def note(_c: Any, _k: Any, statement: str, values: Any, *_more: Any) -> None:
        said.append((statement, values))

    event.listen(store.engine, "before_cursor_execute", note)
    with store.reading() as reads:
        ask(reads)
    event.remove(store.engine, "before_cursor_execute", note)
    asked = [each for each in said if "FROM run" in each[0]]
    assert asked
    with store.engine.connect() as connection:
        return [
            str(row[-1])
            for statement, values in asked
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        ]


@pytest.mark.parametrize(
    ("asked", "by"),
    [
        ({"states": [RunState.PLANNED]}, "runs_state"),
        ({"outcomes": [Outcome.OK], "before": 9}, "runs_outcome"),
        ({"runbook": "r"}, "runs_runbook"),
        ({"host": "h", "before": 7}, "runs_host"),
        ({"before": 5}, "INTEGER PRIMARY KEY"),
    ],
)
def test_a_list_of_runs_goes_by_an_index(store: Any, asked: dict[str, Any], by: str) -> None:
    [line] = plan(store, lambda reads: reads.runs(**asked))
    assert by in line
    assert line.startswith("SEARCH")


def test_failures_are_found_without_the_rest_of_a_log(store: Any) -> None:
    [line] = plan(store, lambda reads: reads.run_events(1, failed=True))
    assert "run_events_failed" in line


def test_the_usual_length_is_told_by_an_index(store: Any) -> None:
    lines = plan(store, lambda reads: reads.run_lengths(["fix.yml", "other.yml"]))
    searched = [line for line in lines if "runs" in line]
    assert searched
    assert all("runs_ok" in line for line in searched)
