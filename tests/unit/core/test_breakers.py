"""The breaker of one target, as a table of sentences and as laws."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autofix.core.breakers import Attempt, BreakerState, Reset, breaker_state
from autofix.core.runbooks import Attempts

HOUR, DAY = 3600.0, 86400.0
NOW = 100 * DAY
LIMIT = Attempts(3, DAY)
SOON = Attempts(3, DAY, half_open_after=HOUR)


def ago(seconds: float, *, trial: bool = False, passed: bool = False) -> Attempt:
    return Attempt(NOW - seconds, NOW - seconds + 60, trial, passed)


def reset(seconds_ago: float) -> Reset:
    return Reset("r", "h", "", NOW - seconds_ago, "ann")


THREE = (ago(600), ago(1200), ago(1800))


@pytest.mark.parametrize(
    ("limit", "attempts", "when", "state", "words"),
    [
        (LIMIT, (), None, "closed", "no attempts lately"),
        (LIMIT, THREE[:2], None, "closed", "2 of at most 3 attempts"),
        (LIMIT, THREE, None, "open", "3 attempts within 1d (at most 3)"),
        # Spread over more than the window they were never too many.
        (LIMIT, (ago(600), ago(1200), ago(DAY + 600)), None, "closed", "2 of at most 3 attempts"),
        # It stays open although the first ones left the window since.
        (LIMIT, (ago(2 * HOUR), ago(23 * HOUR), ago(25 * HOUR)), None, "open", "3 attempts"),
        (LIMIT, (ago(DAY + 60), ago(DAY + 90), ago(DAY + 99)), None, "half_open", "1d have passed"),
        (SOON, (ago(HOUR + 60), *THREE[1:]), None, "half_open", "1h have passed"),
        (SOON, (ago(HOUR), ago(HOUR + 99), ago(HOUR + 199)), None, "open", "3 attempts"),
        (LIMIT, THREE, reset(60), "half_open", "ann reset it"),
        # A reset is used up by the attempt that it lets through.
        (LIMIT, (ago(600, trial=True), *THREE), reset(700), "open", "did not heal"),
        (LIMIT, (ago(600, trial=True, passed=True), *THREE), reset(700), "closed", "1 of at most"),
        (LIMIT, (ago(600, trial=True), *THREE), None, "open", "the one attempt let through"),
        (SOON, (ago(HOUR + 99, trial=True), *THREE), None, "half_open", "1h have passed"),
        # A trial that healed begins a new count.
        (
            LIMIT,
            (ago(60), ago(99), ago(600, trial=True, passed=True), *THREE),
            None,
            "open",
            "3 attempts within 1d",
        ),
    ],
)
def test_how_it_stands(
    limit: Attempts, attempts: Sequence[Attempt], when: Reset | None, state: str, words: str
) -> None:
    found = breaker_state(limit, attempts, when, NOW)
    assert found.state == state
    assert words in found.why
    assert (found.until is not None) == (state == "open")


def test_an_open_one_says_when_it_lets_one_through() -> None:
    found = breaker_state(SOON, THREE, None, NOW)
    assert found.until is not None
    for later, state in ((-1.0, "open"), (0.0, "half_open")):
        assert breaker_state(SOON, THREE, None, found.until + later).state == state


WORLDS = st.lists(
    st.tuples(st.floats(1, 2 * DAY), st.booleans()), max_size=60
)  # the pause before each symptom, and whether its fix heals


def lived(limit: Attempts, symptoms: list[tuple[float, bool]]) -> list[Attempt]:
    """What the breaker let through of these symptoms, oldest first."""
    now, past = 0.0, list[Attempt]()
    for pause, heals in symptoms:
        now += pause
        found = breaker_state(limit, past[::-1], None, now)
        if found.state is not BreakerState.OPEN:
            past.append(Attempt(now, now, found.state is BreakerState.HALF_OPEN, heals))
    return past


@given(WORLDS, st.integers(1, 4))
def test_no_window_ever_holds_more_attempts_than_the_limit(
    symptoms: list[tuple[float, bool]], most: int
) -> None:
    past = lived(Attempts(most, DAY), symptoms)
    for each in past:
        window = [a for a in past if each.started_at - DAY < a.started_at <= each.started_at]
        assert len(window) <= most


@given(WORLDS)
def test_after_a_trial_that_did_not_heal_nothing_is_let_through_for_as_long_again(
    symptoms: list[tuple[float, bool]],
) -> None:
    past = lived(SOON, symptoms)
    for trial, after in pairwise(past):
        if trial.trial and not trial.passed:
            assert after.trial
            assert after.started_at - trial.started_at >= HOUR


@given(WORLDS, st.floats(0, 10 * DAY))
def test_the_newest_few_attempts_tell_as_much_as_all(
    symptoms: list[tuple[float, bool]], later: float
) -> None:
    past = lived(LIMIT, symptoms)[::-1]
    now = (past[0].started_at if past else 0.0) + later
    assert breaker_state(LIMIT, past, None, now) == breaker_state(LIMIT, past[:3], None, now)
