"""Each slot of a schedule fires at most once, and of those that were missed the last one does.

A simulated wall jumps in both directions, through both clock changes of several zones, over years
and restarts (SAFETY 19).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from autofix.errors import StoreError
from unit.scheduling.timeline import Timeline, walls

HOUR, DAY = 3600.0, 86400.0
Make = Callable[..., Timeline]


@pytest.fixture
def timeline(monkeypatch: pytest.MonkeyPatch) -> Make:
    def make(cron: str, start: str, zone: str = "Europe/Berlin", **trigger: Any) -> Timeline:
        return Timeline(monkeypatch, cron, zone, start, **trigger)

    return make


def once(slots: list[str]) -> None:
    assert len(slots) == len(set(slots)), "a slot fired twice"


def test_a_new_schedule_owes_nothing_of_the_time_before(timeline: Make) -> None:
    here = timeline("0 3 * * *", "2026-11-16T10:00")
    here.pass_time(HOUR)
    assert here.slots == []
    here.pass_time(DAY)
    assert here.slots == ["2026-11-17T03:00"]


def test_a_slot_that_was_missed_while_the_server_was_down_fires_once_at_its_start(
    timeline: Make,
) -> None:
    here = timeline("0 * * * *", "2026-11-16T10:30")
    here.down(5 * HOUR)
    assert here.slots == ["2026-11-16T15:00"]  # the last of five
    here.down(60)
    here.down(60)
    here.pass_time(HOUR)
    assert here.slots == ["2026-11-16T15:00", "2026-11-16T16:00"]


def test_what_comes_later_than_it_may_catch_up_is_recorded_and_does_not_fire(
    timeline: Make,
) -> None:
    here = timeline("0 3 * * sun", "2026-11-21T10:00", catch_up=12 * HOUR)
    here.down(2 * DAY)
    assert here.slots == []
    assert here.missed == ["2026-11-22T03:00"]
    here.down(60)
    assert here.missed == ["2026-11-22T03:00"]
    here.pass_time(7 * DAY)
    assert here.slots == ["2026-11-29T03:00"]


def test_a_changed_schedule_owes_nothing_of_its_new_times(timeline: Make) -> None:
    here = timeline("0 3 * * *", "2026-11-16T10:00")
    here.pass_time(DAY)
    trigger = replace(here.runbook.triggers[0], cron="0 9 * * *")
    changed = replace(here.runbook, triggers=(trigger,))
    here.world.ctx.book = replace(here.world.ctx.book, runbooks={changed.name: changed})
    here.down(60)
    assert here.slots == ["2026-11-17T03:00"]
    here.pass_time(DAY)
    assert here.slots == ["2026-11-17T03:00", "2026-11-18T09:00"]


def test_a_schedule_that_is_enabled_again_owes_nothing(timeline: Make) -> None:
    here = timeline("0 * * * *", "2026-11-16T10:30")
    off = replace(here.runbook, enabled=False)
    book = here.world.ctx.book
    here.world.ctx.book = replace(book, runbooks={off.name: off})
    here.schedule.load()
    here.pass_time(3 * HOUR)
    here.world.ctx.book = book
    here.schedule.load()
    here.pass_time(60)
    assert here.slots == []
    here.pass_time(HOUR)
    assert here.slots == ["2026-11-16T14:00"]


@pytest.mark.parametrize("jump", [-DAY, -HOUR, HOUR, DAY])
def test_a_clock_that_is_set_makes_no_slot_come_twice_and_none_stay_away(
    timeline: Make, jump: float
) -> None:
    here = timeline("0 * * * *", "2026-11-16T10:30")
    here.pass_time(3 * HOUR)
    here.move(jump)
    here.pass_time(2 * DAY)
    once(here.slots)
    # Behind the moved clock every hour of the wall fires that had not fired yet.
    first = "2026-11-16T11:00" if jump < 0 else "2026-11-18T12:00"
    last = here.slots[-1]
    wanted = list(walls(first, last, 60))
    assert [slot for slot in here.slots if slot >= first] == wanted


@pytest.mark.parametrize("jump", [HOUR, DAY])
def test_a_clock_that_was_wrong_for_a_while_costs_only_what_fired_ahead(
    timeline: Make, jump: float
) -> None:
    here = timeline("0 * * * *", "2026-11-16T10:30")
    here.move(jump)
    here.pass_time(20)
    here.move(-jump)
    here.pass_time(26 * HOUR)
    once(here.slots)
    hours = set(walls("2026-11-16T11:00", "2026-11-17T12:00", 60))
    assert set(here.slots) == hours


def test_a_machine_that_slept_through_its_slot_does_it_when_it_wakes(timeline: Make) -> None:
    here = timeline("0 3 * * *", "2026-11-16T20:00")
    here.pass_time(HOUR)
    here.move(9 * HOUR)  # the steady clock stood still meanwhile
    here.pass_time(10)
    assert here.slots == ["2026-11-17T03:00"]
    assert here.starts[0] <= here.at("2026-11-17T06:00") + 10


@pytest.mark.parametrize("jump", [-DAY, -HOUR, HOUR, DAY])
def test_probes_go_on_looking_when_the_clock_is_set(timeline: Make, jump: float) -> None:
    here = timeline("0 3 * * *", "2026-11-16T10:00")
    here.watch(every=30)
    here.pass_time(300)
    before = len(here.looks)
    here.move(jump)
    here.pass_time(300)
    assert 9 <= len(here.looks) - before <= 12
    gaps = [late - early for early, late in pairwise(here.looks)]
    assert max(gaps) <= 35  # never longer than a pace behind


def test_a_store_that_is_away_at_the_moment_delays_the_slot_and_loses_none(
    timeline: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = timeline("0 * * * *", "2026-11-16T10:30")
    whole = here.world.store.transaction

    def away() -> Any:
        raise StoreError("the disk is full")

    monkeypatch.setattr(here.world.store, "transaction", away)
    here.pass_time(2 * HOUR)
    monkeypatch.setattr(here.world.store, "transaction", whole)
    assert here.slots == []
    here.schedule.keep_slots()
    assert here.slots == ["2026-11-16T12:00"]


def test_jitter_is_waited_for_and_no_longer(timeline: Make) -> None:
    here = timeline("0 3 * * *", "2026-11-16T02:59", jitter=300.0)
    here.pass_time(90)
    here.schedule.keep_slots()
    early = len(here.starts)
    here.pass_time(330)
    here.schedule.keep_slots()
    assert here.slots == ["2026-11-16T03:00"]
    assert here.starts[0] >= here.at("2026-11-16T03:00")
    assert early == 0 or here.starts[0] <= here.at("2026-11-16T03:00:30")


ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",
    "Australia/Lord_Howe",  # half an hour
    "Africa/Cairo",  # at midnight
    "Asia/Shanghai",
]


@pytest.mark.parametrize(
    ("zone", "cron"),
    [
        *((zone, cron) for zone in ZONES for cron in ("30 2 * * *", "0 0 * * *")),
        ("Europe/Berlin", "15 */6 * * *"),
        ("Australia/Lord_Howe", "15 */6 * * *"),
    ],
)
def test_a_year_with_both_clock_changes_fires_every_slot_once(
    timeline: Make, zone: str, cron: str
) -> None:
    here = timeline(cron, "2026-01-01T00:01", zone)
    here.pass_time(365 * DAY)
    once(here.slots)
    every = {"30 2 * * *": 1440, "0 0 * * *": 1440, "15 */6 * * *": 360}[cron]
    first = {"30 2 * * *": "T02:30", "0 0 * * *": "T00:00", "15 */6 * * *": "T00:15"}[cron]
    wanted = [
        each
        for each in walls(f"2026-01-01{first}", here.slots[-1], every)
        if each > "2026-01-01T00:01"
    ]
    assert here.slots == wanted


@pytest.mark.parametrize("change", ["2026-03-29", "2026-10-25"])
@pytest.mark.parametrize("down_at", [0.9, 1.4, 1.6, 2.4, 2.6, 3.1])
def test_a_restart_in_the_night_of_a_clock_change_repeats_nothing(
    timeline: Make, change: str, down_at: float
) -> None:
    here = timeline("*/10 * * * *", f"{change}T00:05")
    here.pass_time(down_at * HOUR)
    here.down(120)
    here.down(1)
    here.pass_time(5 * HOUR)
    once(here.slots)
    # In the hour that is repeated and in the one that is skipped nothing new comes; else all do.
    skipped = {f"2026-03-29T02:{minute}0" for minute in range(6)}
    wanted = [each for each in walls(f"{change}T00:10", here.slots[-1], 10) if each not in skipped]
    late = [each for each in wanted if each not in here.slots]
    assert len(late) <= 1  # of the two minutes that it was down


WHAT = some.one_of(
    some.tuples(some.just("pass"), some.floats(1, 3 * DAY)),
    some.tuples(some.just("move"), some.sampled_from((-DAY, -HOUR, -90.0, 90.0, HOUR, DAY))),
    some.tuples(some.just("down"), some.floats(1, 2 * DAY)),
)


def _no_slot_twice(zone: str, cron: str, start: str, story: list[tuple[str, float]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        here = Timeline(patch, cron, zone, start)
        for what, seconds in story:
            {"pass": here.pass_time, "move": here.move, "down": here.down}[what](seconds)
        here.pass_time(60)
        once(here.slots)
        once(here.missed)
        assert not set(here.missed) & set(here.slots)  # too late is not at all
        before = list(here.slots)
        here.schedule.keep_slots()
        assert here.slots == before


STORIES = (
    some.sampled_from(ZONES),
    some.sampled_from(("0 * * * *", "30 2 * * *", "0 */4 * * *")),
    some.sampled_from(("2026-03-28T20:10", "2026-10-24T20:10", "2026-04-03T20:10")),
    some.lists(WHAT, max_size=12),
)


@given(*STORIES)
@settings(max_examples=40, deadline=None)
def test_whatever_becomes_of_the_clock_no_slot_fires_twice_and_the_latest_is_never_owed(
    zone: str, cron: str, start: str, story: list[tuple[str, float]]
) -> None:
    _no_slot_twice(zone, cron, start, story)


@pytest.mark.long
@given(*STORIES)
@settings(max_examples=2000, deadline=None)
def test_the_same_two_thousand_times(
    zone: str, cron: str, start: str, story: list[tuple[str, float]]
) -> None:
    _no_slot_twice(zone, cron, start, story)
