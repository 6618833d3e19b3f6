"""With what conditions compare facts."""

from __future__ import annotations

import pytest

from autofix.core.thresholds import Threshold, scale, thresholds


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("used_memory_ratio > 0.9", [("used_memory_ratio", ">", 0.9)]),
        ("0.9 < ratio", [("ratio", ">", 0.9)]),
        ("10 <= lag", [("lag", ">=", 10.0)]),
        ("not ratio > 0.9", [("ratio", "<=", 0.9)]),
        ("not (a >= 1 or b < -2)", [("a", "<", 1.0), ("b", ">=", -2.0)]),
        ("a > 1 and reachable and b <= 2", [("a", ">", 1.0), ("b", "<=", 2.0)]),
        ("10 < lag < 60", [("lag", ">", 10.0), ("lag", "<", 60.0)]),
        ("lag > inputs.limit", [("lag", ">", 30.0)]),
        ("lag > inputs.limit * 2 + 1", [("lag", ">", 61.0)]),
        ("lag | default(0) > 5", [("lag", ">", 5.0)]),
        ("ratio > 0.9 or ratio > 0.9", [("ratio", ">", 0.9)]),
        ("lag > inputs.none", []),
        ("lag > inputs.word", []),
        ("lag > 1 / 0", []),
        ("lag > " + " * ".join(["1000000000000000000"] * 18), []),
        ("lag > other", []),
        ("lag * 2 > 10", []),
        ("reachable", []),
        ("reachable == false", []),
        ("role == 'replica'", []),
        ("state in ['a', 'b']", []),
        ("lag > true", []),
        ("lag >", []),
        ("", []),
    ],
)
def test_comparisons_of_one_fact_with_a_number(
    text: str, found: list[tuple[str, str, float]]
) -> None:
    inputs = {"limit": 30, "word": "x"}
    assert thresholds(text, inputs) == [Threshold(*each) for each in found]


def test_the_scale_of_a_fact_is_the_largest_number_it_is_compared_with() -> None:
    assert scale("lag > 10 or lag < -60 or x > 1") == {"lag": 60.0, "x": 1.0}
    assert scale("reachable") == {}
