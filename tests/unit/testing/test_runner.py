"""The fake runner plays its script, and a test can hold a run and let it go."""

import threading

import pytest

from autofix.core.runs import Outcome, RunOrder, RunResult
from autofix.testing.runner import FakeRunner, Play, failing


def order(playbook, run_id=1):
    return RunOrder(run_id, playbook, "web1", {}, 30.0)


def run(runner, playbook, run_id=1):
    return runner.run(order(playbook, run_id), lambda event: None, threading.Event())


def test_a_play_changes_the_tests_world_and_orders_are_remembered():
    healed = []
    runner = FakeRunner({"a.yml": Play(does=lambda order: healed.append(order.host))})
    assert run(runner, "a.yml").outcome is Outcome.OK
    assert healed == ["web1"]
    assert runner.orders == [order("a.yml")]


def test_a_play_may_decide_on_its_result_when_it_runs():
    lost = RunResult(Outcome.UNREACHABLE, "no route")
    assert run(FakeRunner({"a.yml": Play(does=lambda order: lost)}), "a.yml") is lost


def test_a_failing_play_gives_its_reason():
    assert run(FakeRunner({"a.yml": failing("no disk")}), "a.yml").reason == "no disk"


def test_a_held_run_goes_on_when_it_is_released():
    runner, results = FakeRunner({"slow.yml": Play(blocks=True)}), []
    thread = threading.Thread(target=lambda: results.append(run(runner, "slow.yml", 7)))
    thread.start()
    runner.wait_until_running("slow.yml")
    assert list(runner.running) == [7]
    assert results == []
    runner.release("slow.yml")
    thread.join(5)
    assert [result.outcome for result in results] == [Outcome.OK]
    assert runner.running == {}


def test_waiting_for_a_run_that_never_starts_fails():
    with pytest.raises(AssertionError, match=r"slow\.yml was not started"):
        FakeRunner({}).wait_until_running("slow.yml", seconds=0.02)


def test_leftovers_are_ended_once():
    runner = FakeRunner({})
    runner.leftovers = {3, 4}
    assert list(runner.end_leftovers([3, 9])) == [3]
    assert list(runner.end_leftovers([3, 9])) == []
    assert runner.leftovers == {4}
