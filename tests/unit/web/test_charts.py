"""Charts of what was seen: where everything stands, and that nothing lies on anything else."""

from __future__ import annotations

import math
import re
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autofix.core.charted import Limit, Milestone, Readings, Series
from autofix.web.console.charts import Chart, chart
from autofix.web.console.drawings import RADIUS, Drawing, placed, within
from autofix.web.console.scales import Scale, counted, offsets, seconds, span, ticks, worded
from autofix.web.console.sparks import spark

if TYPE_CHECKING:
    from collections.abc import Iterator

    from consolekit import Stage

OPENED = 1_000_000.0
STEPS = (
    Milestone("opened", OPENED),
    Milestone("run", OPENED + 10, OPENED + 40, 1, 0, "fix", "failed"),
    Milestone("run", OPENED + 50, OPENED + 60, 2, 1, "fix", "ok"),
    Milestone("verification", OPENED + 60, OPENED + 90),
    Milestone("ended", OPENED + 90, outcome="healed"),
)
RATIO = Limit(">", 0.9, "fires")
#: Whatever a probe may tell: usual numbers, and all that a double holds.
ANY = st.floats(-1e9, 1e9) | st.floats(allow_nan=False, allow_infinity=False)


def readings(
    points: list[tuple[float, float | None]], *limits: Limit, fact: str = "used_memory_ratio",
    unit: str = "", truth: bool = False, steps: tuple[Milestone, ...] = STEPS,
) -> Readings:  # fmt: skip
    series = Series(fact, unit, truth, tuple(points), limits)
    return Readings(OPENED - 3600, OPENED + 3690, (series,), steps)


def made(points: list[tuple[float, float | None]], *limits: Limit, **more: object) -> Chart:
    found = chart(readings(points, *limits, **more), OPENED, OPENED + 600)  # type: ignore[arg-type]
    assert found is not None
    return found


def drawings(found: Chart) -> Iterator[Drawing]:
    for plot in found.plots:
        yield plot.wide
        yield plot.narrow


def coordinates(drawing: Drawing) -> list[tuple[float, float]]:
    """Every point of every line, and every dot."""
    numbers = [float(each) for line in drawing.lines for each in re.findall(r"-?[\d.]+", line)]
    return [*zip(numbers[::2], numbers[1::2], strict=True), *drawing.dots]


def must_fit(drawing: Drawing) -> None:
    plot = drawing.plot
    for x, y in coordinates(drawing):
        assert plot.x <= x <= plot.x + plot.width
        assert plot.y <= y <= plot.y + plot.height
    for box in drawing.boxes:
        assert box.x >= plot.x
        assert box.x + box.width <= plot.x + plot.width + 0.11
        assert box.width > 0
    for each in (*drawing.across, *drawing.up, *drawing.limits, *drawing.numbers):
        assert 0 <= each.x <= drawing.width
        assert 0 <= each.y <= drawing.height
    for one, other in pairwise(drawing.up):
        assert abs(one.y - other.y) >= 12
    said = [each.y for each in drawing.limits if each.text]
    assert all(abs(a - b) > 15 for n, a in enumerate(said) for b in said[n + 1 :])


def calm(count: int = 20, value: float = 0.5) -> list[tuple[float, float | None]]:
    return [(OPENED - 300 + 30 * number, value) for number in range(count)]


@pytest.mark.parametrize(
    "points",
    [
        calm(1),
        calm(),
        calm(20, 0.0),
        calm(20, -5.0),
        [(OPENED, 0.95)],
        [(OPENED - 60, 0.5), (OPENED, None), (OPENED + 60, 0.7)],
        [(OPENED - 60, None), (OPENED, 0.5), (OPENED + 60, None)],
        [(OPENED - 3600 + 0.7 * n, math.sin(n / 50)) for n in range(10_000)],
        [(OPENED - 60, 1e18), (OPENED, -1e18), (OPENED + 60, 1e-9)],
        [(OPENED - 60, 1.7e308), (OPENED, -1.7e308), (OPENED + 60, 5e-324)],
        [(OPENED - 60, 5e-324), (OPENED, 5e-324)],
    ],
    ids=["one", "flat", "zero", "negative", "late", "gap", "gaps", "many", "huge", "end", "least"],
)
def test_everything_stands_within_its_box(points: list[tuple[float, float | None]]) -> None:
    for drawing in drawings(made(points, RATIO)):
        must_fit(drawing)
        assert "nan" not in " ".join(drawing.lines)


