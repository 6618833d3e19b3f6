"""Triggers on a real scheduler: looks come, and one slow host delays no other."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from autofix.core.readings import Reading
from autofix.core.runbooks import ProbeTrigger
from autofix.flow.context import Book, NoMeter
from autofix.flow.pools import Pools
from autofix.scheduling.schedule import Schedule
from unit.flow.world import BOOK, World


class Counting:
    """A probe that counts looks by host, and hangs on one."""

    name = "redis"
    open_ended = True

    def __init__(self, hangs: str = "") -> None:
        self.seen: dict[str, int] = {}
        self.hangs = hangs
        self.let_go = threading.Event()

    def look(self, target: Any, options: Any, *, timeout: float, now: float) -> list[Reading]:
        self.seen[target.host] = self.seen.get(target.host, 0) + 1
        if target.host == self.hangs:
            self.let_go.wait(30)
        return [Reading(target.host, now, {"reachable": True, "error": None, "ratio": 0.5})]


def until(condition: Callable[[], object], seconds: float = 15.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.02)


@pytest.fixture
def started() -> Iterator[Callable[..., tuple[World, Counting, Schedule]]]:
    ended: list[Callable[[], None]] = []

    def start(
        trigger: Any, hangs: str = "", kind: type[Counting] = Counting
    ) -> tuple[World, Counting, Schedule]:
        world, probe = World(replace(BOOK, triggers=(trigger,))), kind(hangs)
        world.ctx.probe = lambda _: probe
        pools = Pools()
        schedule = Schedule(world.ctx, pools, lambda: None)
        schedule.start()
        ended.extend([probe.let_go.set, schedule.stop, lambda: pools.close(wait=True)])
        return world, probe, schedule

    yield start
    for each in ended:
        each()


class Monitoring(Counting):
    """Is asked once about all hosts; one of them can't be seen."""

    def __init__(self, hangs: str = "") -> None:
        super().__init__(hangs)
        self.asked = 0

    def look_at_all(
        self, targets: Any, options: Any, *, timeout: float, now: float
    ) -> dict[str, list[Reading]]:
        self.asked += 1
        found = {each.host: self.look(each, {}, timeout=timeout, now=now) for each in targets}
        return found | {"r2": [Reading.unseen("r2", now, "no series")]}


OFTEN = replace(BOOK.triggers[0], every=0.2)
assert isinstance(OFTEN, ProbeTrigger)


def test_every_host_is_looked_at_again_and_again(started: Any) -> None:
    world, probe, _ = started(OFTEN)
    until(lambda: all(probe.seen.get(host, 0) >= 3 for host in ("r1", "r2", "r3")))
    until(lambda: len(_watches(world)) == 3)


def _watches(world: World) -> list[Any]:
    with world.store.reading() as reads:
        return reads.watches()


def test_a_host_that_hangs_delays_no_other_and_is_not_piled_up(started: Any) -> None:
    _, probe, _ = started(OFTEN, hangs="r1")
    until(lambda: probe.seen.get("r2", 0) >= 4 and probe.seen.get("r3", 0) >= 4)
    assert probe.seen["r1"] == 1


def test_a_changed_book_changes_the_jobs(started: Any) -> None:
    world, probe, schedule = started(OFTEN)
    until(lambda: probe.seen.get("r1", 0) >= 1)
    only = replace(BOOK, triggers=(replace(OFTEN, hosts="r2"),))
    world.ctx.book = Book({only.name: only}, world.ctx.book.inventory)
    schedule.load()
    time.sleep(0.5)  # looks that were under way
    before = dict(probe.seen)
    until(lambda: probe.seen["r2"] >= before["r2"] + 3)
    assert probe.seen["r1"] == before["r1"]


def test_a_monitoring_is_asked_once_a_slot_about_all_hosts(started: Any) -> None:
    world, probe, _ = started(OFTEN, kind=Monitoring)
    until(lambda: len(_watches(world)) == 3)
    until(lambda: probe.asked >= 3)
    assert max(probe.seen.values()) <= probe.asked
    misses = {each.host: each.misses for each in _watches(world)}
    assert misses["r1"] == misses["r3"] == 0
    assert misses["r2"] >= 1


class Late(NoMeter):
    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = {}

    def late(self, job: str, seconds: float) -> None:
        self.seconds.setdefault(job, []).append(seconds)


def test_how_late_each_look_began_is_measured(started: Any) -> None:
    world, probe, _ = started(OFTEN, hangs="r1")
    world.ctx.meter = meter = Late()
    until(
        lambda: probe.seen.get("r2", 0) >= 3 and len(meter.seconds.get(f"{BOOK.name}.0", [])) >= 3
    )
    # Less than a turn late, and never early: the one that hangs holds up no other.
    assert all(0 <= late < 5 for late in meter.seconds[f"{BOOK.name}.0"])
