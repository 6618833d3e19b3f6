"""How an incident stands against its deadlines, and when that is to be told."""

from __future__ import annotations

from typing import Any

import pytest

from autofix.core.deadlines import deadlines_of, mark, met_now, next_deadline, next_moment, untold
from autofix.core.incidents import Incident, Origin, State

#: Opened at 0; answer near at 80 and due at 100, solution near at 800 and due at 1000.
PROMISED = {"answer": [80.0, 100.0], "solution": [800.0, 1000.0]}


def incident(**more: Any) -> Incident:
    values: dict[str, Any] = {"deadlines": PROMISED, **more}
    state = values.pop("state", State.ESCALATED)
    return Incident(7, "r", "h", "", state, Origin.PROBE, "P0", 0.0, 0.0, **values)


def told(*marks: str) -> Incident:
    return incident(paged_for=frozenset(f"deadline {each}" for each in marks))


@pytest.mark.parametrize(
    ("now", "states"),
    [
        (0, "running running"),
        (79.9, "running running"),
        (80, "near running"),
        (99.9, "near running"),
        (100, "missed running"),
        (800, "missed near"),
        (1000, "missed missed"),
    ],
)
def test_nobody_does_anything(now: float, states: str) -> None:
    assert " ".join(each.state for each in deadlines_of(incident(), now)) == states


@pytest.mark.parametrize(
    ("happened", "states"),
    [
        ({"answered_at": 99.0}, "met missed"),
        ({"answered_at": 101.0}, "missed missed"),  # met, but too late
        ({"worked_around_at": 50.0}, "met missed"),  # who works around has answered
        ({"triaged_at": 50.0}, "met missed"),
        ({"ended_at": 60.0, "state": State.HEALED}, "met met"),  # no person was ever needed
        ({"ended_at": 500.0, "state": State.HEALED}, "missed met"),
        ({"answered_at": 10.0, "ended_at": 2000.0, "state": State.RESOLVED}, "met missed"),
    ],
)
def test_what_was_done_in_time_is_met(happened: dict[str, Any], states: str) -> None:
    found = deadlines_of(incident(**happened), 3000.0)
    assert " ".join(each.state for each in found) == states


@pytest.mark.parametrize(
    ("now", "happened", "words"),
    [
        (30, {}, "answer due in 1m 10s"),
        (160, {}, "answer missed 1m ago"),
        (160, {"answered_at": 40.0}, "answer met"),
        (160, {"answered_at": 130.0}, "answer met 30s late"),
    ],
)
def test_it_is_said_in_words(now: float, happened: dict[str, Any], words: str) -> None:
    assert deadlines_of(incident(**happened), now)[0].words(now) == words


def test_the_next_one_is_the_first_that_is_open() -> None:
    assert next_deadline(incident(), 500.0).kind == "answer"  # type: ignore[union-attr]
    assert next_deadline(incident(answered_at=5.0), 6.0).kind == "solution"  # type: ignore[union-attr]
    assert next_deadline(incident(ended_at=5.0), 6.0) is None


def test_it_is_told_when_near_and_when_missed_and_no_third_time() -> None:
    assert untold(incident(), 50) == []
    assert [mark(each) for each in untold(incident(), 85)] == ["deadline answer near"]
    assert untold(told("answer near"), 85) == []
    assert [mark(each) for each in untold(told("answer near"), 100)] == ["deadline answer missed"]
    assert untold(told("answer near", "answer missed"), 700) == []
    assert untold(incident(answered_at=20.0), 700) == []


@pytest.mark.parametrize(
    ("each", "now", "moment"),
    [
        (incident(), 0, 80),
        (incident(), 85, 85),  # near, and not told yet: now
        (told("answer near"), 85, 100),
        (told("answer near"), 300, 300),
        (told("answer near", "answer missed"), 300, 800),
        (told("answer near", "answer missed", "solution near"), 900, 1000),
        (told("answer missed", "solution missed"), 2000, None),
        (incident(answered_at=10.0), 20, 800),
        (incident(state=State.HEALED, ended_at=10.0), 20, None),
        (incident(check=True), 20, None),
        (incident(deadlines={}), 20, None),
        (incident(deadlines={"answer": [100.0, 100.0]}), 20, 100),  # near: 100%
    ],
)
def test_when_to_tell_next(each: Incident, now: float, moment: float | None) -> None:
    assert next_moment(each, now) == moment


def test_the_record_says_what_was_met_at_this_moment() -> None:
    answered = incident(answered_at=40.0)
    assert met_now(answered, 40.0) == {"answer": 100.0}
    assert met_now(answered, 50.0) == {}
    over = incident(ended_at=90.0, state=State.HEALED)
    assert met_now(over, 90.0) == {"answer": 100.0, "solution": 1000.0}
