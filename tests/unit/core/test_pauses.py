"""Pauses: what they cover, how they are said, and which of two counts."""

from __future__ import annotations

import pytest

from autofix.core.pauses import Pause, covering, merged

ALL = Pause(1.0, "ann", id="a")
HOST = Pause(2.0, "bob", "disk swap", host="r1", id="b")
BOOK = Pause(3.0, "cid", runbook="redis", id="c")
BOTH = Pause(4.0, "dan", runbook="redis", host="r1", cancel_running=True, id="d")


@pytest.mark.parametrize(
    ("pause", "words", "wish"),
    [
        (ALL, "everything paused by ann", "ann: paused"),
        (HOST, "r1 paused by bob: disk swap", "bob: paused: disk swap"),
        (BOOK, "redis paused by cid", "cid: paused"),
        (BOTH, "redis on r1 paused by dan", "dan: paused"),
    ],
)
def test_a_pause_in_words(pause: Pause, words: str, wish: str) -> None:
    assert (pause.words, pause.wish) == (words, wish)


@pytest.mark.parametrize(
    ("runbook", "host", "expected"),
    [
        ("redis", "r1", [ALL, HOST, BOOK, BOTH]),
        ("redis", "r2", [ALL, BOOK]),
        ("mysql", "r1", [ALL, HOST]),
        ("mysql", "r2", [ALL]),
    ],
)
def test_what_each_covers(runbook: str, host: str, expected: list[Pause]) -> None:
    every = [ALL, HOST, BOOK, BOTH]
    assert [each for each in every if each.covers(runbook, host)] == expected
    assert covering(every, runbook, host) == ALL
    assert covering(every[1:], "mysql", "r2") is None


def test_files_and_rows_count_together_and_the_later_of_one_scope_is_shown() -> None:
    later = Pause(9.0, "eve", host="r1", id="e")
    assert merged([], []) == []
    assert merged([HOST], [HOST]) == [HOST]
    assert merged([ALL], [HOST]) == [ALL, HOST]
    assert merged([HOST], [later]) == merged([later], [HOST]) == [later]


def test_a_file_made_by_hand_is_told_apart() -> None:
    assert Pause(1.0, "a file", id="paused@17").by_hand
    assert not ALL.by_hand
