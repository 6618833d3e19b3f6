"""What every store must answer about runs: by outcome, output in portions, how long they took."""

from __future__ import annotations

from typing import Any

import pytest

from autofix.core.runs import Outcome, Run, RunEvent, RunState
from autofix.ports import Store
from storekit import event, opened, run

LOG = [
    RunEvent("play", 1.0, play="p"),
    RunEvent("ok", 2.0, play="p", task="one", host="web1", text="x" * 50),
    RunEvent("failed", 3.0, play="p", task="two", host="web1", text="no"),
    RunEvent("output", 4.0, play="p", task="two", host="web1", text="ünï" * 20),
    RunEvent("unreachable", 5.0, play="p", task="three", host="web1", text="gone"),
]


def kept(store: Store, *, step: int = 0, **more: Any) -> Run:
    number = opened(store, host=f"h{step}").id
    with store.transaction() as tx:
        return tx.add_run(run(number, step=step, **more), event())


@pytest.fixture
def told(store: Store) -> Store:
    number = kept(store).id
    with store.transaction() as tx:
        tx.add_run_events(number, LOG)
    return store


@pytest.mark.parametrize(
    ("asked", "numbers"),
    [
        ({}, [1, 2, 3, 4, 5]),
        ({"after": 3}, [4, 5]),
        ({"before": 4}, [1, 2, 3]),
        ({"before": 4, "limit": 2}, [2, 3]),
        ({"before": 99, "limit": 2}, [4, 5]),
        ({"before": 1}, []),
        ({"before": 5, "after": 2}, [3, 4]),
        ({"failed": True}, [3, 5]),
        ({"failed": True, "limit": 1}, [3]),
        ({"failed": True, "before": 5}, [3]),
        ({"failed": True, "after": 3}, [5]),
        ({"limit": 0, "before": 4}, []),
        ({"has": "GONE"}, [5]),
        ({"has": "nïü"}, [4]),
        ({"has": "web1"}, [2, 3, 4, 5]),
        ({"has": "two"}, []),  # a name is found where its task begins, not at each line of it
        ({"has": "P"}, [1]),
        ({"has": "x%x"}, []),
        ({"has": "x_x"}, []),
        ({"has": "web1", "after": 2, "limit": 1}, [3]),
        ({"has": "web1", "failed": True, "before": 5}, [3]),
    ],
)
def test_output_comes_in_portions(told: Store, asked: dict[str, Any], numbers: list[int]) -> None:
    with told.reading() as reads:
        found = reads.run_events(1, **asked)
    assert found == [(number, LOG[number - 1]) for number in numbers]


def test_long_texts_are_cut_and_one_character_more_tells_which(told: Store) -> None:
    with told.reading() as reads:
        texts = [each.text for _, each in reads.run_events(1, cut=4)]
    assert texts == ["", "xxxxx", "no", "ünïün", "gone"]


def test_runs_are_found_by_outcome(store: Store) -> None:
    for step, outcome in enumerate([Outcome.OK, Outcome.FAILED, None, Outcome.OK]):
        kept(store, step=step, outcome=outcome, state=RunState.FINISHED)
    with store.reading() as reads:
        assert [each.id for each in reads.runs(outcomes=[Outcome.OK])] == [4, 1]
        assert [each.id for each in reads.runs(outcomes=[Outcome.OK, Outcome.FAILED])] == [4, 2, 1]
        assert [each.id for each in reads.runs(outcomes=[Outcome.OK], before=4)] == [1]
        assert reads.runs(outcomes=[]) == []


def test_how_long_a_playbook_takes_is_told_by_runs_that_went_well(store: Store) -> None:
    well = {"outcome": Outcome.OK, "state": RunState.FINISHED, "started_at": 100.0}
    kept(store, step=0, **well, finished_at=110.0)
    kept(store, step=1, **well, finished_at=130.5)
    kept(store, step=2, **{**well, "outcome": Outcome.FAILED}, finished_at=190.0)
    kept(store, step=3, **well, finished_at=103.0, check=True)
    kept(store, step=4, **well, finished_at=170.0, playbook="other.yml")
    kept(store, step=5, **{**well, "started_at": None}, finished_at=170.0)
    with store.reading() as reads:
        assert reads.run_lengths(["fix.yml"]) == {"fix.yml": [30.5, 10.0]}
        assert reads.run_lengths(["fix.yml"], limit=1) == {"fix.yml": [30.5]}
        assert reads.run_lengths(["fix.yml"], check=True) == {"fix.yml": [3.0]}
        assert reads.run_lengths(["nobody.yml"]) == reads.run_lengths([]) == {}
        found = reads.run_lengths(["other.yml", "fix.yml", "nobody.yml"])
        assert found == {"fix.yml": [30.5, 10.0], "other.yml": [70.0]}
