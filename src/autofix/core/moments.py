"""Moments as people write them: a date, or a date and a time, on the wall's clock of a zone."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from autofix.core.inert import inert

EXAMPLE = "write for example 2026-12-24, 2026-12-24 18:00 or 2026-12-24T18:00+01:00"


def parse(text: str, timezone: str, *, end: bool = False) -> float:
    """Seconds since the epoch. A date alone is its first moment; as an `end` the day after's.

    ValueError with what would be right.
    """
    words = text.strip()
    try:
        found = datetime.fromisoformat(words)
    except ValueError:
        raise ValueError(f"{inert(text)!r} is no date and time: {EXAMPLE}") from None
    zone = UTC if timezone == "UTC" else ZoneInfo(timezone)
    try:
        if end and len(words) <= len("2026-12-24"):
            found += timedelta(days=1)
        return (found if found.tzinfo else found.replace(tzinfo=zone)).timestamp()
    except (OverflowError, ValueError, OSError):
        raise ValueError(f"{text!r} is too far away: {EXAMPLE}") from None


def meant(text: str, timezone: str, now: float, *, end: bool = False, past: bool = False) -> float:
    """A moment as `parse` takes it, or the next one at which the clock shows `18:00`; of the
    `past` the last one."""
    if re.fullmatch(r"[0-9]{1,2}:[0-9]{2}", text.strip()):
        return (last_time if past else next_time)(text, timezone, now)
    return parse(text, timezone, end=end)


def next_time(text: str, timezone: str, now: float) -> float:
    """The next moment at which the zone's clock shows this time of the day, such as `18:00`.

    ValueError with what would be right.
    """
    today = _today(text, timezone, now)
    coming = [each for each in today if each.timestamp() > now]
    # On the wall's clock: the length of the day does not matter.
    return (coming[0] if coming else today[0] + timedelta(days=1)).timestamp()


def last_time(text: str, timezone: str, now: float) -> float:
    """The last such moment that has passed; one that is now has."""
    today = _today(text, timezone, now)
    passed = [each for each in today if each.timestamp() <= now]
    return (passed[-1] if passed else today[0] - timedelta(days=1)).timestamp()


def _today(text: str, timezone: str, now: float) -> list[datetime]:
    """When the clock shows it on this day: once, or twice where an hour comes twice."""
    zone = UTC if timezone == "UTC" else ZoneInfo(timezone)
    day = datetime.fromtimestamp(now, zone)
    try:
        found = datetime.combine(day, time.fromisoformat(text.strip().zfill(5)), zone)
    except ValueError:
        raise ValueError(f"{text!r} is no time of the day: {EXAMPLE}") from None
    again = found.replace(fold=1)
    return [found, again] if again.timestamp() > found.timestamp() else [found]
