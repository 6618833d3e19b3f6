"""Moments as people write them: a date, or a date and a time, on the wall's clock of a zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

EXAMPLE = "write for example 2026-12-24, 2026-12-24 18:00 or 2026-12-24T18:00+01:00"


def parse(text: str, timezone: str, *, end: bool = False) -> float:
    """Seconds since the epoch. A date alone is its first moment; as an `end` the day after's.

    ValueError with what would be right.
    """
    words = text.strip()
    try:
        found = datetime.fromisoformat(words)
    except ValueError:
        raise ValueError(f"{text!r} is no date and time: {EXAMPLE}") from None
    if end and len(words) <= len("2026-12-24"):
        found += timedelta(days=1)
    zone = UTC if timezone == "UTC" else ZoneInfo(timezone)
    try:
        return (found if found.tzinfo else found.replace(tzinfo=zone)).timestamp()
    except (OverflowError, ValueError, OSError):
        raise ValueError(f"{text!r} is too far away: {EXAMPLE}") from None
