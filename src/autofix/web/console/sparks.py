"""Small charts: a line, and where the trigger's limit is; drawn by `spark.html` as SVG."""

from __future__ import annotations

from dataclasses import dataclass

from autofix.core.charted import Readings
from autofix.web.console.drawings import drawable, lines_of, said_by, upright
from autofix.web.console.scales import Scale


@dataclass(frozen=True)
class Spark:
    """A small chart: a line, and where the trigger's limit is."""

    width: int
    height: int
    fact: str
    lines: tuple[str, ...]
    limit: float | None
    limit_text: str
    last: str
    over: bool


def spark(readings: Readings, width: int = 120, height: int = 32) -> Spark | None:
    """Of the fact that matters most; None when nothing was seen of it."""
    series = next(
        (each for each in readings.series if any(v is not None for _, v in each.points)), None
    )
    if series is None:
        return None
    series = drawable(series)
    values = [value for _, value in series.points if value is not None]
    x = Scale(readings.since or series.points[0][0], readings.until, 2, width - 2)
    y = upright(series, series.points, 2, height - 2)
    limit = series.limits[0] if series.limits else None
    say = said_by(series)
    return Spark(
        width, height, series.fact, tuple(lines_of(series.points, x, y)),
        y.at(limit.value) if limit else None,
        f"{limit.sign} {say(limit.value)}" if limit else "",
        say(values[-1]),
        limit is not None and _beyond(limit.sign, values[-1], limit.value),
    )  # fmt: skip


def _beyond(sign: str, value: float, limit: float) -> bool:
    return {">": value > limit, ">=": value >= limit, "<": value < limit, "<=": value <= limit}[
        sign
    ]
