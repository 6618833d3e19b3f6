"""A time of the day alone is the next one, on the zone's own clock."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from autofix.core.moments import last_time, next_time, parse

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "now", "expected"),
    [
        ("18:00", "2026-11-23 03:00", "2026-11-23 18:00"),
        ("2:30", "2026-11-23 03:00", "2026-11-24 02:30"),
        ("03:00", "2026-11-23 03:00", "2026-11-24 03:00"),
        ("06:00", "2026-10-24 22:00", "2026-10-25 06:00"),  # the night is an hour longer
    ],
)
def test_a_time_alone_is_the_next_one(text: str, now: str, expected: str) -> None:
    def at(words: str) -> float:
        return datetime.fromisoformat(words).replace(tzinfo=BERLIN).timestamp()

    assert next_time(text, "Europe/Berlin", at(now)) == at(expected)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-10-25T02:45+02:00", "2026-10-25T02:50+02:00"),
        ("2026-10-25T02:55+02:00", "2026-10-25T02:50+01:00"),
        ("2026-10-25T02:45+01:00", "2026-10-25T02:50+01:00"),
        ("2026-10-25T02:50+01:00", "2026-10-26T02:50+01:00"),
    ],
)
def test_in_the_hour_that_comes_twice_the_next_one_is_the_next_one(now: str, expected: str) -> None:
    """A silence until ten to three must not last for a day more."""

    def at(words: str) -> float:
        return datetime.fromisoformat(words).timestamp()

    assert next_time("02:50", "Europe/Berlin", at(now)) == at(expected)


@pytest.mark.parametrize(
    ("text", "now", "expected"),
    [
        ("10:00", "2026-11-23T10:30+01:00", "2026-11-23T10:00+01:00"),
        ("10:30", "2026-11-23T10:30+01:00", "2026-11-23T10:30+01:00"),
        ("10:45", "2026-11-23T10:30+01:00", "2026-11-22T10:45+01:00"),
        # A day of 25 hours, and one of 23.
        ("10:45", "2026-10-25T10:30+01:00", "2026-10-24T10:45+02:00"),
        ("09:45", "2026-03-29T10:30+02:00", "2026-03-29T09:45+02:00"),
        ("02:50", "2026-10-25T02:45+01:00", "2026-10-25T02:50+02:00"),
        ("02:50", "2026-10-25T10:00+01:00", "2026-10-25T02:50+01:00"),
    ],
)
def test_the_last_time_that_has_passed_lies_never_ahead(text: str, now: str, expected: str) -> None:
    def at(words: str) -> float:
        return datetime.fromisoformat(words).timestamp()

    assert last_time(text, "Europe/Berlin", at(now)) == at(expected)


def test_what_is_no_time_of_the_day_is_refused() -> None:
    with pytest.raises(ValueError, match="'25:00' is no time of the day"):
        next_time("25:00", "UTC", 0)


def test_the_end_of_the_calendar_has_no_day_after_it() -> None:
    with pytest.raises(ValueError, match="'9999-12-31' is too far away"):
        parse("9999-12-31", "UTC", end=True)
    assert parse("9999-12-30", "UTC", end=True) == parse("9999-12-31", "UTC")