@given(
    st.lists(st.tuples(st.integers(-3000, 3000), st.one_of(st.none(), ANY)),
             min_size=1, max_size=60, unique_by=lambda each: each[0]),
    ANY,
    st.sampled_from(["", "s", "bytes", "bytes/s"]),
)  # fmt: skip
def test_whatever_was_seen_it_fits(
    found: list[tuple[float, float | None]], limit: float, unit: str
) -> None:
    points = sorted(((OPENED + at, value) for at, value in found), key=lambda each: each[0])
    drawn = chart(readings(points, Limit(">", limit, "fires"), unit=unit), OPENED, OPENED + 600)
    seen = [at for at, value in found if value is not None]
    # It took 90 s: 300 s before it and after it are shown.
    if any(-300 <= at <= 390 for at in seen):
        assert drawn is not None
    elif all(at < -300 for at in seen) or all(at > 390 for at in seen):
        assert drawn is None
    for drawing in drawings(drawn) if drawn else ():
        must_fit(drawing)


@given(st.lists(st.floats(62, 350), max_size=40))
def test_numbers_never_touch(places: list[float]) -> None:
    steps = [(place, Milestone("opened", place)) for place in sorted(places)]
    labels = placed(steps, 62, 350)
    assert [each.text for each in labels] == [str(n + 1) for n in range(len(places))]
    for number, one in enumerate(labels):
        for other in labels[number + 1 :]:
            apart = math.hypot(one.x - other.x, one.y - other.y)
            assert apart >= 2 * RADIUS or abs(one.y - other.y) > 2 * RADIUS


def test_nothing_seen_is_no_chart() -> None:
    assert chart(Readings(0, 1), OPENED, OPENED) is None
    assert chart(readings([(OPENED, None)]), OPENED, OPENED) is None


def test_what_failed_to_look_is_a_gap_and_never_a_line() -> None:
    [plot] = made([(OPENED - 60, 0.5), (OPENED - 30, 0.6), (OPENED, None), (OPENED + 30, 0.5),
                   (OPENED + 60, 0.5)]).plots  # fmt: skip
    assert len(plot.wide.lines) == 2
    assert [each.kind for each in plot.wide.boxes].count("gap") == 1
    assert plot.gaps
    assert ("", OPENED) in [(text, at) for at, text in plot.rows]


def test_what_happened_is_numbered_in_order_with_its_tone_and_time() -> None:
    found = made(calm(), RATIO)
    assert [(each.kind, tone, when) for each, tone, when in found.steps] == [
        ("opened", "bad", "+0 s"), ("run", "bad", "+10 s"), ("run", "busy", "+50 s"),
        ("verification", "warn", "+60 s"), ("ended", "good", "+90 s"),
    ]  # fmt: skip
    kinds = [each.kind for each in found.plots[0].wide.boxes]
    assert kinds == [
        "opened-bad", "run-bad", "run-busy", "verification-warn", "ended-good",
    ]  # fmt: skip


def test_the_limit_stands_where_its_value_does_and_says_it() -> None:
    [plot] = made([(OPENED - 60, 0.5), (OPENED, 0.95)], RATIO).plots
    [limit] = plot.wide.limits
    assert limit.text == "> 90 %"
    ends = [y for _, y in coordinates(plot.wide)]
    assert min(ends) < limit.y < max(ends)
    assert (plot.first, plot.extreme, plot.last) == ("50 %", "95 %", "95 %")


def test_the_extreme_of_what_fires_when_it_is_low_is_the_lowest() -> None:
    points: list[tuple[float, float | None]] = [
        (OPENED - 60, 9.0),
        (OPENED, 1.0),
        (OPENED + 9, 7.0),
    ]
    [plot] = made(points, Limit("<", 2, "fires"), fact="replicas").plots
    assert (plot.first, plot.extreme, plot.last) == ("9", "1", "7")


def test_a_truth_value_has_two_ticks() -> None:
    [plot] = made([(OPENED, 1.0), (OPENED + 60, 0.0)], truth=True, fact="reachable").plots
    assert [each.text for each in plot.wide.up] == ["0", "1"]


def test_a_line_is_cut_at_the_edge_and_not_dropped() -> None:
    points: list[tuple[float, float | None]] = [(0.0, 0.0), (100.0, 1.0), (200.0, None)]
    assert within(points, 25.0, 75.0) == [(25.0, 0.25), (75.0, 0.75)]
    assert within(points, 50.0, 150.0) == [(50.0, 0.5), (100.0, 1.0)]


