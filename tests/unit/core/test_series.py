"""What of many looks is kept, and what of it is drawn."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autofix.core.series import (
    AFTER,
    AT_LEAST,
    BAND,
    Memory,
    Point,
    Sample,
    judged,
    numbers,
    points,
    thinned,
)

VALUES = st.floats(-1e6, 1e6, allow_nan=False)


def seen(at: float, value: float | None, verdict: str = "quiet") -> Sample:
    facts = {} if value is None else {"ratio": value}
    return Sample("r", "h", "", "0", at, verdict, facts)


def written(samples: list[Sample], scale: float = 0.0, trouble: bool = False) -> list[Sample]:
    memory: Memory | None = None
    found: list[Sample] = []
    for each in samples:
        bad = trouble or each.verdict == "firing"
        memory, new = judged(memory, each, {"ratio": scale}, trouble=bad)
        found += new
    return found


def moments(samples: list[Sample]) -> list[float]:
    return [each.at for each in samples]


def test_what_stays_as_it_is_is_written_each_five_minutes() -> None:
    looks = [seen(30.0 * number, 0.5) for number in range(31)]
    assert moments(written(looks)) == [0.0, AT_LEAST, 2 * AT_LEAST, 3 * AT_LEAST]


def test_a_change_is_written_with_the_look_before_it_so_that_a_step_stays_a_step() -> None:
    looks = [seen(0, 0.5), seen(30, 0.5), seen(60, 0.5), seen(90, 0.8), seen(120, 0.8)]
    assert moments(written(looks)) == [0, 60, 90]


def test_a_clock_that_is_set_back_leaves_no_gap() -> None:
    later = [seen(90_000.0 + 30 * number, 0.5) for number in range(3)]
    looks = [*later, *(seen(30.0 * number, 0.5) for number in range(21))]
    assert moments(written(looks)) == [90_000.0, 0.0, AT_LEAST, 2 * AT_LEAST]


def test_a_clock_that_is_set_back_after_trouble_does_not_keep_every_look_until_then() -> None:
    looks = [seen(90_000.0, 0.5, "firing"), *(seen(30.0 * number, 0.5) for number in range(60))]
    assert moments(written(looks))[-3:] == [AFTER + AT_LEAST * number for number in (1, 2, 3)]


@pytest.mark.parametrize(
    ("new", "scale", "kept"),
    [
        (0.5024, 0.0, False),
        (0.5026, 0.0, True),
        (0.5040, 0.9, False),  # half a percent of what it is compared with
        (0.5046, 0.9, True),
    ],
)
def test_noise_is_what_is_below_half_a_percent(new: float, scale: float, kept: bool) -> None:
    assert (len(written([seen(0, 0.5), seen(30, new)], scale)) == 2) is kept


def test_a_change_of_verdict_and_a_look_that_failed_are_always_written() -> None:
    looks = [seen(0, 0.5), seen(30, 0.5, "pending"), seen(60, None, "unseen"), seen(90, 0.5)]
    assert written(looks) == looks


def test_in_trouble_and_for_a_while_after_it_every_look_is_written() -> None:
    looks = [seen(0, 0.95, "firing"), *(seen(30.0 * number, 0.5) for number in range(1, 25))]
    kept = moments(written(looks))
    assert kept[: int(AFTER // 30) + 1] == [30.0 * number for number in range(21)]
    assert len(kept) == 21


def test_truth_values_are_numbers_and_nothing_else_is() -> None:
    facts = {"a": True, "b": 2, "c": "x", "d": math.nan, "e": [1], "f": 0.5}
    assert numbers(facts, {"a", "b", "c", "d", "e", "g"}) == {"a": True, "b": 2}
    assert numbers({"a": 10**400, "b": -(10**400), "c": math.inf}, {"a", "b", "c"}) == {}


@given(st.lists(VALUES, min_size=1, max_size=80), st.floats(0, 100))
def test_no_look_is_farther_from_the_drawn_line_than_the_band(
    values: list[float], scale: float
) -> None:
    looks = [seen(30.0 * number, value) for number, value in enumerate(values)]
    kept = written(looks, scale)
    assert moments(kept) == sorted(set(moments(kept)))
    for each in looks:
        last = [other for other in kept if other.at <= each.at][-1].facts["ratio"]
        near = BAND * max(abs(last), scale)
        assert each in kept or abs(each.facts["ratio"] - last) <= near


def test_a_look_that_failed_is_a_gap_and_a_fact_of_another_probe_is_not() -> None:
    other = Sample("r", "h", "", "1", 45.0, "quiet", {"connections": 3})
    found = points([seen(0, 0.5), seen(30, None), other, seen(60, 0.6)], "ratio")
    assert found == [(0, 0.5), (30, None), (60, 0.6)]


def test_where_nobody_looked_for_long_is_a_gap_but_not_where_looks_are_rare() -> None:
    looks = [seen(0, 0.5), seen(300, 0.5), seen(600, 0.5), seen(4000, 0.6)]
    assert points(looks, "ratio")[2:] == [(600, 0.5), (2300, None), (4000, 0.6)]
    rare = [seen(3600.0 * number, 0.5) for number in range(5)]
    assert None not in [value for _, value in points(rare, "ratio")]


@given(st.lists(st.one_of(st.none(), VALUES), max_size=300), st.integers(5, 60))
def test_of_many_points_the_extremes_the_gaps_and_the_order_stay(
    values: list[float | None], limit: int
) -> None:
    found: list[Point] = [(float(at), value) for at, value in enumerate(values)]
    drawn = thinned(found, limit)
    assert len(drawn) <= limit
    assert drawn == sorted(set(drawn), key=lambda point: point[0])
    assert set(drawn) <= set(found)
    there = [value for value in values if value is not None]
    shown = [value for _, value in drawn if value is not None]
    if there:
        assert (min(shown), max(shown)) == (min(there), max(there))
    assert (None in values) == (None in [value for _, value in drawn])
    assert not found or (drawn[0], drawn[-1]) == (found[0], found[-1])
