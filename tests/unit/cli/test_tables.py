"""Tables on a terminal: names stay whole, sentences wrap, and the lines fit."""

from __future__ import annotations

import re
import sys

import pytest

from autofix.cli.output import table

COLUMNS = ("id", "sev", "state", "runbook", "host", "opened", "deadline", "why")
ROW = (
    4,
    "P1",
    "awaiting_approval",
    "redis-memory-high",
    "cache2 (6379)",
    "3.1s ago",
    "answer due in 1m 27s",
    "step 3 (redis_raise_maxmemory.yml) needs a person's approval",
)


def shown(
    width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> list[str]:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    table(COLUMNS, [ROW], "nothing")
    return re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out).splitlines()


@pytest.mark.parametrize("width", [112, 160])
def test_names_stay_whole_and_sentences_wrap(
    width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = shown(width, monkeypatch, capsys)
    for name in ("awaiting_approval", "redis-memory-high", "cache2 (6379)", "3.1s ago"):
        assert any(name in line for line in lines), name
    assert max(map(len, lines)) <= width


def test_a_narrow_terminal_folds_and_loses_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = shown(60, monkeypatch, capsys)
    assert max(map(len, lines)) <= 60
    assert "…" not in "".join(lines)


def test_a_terminal_of_100_columns_keeps_all_that_fits_whole(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = shown(100, monkeypatch, capsys)
    for name in ("cache2 (6379)", "3.1s ago", "P1"):
        assert any(name in line for line in lines), name
    assert max(map(len, lines)) <= 100
