"""Durations as people write them: `30s 5m 2h 1d`, and as they read them."""

from __future__ import annotations

import re

from autofix.core.inert import inert

UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhdw])")
#: Characters of one; of more digits than that the pattern would be slow.
LONGEST = 100


def parse(text: str | int | float) -> float:
    """Seconds of `90`, `30s`, `1h30m`. ValueError with what would be right."""
    if isinstance(text, bool):
        raise ValueError(f"{text!r} is not a duration; write for example 30s, 5m, 2h or 1d")
    if isinstance(text, int | float):
        if text < 0:
            raise ValueError(f"{text} is negative; a duration is 0 or more")
        return float(text)
    compact = text.replace(" ", "")
    if not compact or len(compact) > LONGEST or _PART.sub("", compact):
        shown = inert(text, LONGEST)
        raise ValueError(f"{shown!r} is not a duration; write for example 30s, 5m, 2h or 1d")
    return sum(float(number) * UNITS[unit] for number, unit in _PART.findall(compact))


def human(seconds: float) -> str:
    """The two largest units: `45s`, `12m 30s`, `3h 5m`, `2d 4h`."""
    if seconds < 1:
        return f"{seconds * 1000:.0f}ms" if seconds > 0 else "0s"
    if seconds < 10 and seconds != int(seconds):
        return f"{seconds:.1f}s"
    rest, words = round(seconds), []
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, rest = divmod(rest, size)
        if count:
            words.append(f"{count}{unit}")
    return " ".join(words[:2])
