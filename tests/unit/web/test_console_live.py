"""The stream that open pages hold: it says when something changed, and it ends in order."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator

import pytest

from autofix.web.serving import GRACE
from consolekit import Stage


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with Stage.set(tmp_path_factory.mktemp("stage") / "project") as made:
        made.story()
        yield made


def size(stage: Stage) -> int:
    with stage.store.reading() as reads:
        return reads.audit_head()[0]


def first_event(lines: Iterator[str]) -> str:
    return next(line for line in lines if line.startswith("event:"))


def test_a_page_that_is_behind_hears_so_at_once(stage: Stage) -> None:
    olga = stage.person("olga")
    with olga.http.stream("GET", f"/live?since={size(stage) - 1}") as said:
        lines = said.iter_lines()
        assert first_event(lines) == "event: changed"
        assert next(lines) == f"data: {size(stage)}"


@pytest.mark.parametrize("of", ["", "&incident=1"])
def test_a_page_of_a_store_that_was_put_back_hears_so_at_once(stage: Stage, of: str) -> None:
    """It was made of a longer record than there is now: what it shows may never have been."""
    olga = stage.person("olga")
    with olga.http.stream("GET", f"/live?since={size(stage) + 50}{of}") as said:
        assert first_event(said.iter_lines()) == "event: changed"
    again = {"Last-Event-ID": str(size(stage) + 50)}
    with olga.http.stream("GET", f"/live?since=1{of}", headers=again) as said:
        assert first_event(said.iter_lines()) == "event: changed"


def test_a_server_that_stops_ends_its_streams_in_order(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    olga = stage.person("olga")
    [run] = stage.desk().runs(limit=1)
    with olga.http.stream("GET", f"/live?since={size(stage)}") as live:
        lines = live.iter_lines()
        assert next(lines) == "retry: 1500"
        began = time.monotonic()
        with caplog.at_level(logging.WARNING):
            stage.stop_web()
        assert time.monotonic() - began < GRACE
        assert list(lines) == [""]  # to its end: it was not cut off
    stage.open()
    assert [each.getMessage() for each in caplog.records] == []
    assert olga.get(f"/runs/{run.id}").status_code == 200
