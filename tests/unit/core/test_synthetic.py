"""The fake incident's judge: a table of how it stands, and what is done then."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autofix.core.incidents import Incident, Origin, State
from autofix.core.synthetic import AWAY, NAME, Act, Proof, looked, must_alarm, next_act, proof_of

HOUR = 3600.0
NOW = 1_000_000.0
TRYING = Proof(since=0.0, looked_at=NOW, tried_at=NOW - 20, good_at=NOW - HOUR)


def incident(state: State, opened_at: float = NOW - 10) -> Incident:
    return Incident(7, NAME, NAME, "", state, Origin.PROBE, "P3", opened_at, NOW, reason="why")


@pytest.mark.parametrize(
    ("proof", "newest", "act"),
    [
        (Proof(), None, Act.BREAK),
        (replace(TRYING, good_at=NOW - 10), None, Act.WAIT),
        (replace(TRYING, good_at=NOW, tried_at=NOW - HOUR), incident(State.CLOSED), Act.BREAK),
        (TRYING, None, Act.WAIT),
        (TRYING, incident(State.CLOSED, opened_at=NOW - HOUR), Act.WAIT),
        (TRYING, incident(State.OPEN), Act.WAIT),
        (TRYING, incident(State.FIXING), Act.WAIT),
        (TRYING, incident(State.HELD), Act.WAIT),
        (TRYING, incident(State.HEALED), Act.CLOSE),
        (TRYING, incident(State.CLOSED), Act.CLOSE),
        (TRYING, incident(State.ESCALATED), Act.FAILED),
        (TRYING, incident(State.RECOVERED), Act.FAILED),
        (TRYING, incident(State.RESOLVED), Act.FAILED),
        (replace(TRYING, tried_at=NOW - 301), None, Act.FAILED),
        (replace(TRYING, tried_at=NOW - 901), incident(State.HELD, NOW - 900), Act.FAILED),
    ],
)
def test_what_is_done_next(proof: Proof, newest: Incident | None, act: Act) -> None:
    assert next_act(proof, newest, NOW, HOUR).act is act


@pytest.mark.parametrize(
    ("proof", "alarms"),
    [
        (Proof(since=NOW - 3 * HOUR + 1), False),
        (Proof(since=NOW - 3 * HOUR - 1), True),
        (Proof(since=0.0, good_at=NOW - 2 * HOUR), False),
        (Proof(since=0.0, good_at=NOW - 4 * HOUR), True),
        (Proof(since=0.0, good_at=NOW - 4 * HOUR, alarmed_at=NOW - HOUR), False),
        (Proof(since=0.0, good_at=NOW - 8 * HOUR, alarmed_at=NOW - 4 * HOUR), True),
    ],
)
def test_it_alarms_when_it_has_not_succeeded_lately_and_not_all_the_time(
    proof: Proof, alarms: bool
) -> None:
    assert must_alarm(proof, NOW, 3 * HOUR) is alarms


def test_what_was_missed_while_nobody_looked_is_no_alarm() -> None:
    weekend = Proof(since=0.0, looked_at=NOW - 2 * 86400, good_at=NOW - 2 * 86400)
    assert not must_alarm(looked(weekend, NOW), NOW, 3 * HOUR)
    watched = replace(weekend, looked_at=NOW - AWAY)
    assert must_alarm(looked(watched, NOW), NOW, 3 * HOUR)


def test_its_json_form_comes_back() -> None:
    assert proof_of({"tried_at": 5.0, "error": "x", "other": 1}) == Proof(tried_at=5.0, error="x")
