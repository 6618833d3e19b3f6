"""Cron expressions: are they right, and which slot is now."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger

#: How far back the latest slot is searched, shortest first: most crons fire often.
WINDOWS = (timedelta(minutes=3), timedelta(hours=3), timedelta(days=2), timedelta(days=400))


def trigger(text: str, timezone: str, jitter: float = 0.0) -> Any:
    """APScheduler's trigger for five cron fields. ValueError when they are wrong."""
    made = CronTrigger.from_crontab(text, timezone=ZoneInfo(timezone))
    made.jitter = int(jitter) or None
    return made


def check_cron(text: str) -> str:
    """What is wrong with a cron expression, in words; empty when nothing is."""
    try:
        CronTrigger.from_crontab(text, timezone=ZoneInfo("UTC"))
    except ValueError as error:
        return f"{text!r} is not a cron expression: {error}"
    return ""


def latest_slot(text: str, timezone: str, now: float) -> str:
    """The wall-clock minute of the last time this cron was due, such as `2026-10-25T02:30`.

    Without an offset on purpose: the hour that a clock change repeats is one slot, not two.
    """
    cron, moment = trigger(text, timezone), datetime.fromtimestamp(now, ZoneInfo(timezone))
    for window in WINDOWS:
        found, candidate = None, cron.get_next_fire_time(None, moment - window)
        while candidate is not None and candidate <= moment:
            found = candidate
            candidate = cron.get_next_fire_time(candidate, candidate + timedelta(microseconds=1))
        if found is not None:
            return str(found.replace(tzinfo=None).isoformat(timespec="minutes"))
    return ""
