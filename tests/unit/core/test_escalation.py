"""Who is called, and when again: policies, levels, rounds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autofix.core.escalation import (
    Again,
    Enough,
    Later,
    Level,
    Over,
    Policy,
    next_call,
    simple,
    when_due,
)
from autofix.core.incidents import Incident, Origin, State

NIGHT = Policy("night", (Level(("ding", "mail"), 600), Level(("phone",), 900)), repeat=1800)


def incident(state: State = State.ESCALATED, **changes: object) -> Incident:
    made = Incident(7, "redis", "r1", "", state, Origin.PROBE, "P1", 0.0, 0.0)
    return replace(made, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("calls", "level", "round_", "next_after"),
    [
        (0, 0, 1, 600),  # the first level, then ten minutes
        (1, 1, 1, 900 + 1800),  # the last: its wait, and the pause between two rounds
        (2, 0, 2, 600),  # and anew
        (5, 1, 3, 2700),
    ],
)
def test_level_follows_level_and_round_follows_round(
    calls: int, level: int, round_: int, next_after: float
) -> None:
    call = next_call(NIGHT, calls, now=1000.0)
    assert (call.level, call.round, call.next_at) == (level, round_, 1000.0 + next_after)


def test_a_policy_that_never_repeats_ends_after_its_last_level() -> None:
    once = replace(NIGHT, repeat=None)
    assert next_call(once, 0, 0.0).next_at == 600
    assert next_call(once, 1, 0.0).next_at is None


def test_the_short_form_is_one_level_called_every_three_quarters_of_an_hour() -> None:
    call = next_call(simple("ops", "ding", "mail"), 4, 0.0)
    assert (call.level, call.round, call.next_at) == (0, 5, 2700.0)


def test_every_channel_of_a_policy_is_named_once_in_the_order_of_its_levels() -> None:
    levels = (Level(("ding", "mail")), Level(("mail", "phone")))
    assert Policy("p", levels).channels == ("ding", "mail", "phone")


@pytest.mark.parametrize(
    ("what", "says"),
    [
        (incident(), Again("nobody has acknowledged it")),
        (incident(State.AWAITING_APPROVAL), Again("nobody has acknowledged it")),
        (
            incident(State.AWAITING_APPROVAL, approved={"1.0": "ann"}),
            Enough("its step is approved"),
        ),
        (incident(State.FIXING), Enough("it is fixing: nobody is asked for")),
        (incident(State.HEALED), Over("it is healed")),
        (
            incident(State.ACKNOWLEDGED, acknowledged_at=100.0),
            Later(100.0 + 4 * 3600, "somebody has it"),
        ),
        (
            incident(State.AWAITING_APPROVAL, acknowledged_at=100.0),
            Later(100.0 + 4 * 3600, "somebody has it"),
        ),
    ],
)
def test_what_a_due_call_asks_for(what: Incident, says: object) -> None:
    assert when_due(what, NIGHT, now=1000.0) == says


def test_one_who_acknowledged_and_fell_asleep_is_called_anew() -> None:
    asleep = incident(State.ACKNOWLEDGED, acknowledged_at=100.0)
    said = when_due(asleep, NIGHT, now=100.0 + 4 * 3600)
    assert said == Again("acknowledged 4h ago, and not resolved since", anew=True)


def test_what_moves_on_is_called_for_no_more_and_what_ends_is_closed_at_once() -> None:
    asked = incident(State.AWAITING_APPROVAL, calls=1, call_at=600.0)
    assert asked.with_(state=State.FIXING).call_at is None
    assert asked.with_(state=State.RECOVERED, updated_at=50.0).call_at == 50.0
    never_paged = incident(State.HELD)
    assert never_paged.with_(state=State.RECOVERED, updated_at=50.0).call_at is None
