"""A run's log gathered by play, task and host, whatever is missing of it; states in words."""

from __future__ import annotations

from typing import Any

import pytest

from autofix.core.runs import Outcome, Run, RunEvent, RunKind, RunState
from autofix.web.console.logbook import ALL, SHORT, TEXT, Portion, portion
from autofix.web.console.run_words import WORDS, pace, standing


def e(kind: str, play: str = "p", task: str = "", host: str = "", text: str = "") -> RunEvent:
    return RunEvent(kind, 1.0, play=play, task=task, host=host, text=text)


def told(*events: RunEvent, first: int = 1) -> Portion:
    return portion(list(enumerate(events, start=first)))


def shape(found: Portion) -> list[Any]:
    """[(play, [(task, [(host, kind, [texts])])])]"""
    return [
        (
            play.name,
            [
                (
                    task.name,
                    [(on.name, on.kind, [line.text for line in on.lines]) for on in task.hosts],
                )
                for task in play.tasks
            ],
        )
        for play in found.plays
    ]


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([], []),
        (
            [e("start", ""), e("play"), e("task", task="a"), e("ok", task="a", host="h")],
            [("p", [("a", [("h", "ok", [""])])])],
        ),
        # The task's beginning is on another page.
        ([e("ok", task="a", host="h")], [("p", [("a", [("h", "ok", [""])])])]),
        # What comes late finds its task, though another has begun.
        (
            [
                e("task", task="a"), e("task", task="b"), e("failed", task="a", host="h", text="x"),
                e("ok", task="b", host="h"),
            ],
            [("p", [("a", [("h", "failed", ["x"])]), ("b", [("h", "ok", [""])])])],
        ),
        # The worst counts, output belongs to its host.
        (
            [
                e("task", task="a"), e("ok", task="a", host="h"),
                e("output", task="a", host="h", text="out"),
                e("failed", task="a", host="h", text="no"), e("ok", task="a", host="g"),
            ],
            [("p", [("a", [("h", "failed", ["", "out", "no"]), ("g", "ok", [""])])])],
        ),
        # A kind that nobody knows is shown and judges nothing.
        ([e("teapot", task="a", host="h", text="?")], [("p", [("a", [("h", "", ["?"])])])]),
        # What belongs to no task is the run's own.
        (
            [e("task", task="a"), e("notice", "", text="cut")],
            [("p", [("a", []), ("", [("", "", ["cut"])])])],
        ),
        # A task told twice is two.
        ([e("task", task="a"), e("task", task="a")], [("p", [("a", []), ("a", [])])]),
        # Two plays of one name are two; what comes then is of the newer.
        (
            [e("play"), e("task", task="a"), e("play"), e("ok", task="a", host="h")],
            [("p", [("a", [])]), ("p", [("a", [("h", "ok", [""])])])],
        ),
    ],
)  # fmt: skip
def test_events_find_their_place(events: list[RunEvent], expected: list[Any]) -> None:
    assert shape(told(*events)) == expected


def test_a_portion_says_where_it_is() -> None:
    found = told(e("ok", task="a", host="h"), e("ok", task="b", host="h"), first=41)
    assert (found.first, found.last, found.events) == (41, 42, 2)
    assert (told().first, told().last) == (0, 0)


def test_long_texts_are_cut_and_many_long_ones_are_cut_short() -> None:
    [one] = told(e("output", task="a", host="h", text="x" * (TEXT + 1))).plays[0].tasks[0].hosts
    assert (len(one.lines[0].text), one.lines[0].cut, one.short) == (TEXT, True, False)
    many = told(*[e("output", task="a", host="h", text="x" * TEXT) for _ in range(ALL // TEXT + 2)])
    lines = many.plays[0].tasks[0].hosts[0].lines
    assert not lines[0].cut
    assert [len(line.text) for line in lines[-2:]] == [SHORT, SHORT]
    assert lines[-1].cut


def test_failures_open_what_they_stand_in() -> None:
    found = told(e("task", task="a"), e("unreachable", task="a", host="h"), e("task", task="b"))
    assert [task.bad for task in found.plays[0].tasks] == [True, False]
    assert found.plays[0].bad


def run(**more: Any) -> Run:
    return Run(1, 1, "r", "h", RunKind.FIX, 0, 1, "fix.yml", **more)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        (run(due_at=1.0), "planned"),
        (run(), "owed"),
        (run(state=RunState.CLAIMED), "claimed"),
        (run(state=RunState.STARTED), "started"),
        (run(state=RunState.STARTED, cancel_requested="ann"), "ending"),
        (run(state=RunState.DROPPED), "dropped"),
        (run(state=RunState.LOST), "lost"),
        (run(state=RunState.FINISHED, outcome=Outcome.OK), "ok"),
        (run(state=RunState.FINISHED, outcome=Outcome.OK, check=True), "rehearsed"),
        (run(state=RunState.FINISHED, outcome=Outcome.FAILED, check=True), "failed"),
        (
            run(state=RunState.FINISHED, outcome=Outcome.CANCELLED, cancel_requested="x"),
            "cancelled",
        ),
    ],
)
def test_each_state_has_its_words(given: Run, name: str) -> None:
    assert standing(given) == name
    assert all(WORDS[name])


def test_every_outcome_has_words() -> None:
    assert {str(each) for each in Outcome} <= set(WORDS)


@pytest.mark.parametrize(
    ("started", "finished", "usual", "now", "said"),
    [
        (None, None, 10.0, 50.0, ""),
        (0.0, 10.0, None, 50.0, ""),
        (0.0, 11.0, 10.0, 50.0, "as_usual"),
        (0.0, 21.0, 10.0, 50.0, "longer"),
        (0.0, 3.0, 1.0, 50.0, "as_usual"),
        (0.0, 4.0, 10.0, 50.0, "shorter"),
        (0.0, 1.0, 4.0, 50.0, "as_usual"),
        (0.0, None, 10.0, 2.0, "as_usual"),
        (0.0, None, 10.0, 50.0, "longer"),
    ],
)
def test_its_length_against_the_usual_one(
    started: float | None, finished: float | None, usual: float | None, now: float, said: str
) -> None:
    assert pace(run(started_at=started, finished_at=finished), usual, now) == said
