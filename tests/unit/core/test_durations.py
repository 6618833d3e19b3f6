"""Durations as people write them, and what they write instead."""

from __future__ import annotations

import time

import pytest

from autofix.core.durations import parse


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90.0), ("1h30m", 5400.0), ("1d 12h", 129_600.0), ("1.5m", 90.0)]
)
def test_parts_are_added_up(text: str, seconds: float) -> None:
    assert parse(text) == seconds


@pytest.mark.parametrize("text", ["", " ", "soon", "2 hours", "-5m", "1" * 101 + "s"])
def test_what_is_no_duration_is_refused_with_what_would_be_one(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration; write for example 30s"):
        parse(text)


def test_a_form_full_of_digits_is_refused_at_once_and_in_one_line() -> None:
    began = time.process_time()
    with pytest.raises(ValueError, match="is not a duration") as refused:
        parse("1" * 131_072)
    assert time.process_time() - began < 0.5
    assert len(str(refused.value)) < 200
