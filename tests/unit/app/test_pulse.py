"""The heartbeat's truth: no sign while the engine hangs, the store fails, or pages can't leave."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from autofix.app import pulse
from autofix.app.pulse import Health, Pulse
from autofix.channels.heartbeat_options import HeartbeatOptions
from autofix.core.audit import AuditEvent
from autofix.core.pages import Page, PageKind
from autofix.errors import StoreError
from autofix.flow.context import Book, Context
from autofix.options import Options
from autofix.testing.clock import FakeClock
from autofix.testing.inventory import FakeInventory
from autofix.testing.memory import MemoryStore
from autofix.testing.probes import FakeProbe
from autofix.testing.runner import FakeRunner
from servers.http import Answer, HttpServer, http_server


@pytest.fixture
def switch() -> Iterator[HttpServer]:
    with http_server() as server:
        yield server


class Bench:
    def __init__(self, switch: HttpServer) -> None:
        probe, book = FakeProbe(), Book({}, FakeInventory({}))
        self.clock, self.store = FakeClock(1000.0), MemoryStore()
        self.ctx = Context(self.store, self.clock, FakeRunner({}), lambda _: probe, book, "test")
        self.tick_age = 0.0
        self.options: Options | None = HeartbeatOptions(
            url=f"{switch.url}/id", style="healthchecks"
        )
        self.pulse = Pulse(self.ctx, lambda: self.options, lambda: self.tick_age, threading.Event())

    def page(self, *, tried: int, age: float, kind: PageKind = PageKind.CALL) -> None:
        at = self.clock.now() - age
        page = Page(
            0, None, "default", ("a", "b"), "P1", "t", "x", "k", at, at, tried=tried, kind=kind
        )
        with self.store.transaction() as tx:
            tx.add_page(page, AuditEvent(at, "test", "page.queued"))


@pytest.fixture
def bench(switch: HttpServer) -> Bench:
    return Bench(switch)


def test_a_sign_goes_out_once_in_its_time_and_is_noted(bench: Bench, switch: HttpServer) -> None:
    for _ in range(5):
        bench.pulse.look()
    assert [asked.path for asked in switch.asked] == ["/id"]
    with bench.store.reading() as reads:
        mark = reads.mark("heartbeat")
    assert mark is not None
    assert mark.data["heard_at"] == 1000.0
    assert mark.data["error"] == ""


def test_a_new_trouble_is_told_at_once_and_its_end_too(bench: Bench, switch: HttpServer) -> None:
    bench.pulse.look()
    bench.page(tried=2, age=40)
    bench.pulse.look()
    assert [asked.path for asked in switch.asked] == ["/id", "/id/fail"]
    assert switch.asked[1].body == b"1 pages can't leave by any channel"


@pytest.mark.parametrize(("tried", "age"), [(1, 400), (2, 10)])
def test_a_page_that_is_on_its_way_is_no_trouble(
    bench: Bench, switch: HttpServer, tried: int, age: float
) -> None:
    bench.page(tried=tried, age=age)
    bench.pulse.look()
    assert [asked.path for asked in switch.asked] == ["/id"]


def test_a_page_that_nobody_tries_is_trouble_once_there_was_time_to(
    bench: Bench, switch: HttpServer
) -> None:
    bench.page(tried=0, age=500)  # it came due while no server ran
    bench.clock.advance(50)
    assert bench.pulse.health(write=False).trouble == ""
    bench.clock.advance(20)
    assert bench.pulse.health(write=False).trouble == "1 pages can't leave by any channel"


def test_what_closes_a_page_is_waited_for_by_nobody(bench: Bench, switch: HttpServer) -> None:
    bench.page(tried=9, age=500, kind=PageKind.CLOSING)
    assert bench.pulse.health(write=False).trouble == ""


def test_an_engine_that_does_not_tick_gives_no_sign(bench: Bench, switch: HttpServer) -> None:
    bench.tick_age = 31.0
    bench.pulse.look()
    assert switch.asked[0].path == "/id/fail"
    assert b"has not ticked for 31 s" in switch.asked[0].body


def test_a_store_that_takes_nothing_gives_no_sign(
    bench: Bench, switch: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full() -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(bench.store, "transaction", full)
    bench.pulse.look()
    assert switch.asked[0].body == b"the store can't be written: the disk is full"


def test_a_switch_that_does_not_answer_is_noted_and_stops_nothing(
    bench: Bench, switch: HttpServer, caplog: pytest.LogCaptureFixture
) -> None:
    switch.say(Answer(500))
    bench.pulse.look()
    assert "the outside was not reached" in caplog.text
    with bench.store.reading() as reads:
        mark = reads.mark("heartbeat")
    assert mark is not None
    assert "answered 500" in str(mark.data["error"])
    assert mark.data["heard_at"] is None


def test_without_a_switch_nothing_is_done(bench: Bench, switch: HttpServer) -> None:
    bench.options = None
    bench.pulse.look()
    assert switch.asked == []


def test_health_says_everything_that_is_wrong() -> None:
    assert Health(1.0).trouble == ""
    assert Health(99.0, "no").trouble == (
        "the engine has not ticked for 99 s; the store can't be written: no"
    )
    assert pulse.STUCK < 60
