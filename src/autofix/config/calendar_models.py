"""The settings' `calendars:` block: working hours by weekday, holidays and worked weekends."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from itertools import pairwise
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, PlainValidator, field_validator, model_validator

from autofix.config.fields import Block, OneLine
from autofix.core.calendars import ALWAYS, BUSINESS, DAY_MINUTES, Calendar, Hours

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SPAN = re.compile(r"([0-9]{1,2}):([0-9]{2})\s*-\s*([0-9]{1,2}):([0-9]{2})")
#: Days that one line of holidays may name at most.
LONGEST = 366


def check_timezone(value: str) -> str:
    try:
        if value != "UTC":
            ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise ValueError(
            f"there is no time zone {value!r}: write for example UTC or Europe/Berlin"
        ) from None
    return value


Timezone = Annotated[OneLine, AfterValidator(check_timezone)]


def _dates(value: Any) -> tuple[str, ...]:
    """Every date of `2026-12-25` or `2026-10-01..2026-10-07`."""
    first, _, last = str(value).replace(" ", "").partition("..")
    try:
        start, end = date.fromisoformat(first), date.fromisoformat(last or first)
    except ValueError:
        raise ValueError(
            f"{value!r} is not a date: write for example 2026-12-25, or 2026-10-01..2026-10-07"
        ) from None
    if not start <= end < start + timedelta(days=LONGEST):
        raise ValueError(f"{value!r} must run from a date to a later one, within a year")
    return tuple((start + timedelta(days=n)).isoformat() for n in range((end - start).days + 1))


Dates = Annotated[tuple[str, ...], PlainValidator(_dates, json_schema_input_type=str)]


def weekdays(text: str) -> list[int]:
    """Numbers of the days in `mon-fri`, `sat` or `mon,wed,fri`; ValueError with what is right."""
    found: list[int] = []
    for part in text.lower().replace(" ", "").split(","):
        first, dash, last = part.partition("-")
        if first not in DAYS or (dash and last not in DAYS):
            raise ValueError(f"{text!r} names no days: write for example mon-fri, sat or mon,wed")
        start, end = DAYS.index(first), DAYS.index(last or first)
        found += [(start + n) % 7 for n in range((end - start) % 7 + 1)]
    return found


def hours(text: str) -> Hours:
    """Minutes of the day of `09:00-18:00` or `10:00-14:00,15:00-17:00`, sorted."""
    spans = sorted(_span(part.strip()) for part in text.split(","))
    for (_, end), (start, _) in pairwise(spans):
        if start < end:
            raise ValueError(f"{text!r}: the hours overlap")
    return tuple(spans)


def _span(text: str) -> tuple[int, int]:
    found = _SPAN.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is no time of the day: write for example 09:00-18:00")
    begin_hour, begin_minute, end_hour, end_minute = map(int, found.groups())
    start, end = begin_hour * 60 + begin_minute, end_hour * 60 + end_minute
    if begin_minute > 59 or end_minute > 59 or start >= DAY_MINUTES or end > DAY_MINUTES:
        raise ValueError(f"{text!r}: a day has the times 00:00 to 24:00")
    if end <= start:
        hint = "for a night write two: until 24:00, and from 00:00 on the next day"
        raise ValueError(f"{text!r} ends before it begins: {hint}")
    return start, end


class CalendarBlock(Block):
    timezone: Timezone | None = None  # the settings' own when it is left out
    hours: dict[str, str]
    holidays: list[Dates] = Field(default_factory=list, max_length=1000)
    workdays: list[Dates] = Field(default_factory=list, max_length=1000)

    @field_validator("hours")
    @classmethod
    def _readable(cls, value: Mapping[str, str]) -> Mapping[str, str]:
        if not week(value):
            example = 'write for example {mon-fri: "09:00-18:00"}'
            raise ValueError(f"a calendar without working hours never opens: {example}")
        return value

    @model_validator(mode="after")
    def _one_or_the_other(self) -> CalendarBlock:
        both = sorted(_all(self.holidays) & _all(self.workdays))
        if both:
            raise ValueError(f"{both[0]} is a holiday and a workday: keep it in one of them")
        return self


def week(written: Mapping[str, str]) -> dict[int, Hours]:
    """Weekday → hours; ValueError when a day is named twice."""
    found: dict[int, Hours] = {}
    for days, text in written.items():
        spans = hours(text)
        for day in weekdays(days):
            if day in found:
                raise ValueError(f"{DAYS[day]} has hours twice: put them into one line")
            found[day] = spans
    return found


def _all(dates: list[Dates]) -> frozenset[str]:
    return frozenset(day for each in dates for day in each)


def _names(value: dict[str, CalendarBlock]) -> dict[str, CalendarBlock]:
    if ALWAYS.name in value:
        raise ValueError(f"{ALWAYS.name!r} is built in (around the clock): choose another name")
    return value


Calendars = Annotated[dict[OneLine, CalendarBlock], AfterValidator(_names)]


def build(blocks: Mapping[str, CalendarBlock], timezone: str) -> dict[str, Calendar]:
    """Every calendar by its name, `always` and `business` among them."""
    built_in = {ALWAYS.name: ALWAYS, "business": Calendar("business", timezone, BUSINESS)}
    return built_in | {
        name: Calendar(
            name,
            block.timezone or timezone,
            week(block.hours),
            _all(block.holidays),
            _all(block.workdays),
        )
        for name, block in blocks.items()
    }
