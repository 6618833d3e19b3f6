"""Finished incidents are told to a collector, each once, and after a restart none is left out."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from autofix.app.tracer import Tracer
from autofix.core.audit import AuditEvent
from autofix.core.traces import trace_id
from autofix.testing.clock import FakeClock
from autofix.testing.memory import MemoryStore
from autofix.tracing.options import TracingOptions


class Collector:
    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.keys: list[str | None] = []
        self.status = 200

    def spans(self) -> list[Any]:
        requests = [ExportTraceServiceRequest.FromString(body) for body in self.bodies]
        return [
            span
            for request in requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


@contextmanager
def collector() -> Iterator[tuple[Collector, str]]:
    found = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if found.status == 200:
                found.bodies.append(body)
                found.keys.append(self.headers["Authorization"])
            self.send_response(found.status)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield found, f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class World:
    """As much of a context as a tracer needs."""

    def __init__(self) -> None:
        self.store, self.clock = MemoryStore(), FakeClock(1000.0)

    def story(self, incident: int) -> None:
        for action in ("incident.opened", "incident.acting", "incident.healed"):
            event = AuditEvent(self.clock.now(), "autofix", action, "redis", "h1", incident)
            with self.store.transaction() as tx:
                tx.record(event)
            self.clock.sleep(1)


def options(url: str) -> TracingOptions:
    return TracingOptions(endpoint=url, token="secret-word", timeout=1)  # type: ignore[arg-type]


def test_an_incident_that_ended_is_told_once_with_its_token() -> None:
    world: Any = World()
    with collector() as (found, url):
        tracer = Tracer(world, lambda: options(url))
        tracer.tend()
        world.story(7)
        tracer.tend()
        tracer.tend()
        (span,) = found.spans()
    assert span.name == "redis on h1"
    assert int.from_bytes(span.trace_id, "big") == trace_id("autofix", 7)
    assert span.end_time_unix_nano - span.start_time_unix_nano == 2_000_000_000
    assert found.keys == ["Bearer secret-word"]


def test_what_a_collector_did_not_take_is_told_later_and_after_a_restart(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world: Any = World()
    with collector() as (found, url):
        tracer = Tracer(world, lambda: options(url))
        tracer.tend()
        world.story(7)
        tracer.tend()
        found.status = 400
        world.story(8)
        tracer.tend()
        assert "was not taken" in caplog.text
        assert "secret-word" not in caplog.text
        found.status = 200
        Tracer(world, lambda: options(url)).tend()
        assert len(found.spans()) == 2


def test_without_settings_nothing_is_told() -> None:
    world: Any = World()
    world.story(1)
    Tracer(world, lambda: None).tend()
    with world.store.reading() as reads:
        assert reads.mark("tracing") is None


def test_a_story_that_cant_be_told_keeps_back_no_other(caplog: pytest.LogCaptureFixture) -> None:
    world: Any = World()

    class Picky:
        def __init__(self) -> None:
            self.told: list[int] = []

        def export(self, incident: int, _spans: Any) -> None:
            if incident == 7:
                raise ValueError("this one")
            self.told.append(incident)

    picky = Picky()
    tracer = Tracer(world, lambda: options("http://127.0.0.1:9"))
    tracer._exporter = lambda _: picky  # type: ignore[method-assign]
    tracer.tend()
    world.story(7)
    world.story(8)
    tracer.tend()
    assert picky.told == [8]
    assert "incident 7 can't be told" in caplog.text
