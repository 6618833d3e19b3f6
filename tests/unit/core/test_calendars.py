"""Counting along working time: weekends, holidays, swapped days, and days of 23 or 25 hours."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some

from autofix.core.calendars import ALWAYS, Calendar, Hours

HOUR, DAY = 3600.0, 86400.0
NINE_TO_SIX: Hours = ((9 * 60, 18 * 60),)
OFFICE = Calendar(
    "office",
    "Europe/Berlin",
    {**dict.fromkeys(range(5), NINE_TO_SIX), 5: ((600, 840), (900, 1020))},
    holidays=frozenset({"2026-12-25", "2026-12-26"}),
    workdays=frozenset({"2026-10-11"}),
)
#: Eight hours a day with a lunch break; the golden week is given back on two weekends.
CHINA = Calendar(
    "china",
    "Asia/Shanghai",
    dict.fromkeys(range(5), ((540, 720), (780, 1080))),
    holidays=frozenset(f"2026-10-0{day}" for day in range(1, 8)),
    workdays=frozenset({"2026-09-27", "2026-10-10"}),
)
NIGHT = Calendar("night", "Europe/Berlin", dict.fromkeys(range(7), ((0, 360), (1320, 1440))))


def at(text: str, zone: str = "Europe/Berlin", fold: int = 0) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp()


def wall(moment: float | None, zone: str = "Europe/Berlin") -> str:
    assert moment is not None
    return datetime.fromtimestamp(moment, ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize(
    ("when", "is_open"),
    [
        ("2026-11-16 08:59", False),  # a Monday
        ("2026-11-16 09:00", True),
        ("2026-11-16 17:59", True),
        ("2026-11-16 18:00", False),
        ("2026-11-21 13:59", True),  # a Saturday with a break
        ("2026-11-21 14:30", False),
        ("2026-11-21 15:00", True),
        ("2026-11-22 12:00", False),  # a Sunday
        ("2026-12-25 12:00", False),  # a Friday, and Christmas
        ("2026-10-11 17:00", True),  # a Sunday that is worked like a Monday
    ],
)
def test_what_is_working_time(when: str, is_open: bool) -> None:
    assert OFFICE.open_at(at(when)) is is_open


def test_the_next_opening_and_closing_are_found_over_a_weekend_and_a_break() -> None:
    evening = at("2026-11-21 17:30")
    assert wall(OFFICE.next_open(evening)) == "2026-11-23 09:00"
    assert OFFICE.next_close(evening) == evening  # closed as it is
    assert OFFICE.next_open(at("2026-11-23 10:00")) == at("2026-11-23 10:00")
    assert wall(OFFICE.next_close(at("2026-11-21 13:00"))) == "2026-11-21 14:00"
    assert wall(NIGHT.next_close(at("2026-11-21 23:00"))) == "2026-11-22 06:00"


def test_two_working_hours_on_friday_evening_are_over_on_saturday() -> None:
    assert wall(OFFICE.after(at("2026-11-20 17:00"), 2 * HOUR)) == "2026-11-21 11:00"


def test_a_working_day_is_counted_over_christmas_and_the_weekend_behind_it() -> None:
    assert wall(OFFICE.after(at("2026-12-24 12:00"), 9 * HOUR)) == "2026-12-28 12:00"


def test_what_ends_with_the_day_ends_then_and_not_the_next_morning() -> None:
    assert wall(OFFICE.after(at("2026-11-16 17:00"), HOUR)) == "2026-11-16 18:00"
    assert OFFICE.after(at("2026-11-22 12:00"), 0) == at("2026-11-22 12:00")


def test_days_that_china_gives_back_are_worked_like_weekdays() -> None:
    sunday, saturday = at("2026-09-27 10:00", CHINA.timezone), at("2026-10-10 10:00", "Asia/Tokyo")
    assert CHINA.open_at(sunday)
    assert CHINA.open_at(saturday)
    end = CHINA.after(at("2026-09-30 17:00", CHINA.timezone), 2 * HOUR)
    assert wall(end, CHINA.timezone) == "2026-10-08 10:00"  # the golden week lies between


def test_the_day_on_which_the_clock_changes_is_counted_in_real_seconds() -> None:
    round_the_day = Calendar("all", "Europe/Berlin", dict.fromkeys(range(7), ((0, 1440),)))
    spring, autumn = at("2026-03-29 00:00"), at("2026-10-25 00:00")
    assert round_the_day.between(spring, at("2026-03-30 00:00")) == 23 * HOUR
    assert round_the_day.between(autumn, at("2026-10-26 00:00")) == 25 * HOUR
    assert wall(round_the_day.after(spring, 23 * HOUR)) == "2026-03-30 00:00"
    assert wall(OFFICE.after(at("2026-10-24 16:00"), 2 * HOUR)) == "2026-10-26 10:00"


def test_a_repeated_hour_is_open_as_a_whole_and_a_skipped_one_never_comes() -> None:
    small = Calendar("small", "Europe/Berlin", dict.fromkeys(range(7), ((120, 180),)))
    autumn = at("2026-10-25 00:00")
    assert small.between(autumn, autumn + DAY) == 2 * HOUR
    assert small.open_at(at("2026-10-25 02:30", fold=0))
    assert small.open_at(at("2026-10-25 02:30", fold=1))
    spring = at("2026-03-29 00:00")
    assert small.between(spring, spring + 12 * HOUR) == 0


def test_a_midnight_that_comes_twice_is_counted_once() -> None:
    azores = Calendar("azores", "Atlantic/Azores", dict.fromkeys(range(7), ((0, 1440),)))
    start = at("2026-10-24 12:00", "Atlantic/Azores")
    assert azores.between(start, start + 2 * DAY) == 2 * DAY


def test_around_the_clock_every_second_counts() -> None:
    assert ALWAYS.around_the_clock
    assert ALWAYS.open_at(17.5)
    assert (ALWAYS.next_open(5.0), ALWAYS.next_close(5.0)) == (5.0, None)
    assert (ALWAYS.after(5.0, 90), ALWAYS.between(5.0, 95.0)) == (95.0, 90.0)


def test_a_calendar_that_never_closes_between_its_days_says_so() -> None:
    awake = Calendar("awake", "UTC", ALWAYS.week, holidays=frozenset({"2026-12-25"}))
    assert wall(awake.next_close(at("2026-11-16 12:00", "UTC")), "UTC") == "2026-12-25 00:00"
    assert awake.next_close(at("2027-01-01 12:00", "UTC")) is None


def test_a_week_without_hours_never_opens_and_never_hangs() -> None:
    empty = Calendar("empty", "UTC", {}, workdays=frozenset({"2026-11-21"}))
    assert (empty.next_open(0.0), empty.after(0.0, 1.0)) == (None, None)
    assert (empty.open_at(0.0), empty.between(0.0, DAY)) == (False, 0.0)


def test_more_working_time_than_a_century_has_is_never() -> None:
    minute = Calendar("minute", "UTC", {0: ((0, 1),)})
    assert minute.after(0.0, 100 * 366 * DAY) is None


YEARS = some.floats(at("2025-01-01 00:00"), at("2028-01-01 00:00"))
SPANS = some.floats(0, 60 * DAY)
CALENDARS = some.sampled_from((OFFICE, CHINA, NIGHT, ALWAYS))


@given(CALENDARS, YEARS, SPANS)
def test_between_a_moment_and_after_it_lies_what_was_asked(
    calendar: Calendar, start: float, seconds: float
) -> None:
    end = calendar.after(start, seconds)
    assert end is not None
    assert end >= start + seconds - 1e-3
    assert calendar.between(start, end) == pytest.approx(seconds, abs=1e-3)


@given(CALENDARS, YEARS, SPANS, SPANS)
def test_two_waits_in_a_row_are_one_long_wait(
    calendar: Calendar, start: float, first: float, second: float
) -> None:
    middle, end = calendar.after(start, first), calendar.after(start, first + second)
    assert middle is not None
    assert end is not None
    assert calendar.between(start, middle) + calendar.between(middle, end) == pytest.approx(
        first + second, abs=1e-3
    )


@given(CALENDARS, YEARS)
def test_it_is_open_from_its_next_opening_until_its_next_closing(
    calendar: Calendar, moment: float
) -> None:
    opening = calendar.next_open(moment)
    assert opening is not None
    assert calendar.open_at(opening)
    closing = calendar.next_close(opening)
    if closing is not None:
        assert calendar.between(opening, closing) == pytest.approx(closing - opening)
        assert not calendar.open_at(closing)
