"""Cron on the wall's clock: expressions, the next time, and which slot is now.

APScheduler's own cron trigger finds the same moment again and again in the hour that a clock change
repeats, and the scheduler then never comes back. So it reckons here in a day without changes (wall
times taken as UTC): a repeated hour counts once, a skipped minute fires right after the gap.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger

#: How far back the latest slot is searched, shortest first: most crons fire often.
WINDOWS = (timedelta(minutes=3), timedelta(hours=3), timedelta(days=2), timedelta(days=400))
#: Where distances are measured: a leap year from its first day on, and how many slots of it.
SAMPLE, SAMPLES = datetime(2028, 1, 1, tzinfo=UTC), 200
TICK = timedelta(microseconds=1)
MINUTE = timedelta(minutes=1)


class WallCron(BaseTrigger):  # type: ignore[misc]  # APScheduler has no types
    """Five cron fields on the wall's clock of a time zone. ValueError when they are wrong."""

    def __init__(self, text: str, timezone: str, jitter: float = 0.0) -> None:
        self._cron = CronTrigger.from_crontab(text, timezone=UTC)
        self._zone = ZoneInfo(timezone)
        self._jitter = jitter or None

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime | None:
        """The first time after `previous`, or from `now` on when there was none."""
        start = self._wall(previous) + TICK if previous is not None else self._wall(now)
        found = self.after(start)
        if found is None:
            return None
        moment = self._exists(found)
        moved: datetime | None = self._apply_jitter(moment, self._jitter, now)
        return moved

    def after(self, wall: datetime) -> datetime | None:
        """The first wall time at or after this one; both carry UTC, and mean the wall."""
        found: datetime | None = self._cron.get_next_fire_time(None, wall)
        return found

    def _exists(self, wall: datetime) -> datetime:
        """The moment of this wall time; in the gap of a clock change, the end of the gap."""
        while True:
            moment = wall.replace(tzinfo=self._zone)
            if datetime.fromtimestamp(moment.timestamp(), self._zone) == moment:
                return moment
            wall += MINUTE

    def _wall(self, moment: datetime) -> datetime:
        return moment.astimezone(self._zone).replace(tzinfo=UTC, fold=0)


def check_cron(text: str) -> str:
    """What is wrong with a cron expression, in words; empty when nothing is."""
    try:
        WallCron(text, "UTC")
    except ValueError as error:
        return f"{text!r} is not a cron expression: {error}"
    return ""


def shortest_distance(text: str, steps: int = 1) -> float:
    """Seconds between a slot and the one so many steps after it, where they are closest; 0 when
    there are not as many."""
    cron = WallCron(text, "UTC")
    slots: list[float] = []
    slot = cron.after(SAMPLE)
    while slot is not None and len(slots) < SAMPLES + steps:
        slots.append(slot.timestamp())
        slot = cron.after(slot + TICK)
    return min((b - a for a, b in zip(slots, slots[steps:], strict=False)), default=0.0)


def latest_slot(text: str, timezone: str, now: float) -> str:
    """The wall-clock minute of the last time this cron was due, such as `2026-10-25T02:30`."""
    cron = WallCron(text, timezone)
    wall = datetime.fromtimestamp(now, ZoneInfo(timezone)).replace(tzinfo=UTC, fold=0)
    for window in WINDOWS:
        found = _last(cron, wall - window, wall)
        if found is not None:
            return found.replace(tzinfo=None).isoformat(timespec="minutes")
    return ""


def _last(cron: WallCron, start: datetime, end: datetime) -> datetime | None:
    found, candidate = None, cron.after(start)
    while candidate is not None and candidate <= end:
        found, candidate = candidate, cron.after(candidate + TICK)
    return found
