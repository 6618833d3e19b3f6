"""Cron slots: which one is now, also when clocks change."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from autofix.scheduling.cron import WallCron, check_cron, latest_slot, shortest_distance


def at(text: str, zone: str = "UTC", fold: int = 0) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp()


@pytest.mark.parametrize(
    ("cron", "now", "slot"),
    [
        ("*/5 * * * *", "2026-11-23T10:07:30", "2026-11-23T10:05"),
        ("0 3 * * *", "2026-11-23T02:59:59", "2026-11-22T03:00"),
        ("0 3 * * *", "2026-11-23T03:00:00", "2026-11-23T03:00"),
        ("0 0 1 * *", "2026-11-23T10:00:00", "2026-11-01T00:00"),
        ("0 0 1 1 *", "2026-11-23T10:00:00", "2026-01-01T00:00"),
    ],
)
def test_the_latest_slot_is_the_last_time_it_was_due(cron: str, now: str, slot: str) -> None:
    assert latest_slot(cron, "UTC", at(now)) == slot


def test_the_hour_that_a_clock_change_repeats_is_one_slot() -> None:
    zone = "Europe/Berlin"
    first = latest_slot("30 2 * * *", zone, at("2026-10-25T02:31", zone, fold=0))
    again = latest_slot("30 2 * * *", zone, at("2026-10-25T02:31", zone, fold=1))
    assert first == again == "2026-10-25T02:30"


@pytest.mark.parametrize(
    "text", ["* * * *", "61 * * * *", "every day", "", "0 0 32 * *", "a b c d e"]
)
def test_what_is_no_cron_is_said_in_words(text: str) -> None:
    assert "is not a cron expression" in check_cron(text)


def test_a_good_cron_has_nothing_wrong() -> None:
    assert check_cron("*/15 8-18 * * mon-fri") == ""


@pytest.mark.parametrize(
    ("cron", "start", "hours"),
    [
        ("30 2 * * *", "2026-10-24T12:00", 72),
        ("*/15 * * * *", "2026-10-25T00:00", 6),
        ("30 2 * * *", "2026-03-28T12:00", 72),
        ("*/15 * * * *", "2026-03-29T00:00", 6),
    ],
)
def test_through_a_clock_change_time_only_goes_forward_and_no_slot_comes_twice(
    cron: str, start: str, hours: int
) -> None:
    zone = ZoneInfo("Europe/Berlin")
    trigger = WallCron(cron, "Europe/Berlin")
    previous, now = None, datetime.fromisoformat(start).replace(tzinfo=zone)
    end = now.timestamp() + hours * 3600
    fired: list[datetime] = []
    while now.timestamp() < end:
        found = trigger.get_next_fire_time(previous, now)
        assert found is not None
        assert not fired or found.timestamp() >= fired[-1].timestamp()
        fired.append(found)
        previous = now = found
    walls = [each.replace(tzinfo=None) for each in fired]
    assert len(set(walls)) == len(walls)


def test_daily_means_once_a_day_also_on_the_days_the_clock_changes() -> None:
    trigger = WallCron("30 2 * * *", "Europe/Berlin")
    zone = ZoneInfo("Europe/Berlin")
    previous, days = None, []
    now = datetime(2026, 10, 23, 12, tzinfo=zone)
    for _ in range(4):
        previous = now = trigger.get_next_fire_time(previous, now)
        days.append(now.day)
    assert days == [24, 25, 26, 27]


@pytest.mark.parametrize(
    ("cron", "seconds"),
    [
        ("*/15 * * * *", 900),
        ("0 3 * * *", 86400),
        ("0,5 8-18 * * mon-fri", 300),
        ("0 0 1 1 *", 365 * 86400),
    ],
)
def test_the_shortest_distance_between_two_slots(cron: str, seconds: float) -> None:
    assert shortest_distance(cron) == seconds
