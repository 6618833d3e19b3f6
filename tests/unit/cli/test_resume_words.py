"""What `autofix pause`, `resume` and `status` say about what is held and owed."""

from __future__ import annotations

from autofix.cli.pause import resumed_lines
from autofix.cli.status import owed_lines
from autofix.core.incidents import Incident, Origin, State
from autofix.core.pauses import Pause
from autofix.core.runs import Run, RunKind
from autofix.core.stories import Blocked, Resumed

NOW = 10_000.0
ALL = Pause(NOW - 300, "ann", "look first")
R2 = Pause(NOW - 60, "bob", host="redis2")


def held(number: int, host: str) -> Incident:
    return Incident(
        number, "redis-memory-high", host, "", State.HELD, Origin.PROBE, "P1", NOW - 500, NOW,
        held_since=NOW - 240, reason="pause: everything paused by ann",
    )  # fmt: skip


def owed(number: int, kind: RunKind, due: float | None) -> Run:
    return Run(number, 3, "redis-memory-high", "redis1", kind, 0, 1, "lower.yml", due_at=due)


def test_a_resume_in_words() -> None:
    resumed = Resumed(
        lifted=(ALL,),
        still=(R2,),
        held=(held(12, "redis1"),),
        owed=(owed(14, RunKind.ROLLBACK, NOW),),
        blocked=(Blocked(held(13, "redis2"), R2),),
    )
    assert resumed_lines(resumed, "everything", NOW) == [
        "resumed: everything paused by ann: look first, 5m ago",
        "  incident 12 redis-memory-high on redis1: held 4m, is decided now",
        "  run 14 rollback lower.yml on redis1 was owed: starts now",
        "  incident 13 redis-memory-high on redis2: stays held, redis2 paused by bob",
        "  still paused: redis2 paused by bob, 1m ago (lift it: autofix resume --host redis2)",
    ]


def test_a_resume_of_nothing_in_words() -> None:
    assert resumed_lines(Resumed(), "redis1", NOW) == [
        "there was no such pause: redis1 is not paused, nothing is"
    ]
    assert resumed_lines(Resumed(still=(ALL,)), "redis1", NOW) == [
        "there was no such pause: redis1 is not paused",
        "  still paused: everything paused by ann: look first, 5m ago (lift it: autofix resume)",
    ]


def test_what_is_owed_in_words() -> None:
    runs = [owed(14, RunKind.ROLLBACK, NOW), owed(15, RunKind.AFTERWARDS, None)]
    assert owed_lines(runs, [ALL]) == [
        "owed: run 14 rollback lower.yml on redis1 - starts when resumed",
        "owed: run 15 afterwards lower.yml on redis1 - starts when its step is judged and it is "
        "resumed",
    ]
    assert owed_lines(runs, [R2]) == [
        "owed: run 14 rollback lower.yml on redis1 - starts now",
        "owed: run 15 afterwards lower.yml on redis1 - starts when its step is judged",
    ]
