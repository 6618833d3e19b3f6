"""Charts of what was seen of an incident's target, before, during and after it.

Times are counted from the moment the incident opened, so they read the same in every zone; what
happened is numbered in the chart and told in words beneath it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from autofix.core.charted import Milestone, Readings, Series
from autofix.core.series import thinned
from autofix.core.stories import IncidentStory
from autofix.ports import Desk
from autofix.web.console.drawings import Drawing, drawable, drawing, said_by, tone, within
from autofix.web.console.scales import counted

#: Facts that are charted of one incident, and rows of a table of numbers.
FACTS, ROWS = 4, 40
#: Seconds around an incident that are shown, at least and at most.
LEAST, MOST = 300.0, 3600.0
WIDE, NARROW = (760, 270), (360, 250)


@dataclass(frozen=True)
class Told:
    """A limit in words."""

    sign: str
    value: str
    meaning: str


@dataclass(frozen=True)
class Plot:
    """One fact: its two drawings, and what they show in numbers."""

    id: str
    fact: str
    truth: bool
    wide: Drawing
    narrow: Drawing
    first: str
    extreme: str
    last: str
    gaps: bool
    limits: tuple[Told, ...]
    rows: tuple[tuple[float, str], ...]  # when, how much; empty: could not look


@dataclass(frozen=True)
class Chart:
    """What was seen of an incident's target. `steps` are numbered from 1 in all plots."""

    opened: float
    steps: tuple[tuple[Milestone, str, str], ...]  # each with its tone, and when it was
    plots: tuple[Plot, ...]


def of_incident(desk: Desk, story: IncidentStory, now: float) -> Chart | None:
    """None when nothing was seen that can be drawn."""
    return chart(desk.readings(story.incident.id), story.incident.opened_at, now)


def chart(readings: Readings, opened: float, now: float) -> Chart | None:
    since, until = _shown(readings, opened, now)
    steps = readings.milestones
    plots = [
        plot
        for number, each in enumerate(readings.series[:FACTS])
        if (plot := _plot(f"chart-{number}", drawable(each), steps, opened, since, until))
    ]
    told = tuple((each, tone(each), counted(each.at - opened)) for each in steps)
    return Chart(opened, told, tuple(plots)) if plots else None


def _shown(readings: Readings, opened: float, now: float) -> tuple[float, float]:
    """What lies before and after it in proportion to what it took."""
    ended = next((each.at for each in readings.milestones if each.kind == "ended"), None)
    end = max(now if ended is None else ended, opened)
    room = min(MOST, max(LEAST, 0.6 * (end - opened)))
    seen = [at for each in readings.series for at, _ in each.points]
    first, last = min(seen, default=opened), max(seen, default=end)
    since = max(opened - room, min(first, opened - 0.1 * room))
    until = end if ended is None else min(end + room, max(last, end + 0.1 * room), readings.until)
    return since, max(until, since + 60.0, end)


def _plot(
    name: str, series: Series, steps: Sequence[Milestone], opened: float, since: float, until: float
) -> Plot | None:
    points = within(series.points, since, until)
    values = [value for _, value in points if value is not None]
    if not values:
        return None
    say = said_by(series)
    low = bool(series.limits) and series.limits[0].sign.startswith("<")
    wide, narrow = (
        drawing(size, series, points, steps, (since, until), opened) for size in (WIDE, NARROW)
    )
    return Plot(
        name, series.fact, series.truth, wide, narrow,
        say(values[0]), say(min(values) if low else max(values)), say(values[-1]),
        len(values) < len(points),
        tuple(Told(each.sign, say(each.value), each.meaning) for each in series.limits),
        tuple((at, "" if v is None else say(v)) for at, v in thinned(points, ROWS)),
    )  # fmt: skip
