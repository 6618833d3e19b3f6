"""The settings' calendars: what is read, and what is refused with what would be right."""

from __future__ import annotations

from typing import Any

import pytest

from autofix.core.calendars import ALWAYS

Site = Any  # of conftest.py, which can't be imported by name

OFFICE = """\
timezone: Asia/Shanghai
calendars:
  office:
    hours: {mon-fri: "09:00-12:00, 13:00-18:00", "sat,sun": "10:00-14:00"}
    holidays: [2026-10-01..2026-10-03, 2026-12-25]
    workdays: [2026-10-10]
  berlin: {timezone: Europe/Berlin, hours: {fri-mon: "00:00-24:00"}}
"""


def refused(site: Site, calendar: str) -> str:
    site.write("autofix.yaml", f"calendars:\n  office: {calendar}\n")
    (problem,) = site.words(site.settings().errors)
    return str(problem)


def test_calendars_arrive_with_their_zone_and_beside_the_built_in_one(site: Site) -> None:
    site.write("autofix.yaml", OFFICE)
    settings = site.settings()
    assert settings.problems == ()
    office, berlin = settings.calendars["office"], settings.calendars["berlin"]
    assert settings.calendars["always"] is ALWAYS
    assert office.timezone == "Asia/Shanghai"
    assert office.week[0] == ((540, 720), (780, 1080))
    assert office.week[5] == office.week[6] == ((600, 840),)
    assert office.holidays == {"2026-10-01", "2026-10-02", "2026-10-03", "2026-12-25"}
    assert office.workdays == {"2026-10-10"}
    assert (berlin.timezone, sorted(berlin.week)) == ("Europe/Berlin", [0, 4, 5, 6])


@pytest.mark.parametrize(
    ("calendar", "said"),
    [
        ("{}", "'hours' is missing"),
        ("{hours: {}}", "hours: a calendar without working hours"),
        ('{hours: {mon: ""}}', "'' is no time of the day: write for example 09:00-18:00"),
        ('{hours: {mon: "18:00-09:00"}}', "ends before it begins: for a night write two"),
        ('{hours: {mon: "09:00-09:00"}}', "ends before it begins"),
        ('{hours: {mon: "09:00-25:00"}}', "a day has the times 00:00 to 24:00"),
        ('{hours: {mon: "09:00-12:00,11:00-13:00"}}', "the hours overlap"),
        ('{hours: {someday: "09:00-12:00"}}', "names no days: write for example mon-fri"),
        ('{hours: {mon-fri: "09:00-12:00", wed: "09:00-10:00"}}', "wed has hours twice"),
        ('{hours: {mon: "09:00-12:00"}, timezone: Mars}', "there is no time zone 'Mars'"),
        ('{hours: {mon: "09:00-12:00"}, holidays: [soon]}', "'soon' is not a date: write"),
        ('{hours: {mon: "09:00-12:00"}, holidays: [2026-13-01]}', "is not a date"),
        ('{hours: {mon: "09:00-12:00"}, holidays: [2026-10-07..2026-10-01]}', "to a later one"),
        (
            '{hours: {mon: "09:00-12:00"}, holidays: [2026-10-10], workdays: [2026-10-10]}',
            "2026-10-10 is a holiday and a workday: keep it in one of them",
        ),
    ],
)
def test_what_is_wrong_with_a_calendar_is_said(site: Site, calendar: str, said: str) -> None:
    assert said in refused(site, calendar)


def test_always_can_not_be_redefined(site: Site) -> None:
    site.write("autofix.yaml", 'calendars: {always: {hours: {mon: "09:00-12:00"}}}\n')
    (problem,) = site.words(site.settings().errors)
    assert "'always' is built in (around the clock): choose another name" in problem
