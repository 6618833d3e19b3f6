"""A server on a wall clock that somebody moves: APScheduler's own reckoning without threads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from apscheduler.executors.debug import DebugExecutor
from apscheduler.schedulers import base
from apscheduler.schedulers.base import BaseScheduler

from autofix.core.runbooks import ProbeTrigger, Runbook, ScheduleTrigger
from autofix.core.signals import Signal
from autofix.scheduling.schedule import OPTIONS, PACE, Schedule
from unit.flow.world import BOOK, World


@dataclass
class Wall:
    """`now` on the wall, and the steady seconds behind it."""

    now: float
    steady: float = 0.0

    def pass_(self, seconds: float) -> None:
        self.now += seconds
        self.steady += seconds


class HandScheduler(BaseScheduler):  # type: ignore[misc]  # APScheduler has no types
    """It looks at its jobs when it is told to; `alarm` is when it would, on the steady clock."""

    def __init__(self, wall: Wall) -> None:
        super().__init__(executors={"default": DebugExecutor()}, **OPTIONS)
        self._wall, self.alarm = wall, 0.0

    def shutdown(self, wait: bool = True) -> None:
        super().shutdown(wait)

    def wakeup(self) -> None:
        self.alarm = self._wall.steady

    def process(self) -> None:
        wait = self._process_jobs()
        self.alarm = self._wall.steady + (1e12 if wait is None else max(wait, 1e-3))


class Timeline:
    """`serve` on such a clock, one cron schedule for the host r1."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, cron: str, zone: str, start: str, **trigger: Any
    ) -> None:
        self.zone = zone
        self.wall = Wall(self.at(start))
        monkeypatch.setattr(base, "datetime", _clock(self.wall))
        self.runbook: Runbook = replace(
            BOOK, triggers=(ScheduleTrigger(cron, "r1", **trigger),), verify=None
        )
        self.world = World(self.runbook)
        self.starts: list[float] = []  # on the wall, of each slot that fired
        self.looks: list[float] = []  # on the steady clock
        self._kept = 0.0
        self.serve()

    def at(self, text: str, fold: int = 0) -> float:
        return (
            datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(self.zone), fold=fold).timestamp()
        )

    def serve(self) -> None:
        """Start the server; what it did before stands in the store."""
        self.scheduler = HandScheduler(self.wall)
        self.schedule = Schedule(
            self.world.ctx,
            self,  # type: ignore[arg-type]  # the pool of its probes
            lambda: self.starts.append(self.wall.now),
            self.zone,
            scheduler=self.scheduler,
            wall=lambda: self.wall.now,
            steady=lambda: self.wall.steady,
        )
        self.scheduler.start()
        self.schedule.load()
        self.schedule.keep_slots()
        self._kept = self.wall.steady

    def watch(self, every: float) -> None:
        """Beside the schedule a probe is to look at r1, so many seconds apart."""
        probe = ProbeTrigger("redis", "r1", BOOK.triggers[0].when, every=every)
        seeing = replace(BOOK, name="seeing", triggers=(probe,))
        book = self.world.ctx.book
        runbooks = {**book.runbooks, seeing.name: seeing}
        self.world.ctx.book = replace(book, runbooks=runbooks)
        self.schedule.load()

    def start(self, kind: str, key: str, work: Any) -> bool:
        """A look of the probe, which sees nothing here."""
        self.looks.append(self.wall.steady)
        return True

    def down(self, seconds: float) -> None:
        """The server is not there for so long, and starts again."""
        self.scheduler.shutdown(wait=False)
        self.wall.pass_(seconds)
        self.serve()

    def move(self, seconds: float) -> None:
        """Somebody sets the clock; or the machine slept, which looks the same."""
        self.wall.now += seconds

    def pass_time(self, seconds: float) -> None:
        """Each wakes when it would: the scheduler at its wait's end, the keeper at its pace."""
        end = self.wall.steady + seconds
        while self.wall.steady < end:
            keeper = max(self._kept + PACE, self.wall.steady) if self._restless() else end
            until = max(min(self.scheduler.alarm, keeper, end), self.wall.steady)
            self.wall.pass_(until - self.wall.steady)
            if until >= keeper:
                self.schedule.keep()
                self._kept = self.wall.steady
            if until >= self.scheduler.alarm:
                self.scheduler.process()

    def _restless(self) -> bool:
        """The clock was moved since the keeper looked: its next look is what counts."""
        apart = self.wall.now - self.wall.steady
        return abs(apart - self.schedule._apart) > 1.0

    @property
    def slots(self) -> list[str]:
        """The slots that fired, in the order in which they did."""
        with self.world.store.reading() as reads:
            signals = reads.signals(limit=1_000_000)
        return [_slot(each) for each in reversed(signals)]

    @property
    def missed(self) -> list[str]:
        """Those that the record says are missed."""
        with self.world.store.reading() as reads:
            entries = reads.audit(action="schedule.missed", limit=10_000)
        return [str(entry.event.payload["slot"]) for entry in entries]


def _slot(signal: Signal) -> str:
    return signal.reason.removeprefix("the schedule's slot ")


def _clock(wall: Wall) -> Any:
    class Told(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.fromtimestamp(wall.now, tz)

    return Told


def walls(first: str, last: str, minutes: int) -> Iterator[str]:
    """Every wall time between two, so many minutes apart."""
    at, end = datetime.fromisoformat(first), datetime.fromisoformat(last)
    while at <= end:
        yield at.isoformat(timespec="minutes")
        at += timedelta(minutes=minutes)
