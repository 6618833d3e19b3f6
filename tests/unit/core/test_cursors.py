"""Cursors: what is given comes back, and what was made up is told apart."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autofix.core.cursors import PATTERN, decode, encode

NUMBERS = st.integers(0, 2**63 - 1)


@given(NUMBERS)
def test_what_is_given_comes_back(number: int) -> None:
    cursor = encode("incidents", number)
    assert re.fullmatch(PATTERN, cursor)
    assert decode("incidents", cursor) == number


@given(NUMBERS)
def test_a_cursor_of_another_list_is_none_of_this(number: int) -> None:
    with pytest.raises(ValueError, match="is no cursor of this list"):
        decode("runs", encode("incidents", number))


@given(st.text() | st.from_regex(PATTERN, fullmatch=True))
def test_what_was_made_up_is_refused_in_a_line(text: str) -> None:
    with pytest.raises(ValueError, match="is no cursor of this list") as error:
        decode("incidents", text)
    assert "\n" not in str(error.value)


@given(NUMBERS, st.integers(0, 15), st.sampled_from("AZaz09-_"))
def test_a_cursor_with_one_letter_changed_is_refused(number: int, at: int, letter: str) -> None:
    cursor = encode("incidents", number)
    changed = cursor[:at] + letter + cursor[at + 1 :]
    if changed != cursor:
        with pytest.raises(ValueError):
            decode("incidents", changed)


@pytest.mark.parametrize("number", [-1, 2**63])
def test_no_database_holds_such_a_number(number: int) -> None:
    with pytest.raises(ValueError, match="no place in a list"):
        encode("incidents", number)
