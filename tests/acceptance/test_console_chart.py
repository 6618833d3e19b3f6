"""The chart of an incident as a real browser draws it: what it shows is what was stored, where its
own axes say that it is."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import pytest
from playwright.sync_api import Locator, expect

from autofix.core.incidents import Incident
from autofix.core.runs import Run
from autofix.core.series import Sample
from consolekit import Stage
from consolekit.chromium import DESK, PHONE, Eyes

FACT, FIRES, CLEARS = "used_memory_ratio", 0.90, 0.85
UNITS = {"s": 1.0, "min": 60.0, "h": 3600.0, "%": 0.01}
#: Where things stand, in the SVG's own pixels.
TICKS = """svg => [...svg.querySelectorAll(".chart-grid")].map((each) => {
  const [, x, y] = each.getAttribute("d").match(/^M([\\d.]+) ([\\d.]+)/).map(Number);
  return [x, y, each.nextElementSibling.textContent];
})"""
POINTS = """svg => [...svg.querySelectorAll(".chart-line")].flatMap((line) =>
  line.getAttribute("d").slice(1).split("L").map((each) => each.split(" ").map(Number)))"""
LIMITS = """svg => ["fires", "clears"].map((each) => {
  const line = svg.querySelector(`.chart-limit.chart-${each}`);
  return Number(line.getAttribute("d").match(/^M[\\d.]+ ([\\d.]+)h/)[1]);
})"""
BANDS = """svg => [...svg.querySelectorAll("rect.chart-run-busy")].map((each) =>
  ["x", "width"].map((name) => Number(each.getAttribute(name))))"""
NUMBERS = """svg => [...svg.querySelectorAll(".chart-number")].map((each) =>
  [Number(each.querySelector("circle").getAttribute("cx")), each.textContent.trim()])"""
Point = tuple[float, float]


@dataclass(frozen=True)
class Axis:
    """From what is measured to pixels, by two of its ticks."""

    low: Point  # value, pixel
    high: Point

    def at(self, value: float) -> float:
        (low, first), (high, last) = self.low, self.high
        return first + (value - low) / (high - low) * (last - first)


def number(text: str) -> float:
    """`90 %`, `−4 min`, `0`."""
    value, _, unit = text.replace("\u2212", "-").partition(" ")
    return float(value) * UNITS.get(unit, 1.0)


def axes(svg: Locator) -> tuple[Axis, Axis]:
    """Of time, counted from the opening, and of values."""
    found = [(x, y, number(text), text) for x, y, text in svg.evaluate(TICKS)]
    up = [(value, y) for _, y, value, text in found if text.endswith("%")]
    across = [(value, x) for x, _, value, text in found if not text.endswith("%")]
    assert len(up) >= 2
    assert len(across) >= 2
    return Axis(across[0], across[-1]), Axis(up[0], up[-1])


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with Stage.set(tmp_path_factory.mktemp("stage") / "project") as made:
        made.story()
        yield made


@dataclass(frozen=True)
class Stored:
    incident: Incident
    runs: Sequence[Run]
    samples: Sequence[Sample]


@pytest.fixture(scope="module")
def stored(stage: Stage) -> Stored:
    """Incident 1: cache1 filled up, and was healed."""
    with stage.store.reading() as reads:
        found = reads.incident(1)
        assert found is not None
        runs = sorted(reads.runs(incident=1), key=lambda each: each.id)
        target = (found.runbook, found.host, found.subject)
        return Stored(found, runs, reads.samples(*target, 0.0, 9e9))


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_what_is_drawn_is_what_was_stored(
    stage: Stage, eyes: Eyes, stored: Stored, width: int
) -> None:
    seen = eyes.look(stage, "/incidents/1", width=width)
    svg = seen.page.locator("#chart-0 svg:visible")
    expect(svg).to_have_count(1)
    x, y = axes(svg)
    opened, ended = stored.incident.opened_at, stored.incident.ended_at
    assert ended is not None
    line = svg.evaluate(POINTS)

    # The metric before, during and after: every stored look lies on the line.
    values = {each.at - opened: float(each.facts[FACT]) for each in stored.samples}
    first, last = line[0][0], line[-1][0]
    shown = {at: value for at, value in values.items() if first <= x.at(at) <= last}
    assert min(shown) < 0 < ended - opened < max(shown)
    assert {value > FIRES for at, value in shown.items() if 0 <= at < 30} == {True}
    assert {value > CLEARS for at, value in shown.items() if at > ended - opened} == {False}
    for at, value in shown.items():
        assert away(line, (x.at(at), y.at(value))) < 0.3, (at, value)

    # The thresholds, as the runbook has them.
    runbook = stage.ctx.book.runbooks["redis-memory-high"]
    assert f"{FACT} > {FIRES:.2f}" in str(runbook)
    assert svg.evaluate(LIMITS) == pytest.approx([y.at(FIRES), y.at(CLEARS)], abs=0.2)

    # The steps: each mark at the moment when it began, each run as wide as it took.
    marks = [cx for cx, _ in svg.evaluate(NUMBERS)]
    began = [each.started_at for each in stored.runs if each.started_at is not None]
    assert len(began) == 2
    for at in (opened, *began, ended):
        assert any(abs(cx - x.at(at - opened)) < 0.2 for cx in marks), at
    for run, (at, wide) in zip(stored.runs, svg.evaluate(BANDS), strict=True):
        assert at == pytest.approx(x.at((run.started_at or 0.0) - opened), abs=0.2)
        took = (run.finished_at or 0.0) - (run.started_at or 0.0)
        assert wide == pytest.approx(max(2.0, x.at(took) - x.at(0.0)), abs=0.2)
    assert seen.complaints == []


def away(line: Sequence[Point], point: Point) -> float:
    """How many pixels this point is away from the line."""
    return min(distance(point, *ends) for ends in pairwise(line))


def distance(point: Point, start: Point, end: Point) -> float:
    along, wide = math.dist(start, point), math.dist(start, end)
    if not wide:
        return along
    (x, y), (left, low), (right, high) = point, start, end
    part = ((x - left) * (right - left) + (y - low) * (high - low)) / wide**2
    part = min(1.0, max(0.0, part))
    return math.dist(point, (left + part * (right - left), low + part * (high - low)))


def test_who_does_not_see_it_is_told_the_same_in_words(
    stage: Stage, eyes: Eyes, stored: Stored
) -> None:
    page = eyes.look(stage, "/incidents/1").page
    picture = page.get_by_role("img", name=f"{FACT} before, during and after the incident")
    expect(picture).to_have_count(1)
    told = picture.locator("desc").text_content() or ""
    values = [float(each.facts[FACT]) for each in stored.samples]
    assert re.search(rf"from [\d.]+ % over {max(values) * 100:.4g} % to [\d.]+ %\.", told)
    assert "It fires at > 90 %." in told
    for each in stored.runs:
        when = round((each.started_at or 0.0) - stored.incident.opened_at)
        assert f"+{when} s: Run {each.id}, step {each.step + 1}" in told
    # Each number in the picture is a line of the list beneath it; and the looks are a table.
    marks = page.locator("#chart-0 svg:visible").evaluate(NUMBERS)
    lines = page.locator(".chart-steps li").all_text_contents()
    assert [text for _, text in marks] == [re.split(r"\D", each.strip())[0] for each in lines]
    page.click("text=The numbers of used_memory_ratio")
    rows = page.locator("#chart-0 tbody tr")
    assert rows.count() >= 10
    expect(rows.filter(has_text=f"{max(values) * 100:.4g} %").first).to_be_visible()
