"""One chart as geometry: lines, gaps, bands, limits and numbers, drawn by `chart.html` as SVG."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from autofix.core.charted import Milestone, Series
from autofix.core.series import Point
from autofix.web.console.scales import Scale, offsets, span, tame, ticks, worded

LEFT, RIGHT, BOTTOM = 62.0, 10.0, 26.0
#: The circle of a number, and the height of a row of them.
RADIUS, ROW = 9.0, 21.0


@dataclass(frozen=True)
class Box:
    x: float
    y: float
    width: float
    height: float
    kind: str


@dataclass(frozen=True)
class Label:
    """Text at a place; a number in a circle stands in its middle."""

    x: float
    y: float
    text: str
    kind: str = ""


@dataclass(frozen=True)
class Drawing:
    """One chart for one width: everything in pixels of its own box."""

    width: int
    height: int
    plot: Box
    lines: tuple[str, ...]
    dots: tuple[tuple[float, float], ...]
    boxes: tuple[Box, ...]
    across: tuple[Label, ...]  # ticks of time
    up: tuple[Label, ...]  # ticks of values
    limits: tuple[Label, ...]
    numbers: tuple[Label, ...]


def drawing(
    size: tuple[int, int],
    series: Series,
    points: Sequence[Point],
    steps: Sequence[Milestone],
    shown: tuple[float, float],
    opened: float,
) -> Drawing:
    width, height = size
    x = Scale(*shown, LEFT, width - RIGHT)
    numbers = placed([(x.at(each.at), each) for each in steps], LEFT, width - RIGHT)
    rows = max((each.y for each in numbers), default=0.0)
    top = rows + RADIUS + 6
    y = upright(series, points, top, height - BOTTOM)
    box = Box(LEFT, top, width - RIGHT - LEFT, height - BOTTOM - top, "plot")
    few = width < 500
    say = said_by(series)
    marks = (0.0, 1.0) if series.truth else ticks(y.low, y.high, 5, series.unit)
    return Drawing(
        width, height, box,
        tuple(lines_of(points, x, y)),
        tuple(_dots(points, x, y)),
        (*_gaps(points, x, box), *_bands(steps, x, box, shown[1])),
        tuple(
            Label(x.at(opened + at), height - 8, text)
            for at, text in offsets(shown[0] - opened, shown[1] - opened, 5 if few else 8)
        ),
        tuple(Label(LEFT - 6, y.at(each), say(each)) for each in marks),
        tuple(_limits(series, y, box)),
        numbers,
    )  # fmt: skip


def drawable(series: Series) -> Series:
    """The same, of numbers that can be reckoned with."""
    points = tuple((at, None if value is None else tame(value)) for at, value in series.points)
    limits = tuple(replace(each, value=tame(each.value)) for each in series.limits)
    return replace(series, points=points, limits=limits)


def within(points: Sequence[Point], since: float, until: float) -> list[Point]:
    """Those of this time; where a line enters or leaves it, the point at which it does."""
    inside = [each for each in points if since <= each[0] <= until]
    edges = [(at, value) for at in (since, until) if (value := _at(points, at)) is not None]
    return sorted([*inside, *edges], key=lambda each: each[0])


def _at(points: Sequence[Point], at: float) -> float | None:
    """How much it is between two looks."""
    pair = next((each for each in pairwise(points) if each[0][0] < at < each[1][0]), None)
    return _between(*pair, at) if pair else None


def _between(before: Point, after: Point, at: float) -> float | None:
    if before[1] is None or after[1] is None:
        return None
    return before[1] + (after[1] - before[1]) * (at - before[0]) / (after[0] - before[0])


def said_by(series: Series) -> Callable[[float], str]:
    """How its values read; a truth value is `1` or `0`, for which the page has words."""
    return worded("" if series.truth else series.unit, "" if series.truth else series.fact)


def upright(series: Series, points: Sequence[Point], top: float, bottom: float) -> Scale:
    values = [value for _, value in points if value is not None]
    values += [each.value for each in series.limits]
    low, high = (-0.15, 1.15) if series.truth else span(values)
    return Scale(low, high, bottom, top)


def _stretches(points: Sequence[Point]) -> Iterator[list[tuple[float, float]]]:
    """Points that are joined: a look that failed parts them."""
    found: list[tuple[float, float]] = []
    for at, value in points:
        if value is not None:
            found.append((at, value))
        elif found:
            yield found
            found = []
    if found:
        yield found


def lines_of(points: Sequence[Point], x: Scale, y: Scale) -> Iterator[str]:
    for each in _stretches(points):
        if len(each) > 1:
            yield "M" + "L".join(f"{x.at(at):g} {y.at(value):g}" for at, value in each)


def _dots(points: Sequence[Point], x: Scale, y: Scale) -> Iterator[tuple[float, float]]:
    """Of a look that stands alone there is no line."""
    for each in _stretches(points):
        if len(each) == 1:
            yield x.at(each[0][0]), y.at(each[0][1])


def _gaps(points: Sequence[Point], x: Scale, box: Box) -> Iterator[Box]:
    """From the last look that saw to the next one that does."""
    since: float | None = None
    for before, after in pairwise(points):
        if after[1] is None and before[1] is not None:
            since = before[0]
        if before[1] is None and after[1] is not None:
            start = x.at(before[0] if since is None else since)
            yield Box(start, box.y, max(1.0, x.at(after[0]) - start), box.height, "gap")
            since = None
    if points and points[-1][1] is None:
        start = x.at(points[-1][0] if since is None else since)
        yield Box(start, box.y, max(1.0, box.x + box.width - start), box.height, "gap")


def tone(each: Milestone) -> str:
    """Good, bad, busy or rest: what colours it."""
    if each.kind == "run":
        return "busy" if each.outcome in ("", "ok") else "bad"
    if each.kind == "ended":
        return "good" if each.outcome in ("healed", "recovered", "done", "resolved") else "rest"
    return {"opened": "bad", "verification": "warn"}.get(each.kind, "rest")


def _bands(steps: Sequence[Milestone], x: Scale, box: Box, until: float) -> Iterator[Box]:
    for each in steps:
        lasts = each.kind in ("run", "verification")
        start, end = x.at(each.at), x.at(until if each.until is None else each.until)
        width = max(2.0, round(end - start, 1)) if lasts else 2.0
        yield Box(
            min(start, box.x + box.width - 2), box.y, width, box.height, f"{each.kind}-{tone(each)}"
        )


def _limits(series: Series, y: Scale, box: Box) -> Iterator[Label]:
    """A line each; of two whose words would touch, the second has none."""
    said: list[float] = []
    say = said_by(series)
    for each in series.limits:
        place = y.at(each.value)
        free = all(abs(place - other) > 15 for other in said)
        said += [place] if free else []
        sign = {">": ">", ">=": "≥", "<": "<", "<=": "≤"}[each.sign]
        yield Label(box.x, place, f"{sign} {say(each.value)}" if free else "", each.meaning)


def placed(
    found: Sequence[tuple[float, Milestone]], left: float, right: float
) -> tuple[Label, ...]:
    """A number for each of these, in rows, so that no two circles touch."""
    rows: list[float] = []  # where the last circle of each row ends
    labels = []
    for number, (place, each) in enumerate(found, 1):
        x = min(max(place, left), right - RADIUS)
        row = next((n for n, end in enumerate(rows) if x - RADIUS >= end + 1), len(rows))
        rows[row : row + 1] = [x + RADIUS]
        labels.append(Label(x, round(RADIUS + 2 + row * ROW, 1), str(number), tone(each)))
    return tuple(labels)
