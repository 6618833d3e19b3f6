"""What the flow relies on in every PlaybookRunner: asked of the fake and of the real one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from autofix.ansible.runner import AnsibleRunner
from autofix.core.runs import Outcome, RunEvent, RunOrder, RunResult
from autofix.errors import RunnerError
from autofix.ports import PlaybookRunner
from autofix.testing.runner import FakeRunner, Play, failing
from servers.site import Site, eventually

DOES = {
    "good.yml": "- command: 'true'\n- set_stats: {data: {autofix_report: {freed: 5}}}",
    "bad.yml": "- fail: {msg: no luck}",
    "slow.yml": "- command: sleep 60",
}
SCRIPT = {
    "good.yml": Play(
        RunResult(
            Outcome.OK, "1 task went well", 0, stats={"web1": {"ok": 1}}, report={"freed": 5}
        ),
        events=[
            RunEvent("task", 1.0, task="true"),
            RunEvent("changed", 1.0, task="true", host="web1"),
            RunEvent("stats", 1.0),
        ],
    ),
    "bad.yml": failing(),
    "slow.yml": Play(blocks=True, events=[RunEvent("task", 1.0, task="sleep")]),
}


@dataclass
class Stage:
    """A runner, and what was heard of its runs."""

    runner: PlaybookRunner
    events: list[RunEvent] = field(default_factory=list)
    cancel: threading.Event = field(default_factory=threading.Event)

    def run(
        self,
        playbook: str,
        host: str = "web1",
        timeout: float = 60.0,
        on_event: Callable[[RunEvent], None] | None = None,
    ) -> RunResult:
        order = RunOrder(1, playbook, host, {"x": 1}, timeout)
        return self.runner.run(order, on_event or self.events.append, self.cancel)


def fake(path: Path) -> PlaybookRunner:
    return FakeRunner(SCRIPT)


def real(path: Path) -> PlaybookRunner:
    site = Site(path)
    for name, tasks in DOES.items():
        site.tasks(tasks, name)
    return AnsibleRunner(site.options)


@pytest.fixture(params=[fake, real], ids=["fake", "real"])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Stage:
    return Stage(request.param(tmp_path))


def test_a_good_run_is_ok_and_brings_its_statistics_and_report(stage: Stage) -> None:
    result = stage.run("good.yml")
    assert result.outcome is Outcome.OK
    assert result.reason
    assert result.rc == 0
    assert result.stats["web1"]["ok"] >= 1
    assert result.report == {"freed": 5}
    kinds = [event.kind for event in stage.events]
    assert (kinds[0], kinds[-1]) == ("start", "stats")
    assert {"task", "changed"} <= set(kinds)
    assert {event.host for event in stage.events} <= {"", "web1"}


def test_a_bad_run_is_a_result_with_a_reason_and_no_exception(stage: Stage) -> None:
    result = stage.run("bad.yml")
    assert result.outcome is Outcome.FAILED
    assert "no luck" in result.reason
    assert "\n" not in result.reason


def test_a_run_that_lasts_too_long_is_timed_out(stage: Stage) -> None:
    result = stage.run("slow.yml", timeout=0.5)
    assert (result.outcome, result.reason) == (Outcome.TIMED_OUT, "timed out after 500ms")


def test_a_cancelled_run_ends_soon(stage: Stage) -> None:
    results: list[RunResult] = []
    thread = threading.Thread(target=lambda: results.append(stage.run("slow.yml")))
    thread.start()
    eventually(lambda: [event for event in stage.events if event.kind == "task"])
    stage.cancel.set()
    thread.join(10)
    assert [result.outcome for result in results] == [Outcome.CANCELLED]


def test_a_run_cancelled_before_its_start_does_nothing(stage: Stage) -> None:
    stage.cancel.set()
    assert stage.run("good.yml").outcome is Outcome.CANCELLED
    assert stage.events == []


@pytest.mark.parametrize("host", ["", "all", "web1,web2", "web*", "-i"])
def test_what_is_no_single_host_is_refused(stage: Stage, host: str) -> None:
    with pytest.raises(RunnerError, match="host"):
        stage.run("good.yml", host=host)
    assert stage.events == []


def test_a_playbook_that_is_not_there_is_refused(stage: Stage) -> None:
    with pytest.raises(RunnerError, match=r"missing\.yml"):
        stage.run("missing.yml")


def test_an_event_that_cannot_be_kept_ends_the_run_and_is_told(stage: Stage) -> None:
    def full(event: RunEvent) -> None:
        raise OSError("disk full")

    with pytest.raises(RunnerError, match="disk full"):
        stage.run("good.yml", on_event=full)


def test_runs_that_left_nothing_have_no_leftovers(stage: Stage) -> None:
    stage.run("bad.yml")
    assert list(stage.runner.end_leftovers([1, 2, 3])) == []
    assert list(stage.runner.end_leftovers([])) == []