@pytest.mark.parametrize(
    ("low", "high", "unit", "found"),
    [
        (0.0, 1.0, "", [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (0, 3 * 1024**3, "bytes", [0, 1024**3, 2 * 1024**3, 3 * 1024**3]),
        (0, 290, "s", [0, 60, 120, 180, 240]),
        (-7, 7, "", [-5, 0, 5]),
    ],
)
def test_ticks_are_at_round_numbers(low: float, high: float, unit: str, found: list[float]) -> None:
    assert ticks(low, high, 6, unit) == pytest.approx(found)


@given(st.floats(-1e12, 1e12), st.floats(1e-6, 1e12), st.integers(2, 9))
def test_there_are_never_too_many_ticks_nor_outside(low: float, wide: float, most: int) -> None:
    for unit in ("", "s", "bytes"):
        found = ticks(low, low + wide, most, unit)
        assert len(found) <= most
        assert all(low - wide * 0.01 <= each <= low + wide * 1.01 for each in found)


@pytest.mark.parametrize(
    ("unit", "fact", "value", "said"),
    [
        ("", "used_memory_ratio", 0.905, "90.5 %"),
        ("bytes", "maxmemory", 4_294_967_296.0, "4 GiB"),
        ("bytes/s", "in", 1536.0, "1.5 KiB/s"),
        ("s", "lag", 0.25, "250 ms"),
        ("s", "lag", 90.0, "90 s"),
        ("s", "lag", 7200.0, "2 h"),
        ("", "load_1", 80.0, "80"),
        ("", "keys", 120_000.0, "120k"),
        ("", "keys", 2_500_000.0, "2.5M"),
        ("d", "left", -3.0, "\u22123 d"),
    ],
)
def test_values_read_by_their_unit(unit: str, fact: str, value: float, said: str) -> None:
    assert worded(unit, fact)(value) == said


def test_moments_are_counted_from_the_opening_in_one_unit() -> None:
    assert [text for _, text in offsets(-400, 900, 6)] == [
        "\u22125 min",
        "0",
        "+5 min",
        "+10 min",
        "+15 min",
    ]
    assert (counted(0), counted(-90.2), counted(300)) == ("+0 s", "\u221290 s", "+5 min")
    assert seconds(3 * 86400) == "3 d"


def test_a_scale_never_has_no_height() -> None:
    assert span([5, 5]) == (4.5, 5.5)
    assert span([0, 0]) == (0, 1)
    assert Scale(0, 1, 100, 0).at(2) == 0


def test_a_small_chart_has_a_line_its_limit_and_what_is_now() -> None:
    small = spark(readings([(OPENED - 60, 0.5), (OPENED, 0.95)], RATIO))
    assert small is not None
    assert (small.last, small.over, small.limit_text) == ("95 %", True, "> 90 %")
    assert small.limit is not None
    assert 0 < small.limit < 32
    assert len(small.lines) == 1
    assert spark(readings([(OPENED, None)])) is None
    again = spark(readings([(OPENED - 60, 0.5), (OPENED, 0.6)]))
    assert again is not None
    assert (again.limit, again.over) == (None, False)


@pytest.mark.parametrize("unit", ["", "s", "bytes"])
def test_a_small_chart_takes_what_fits_into_a_double(unit: str) -> None:
    end = [(OPENED - 60, -1.7e308), (OPENED, 1.7e308)]
    small = spark(readings(end, RATIO, unit=unit, fact="bytes_sent"))
    assert small is not None
    assert small.over
    assert "nan" not in " ".join(small.lines)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    from consolekit import Stage

    folder: Path = tmp_path_factory.mktemp("charts") / "project"
    with Stage.set(folder) as made:
        made.story()
        yield made


def test_the_page_of_an_incident_shows_it_and_tells_it_in_words(stage: Stage) -> None:
    page = stage.client("vera").get("/incidents/1").text
    svg = page[page.index('<svg class="chart-wide"') :]
    svg = svg[: svg.index("</svg>")]
    assert 'role="img"' in svg
    assert "used_memory_ratio before, during and after the incident" in svg
    assert re.search(r"It went from [\d.]+ % over 95 % to [\d.]+ %\.", svg)
    assert "Over: healed" in svg
    assert "style=" not in svg
    assert "<script" not in svg
    assert "&gt; 90 %" in svg
    assert page.count('id="chart"') == 1
    assert "The numbers of used_memory_ratio" in page


def test_every_id_of_the_page_is_there_once(stage: Stage) -> None:
    page = stage.client("vera").get("/incidents/1").text
    ids = re.findall(r' id="(chart[^"]*)"', page)
    assert len(ids) == len(set(ids))
