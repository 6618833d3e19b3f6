"""Scales of charts: where a value stands, at which round numbers ticks are, and how they read."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

_SECONDS = (
    *(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300),
    *(600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800, 1209600, 2592000),
    *(7776000, 31536000, 157680000),
)
_BYTES = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
MINUS = "\u2212"
#: Beyond these, differences of numbers within a double are not within one, or nothing.
HUGE, TINY = 1e290, 1e-290


@dataclass(frozen=True)
class Scale:
    """From `low`..`high` to pixels `first`..`last`."""

    low: float
    high: float
    first: float
    last: float

    def at(self, value: float) -> float:
        part = (value - self.low) / (self.high - self.low)
        return round(self.first + min(1.0, max(0.0, part)) * (self.last - self.first), 1)


def tame(value: float) -> float:
    """The nearest number that can be reckoned with: a probe may tell any that a double holds."""
    if abs(value) > HUGE:
        return math.copysign(HUGE, value)
    return value if abs(value) >= TINY else 0.0


def span(values: Sequence[float]) -> tuple[float, float]:
    """Lowest and highest with some room; never of no height, and not below zero for nothing."""
    low, high = min(values), max(values)
    size = max(abs(low), abs(high))
    room = (high - low) * 0.12 if high - low > size * 1e-6 else size * 0.1 or 1.0
    bottom = low - room
    return (0.0 if low >= 0.0 > bottom else bottom), high + room


def ticks(low: float, high: float, most: int, unit: str) -> list[float]:
    """At most `most` (2 or more) round numbers between them."""
    least = (high - low) / (most - 1)
    if not least > max(abs(low), abs(high)) * 1e-12:
        return [low]
    step = _step(least, unit)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [number * step for number in range(first, last + 1)][:most]


def _step(least: float, unit: str) -> float:
    """The smallest round step that is not below `least`."""
    if unit == "s" and _SECONDS[0] <= least <= _SECONDS[-1]:
        return next(each for each in _SECONDS if each >= least)
    if unit.startswith("bytes") and least >= 1.0:
        return float(2.0 ** math.ceil(math.log2(least)))
    power: float = 10.0 ** math.floor(math.log10(least))
    return next(power * each for each in (1, 2, 5, 10, 20) if power * each >= least)


def worded(unit: str, fact: str) -> Callable[[float], str]:
    """How values of this fact read."""
    if fact.endswith("_ratio") and not unit:
        return lambda value: f"{_short(value * 100)} %"
    if unit.startswith("bytes"):
        return lambda value: _bytes(value) + unit.removeprefix("bytes")
    if unit == "s":
        return seconds
    return lambda value: f"{_short(value)} {unit}".strip()


def _short(value: float) -> str:
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else "–"
    size = abs(value)
    for limit, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e4, "k")):
        if size >= limit:
            return _plain(value / (1e3 if letter == "k" else limit)) + letter
    return _plain(value)


def _plain(value: float) -> str:
    text = f"{value:.4g}" if abs(value) < 1000 else f"{value:.0f}"
    return text.replace("-", MINUS)


def _bytes(value: float) -> str:
    size = min(len(_BYTES) - 1, int(math.log(abs(value), 1024))) if abs(value) >= 1 else 0
    return f"{_plain(value / 1024.0**size)} {_BYTES[size]}"


def seconds(value: float) -> str:
    """`90 s`, `5 min`, `2.5 h`, `3 d`."""
    size = abs(value)
    for limit, per, unit in ((172800, 86400, "d"), (7200, 3600, "h"), (120, 60, "min")):
        if size >= limit:
            return f"{_plain(value / per)} {unit}"
    return f"{_plain(value)} s" if size >= 1 or not value else f"{_plain(value * 1000)} ms"


def counted(value: float) -> str:
    """`+90 s`, `−5 min`: how long after the beginning, or before it."""
    return f"{'+' if value >= 0 else ''}{seconds(float(round(value)))}"


def offsets(low: float, high: float, most: int) -> list[tuple[float, str]]:
    """Round moments before and after zero, all in one unit: `−5 min`, `0`, `+5 min`."""
    found = ticks(low, high, most, "s")
    step = found[1] - found[0] if len(found) > 1 else max(map(abs, found), default=1.0)
    per, unit = next(
        (each for each in ((86400, "d"), (3600, "h"), (60, "min")) if step >= each[0]), (1, "s")
    )
    return [(each, _signed(each / per, unit)) for each in found]


def _signed(value: float, unit: str) -> str:
    if not value:
        return "0"
    return f"{'+' if value > 0 else ''}{_plain(value)} {unit}"
