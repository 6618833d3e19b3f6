"""Whatever is posted to a webhook: it is taken or refused in words, and never fails (SAFETY 27).

Through the gate and the clerk to the store, with a token that is good: so that what is posted gets
as far as it can. The short form posts some hundred bodies; `make fuzz` posts thousands.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autofix import alerts
from autofix.core.runbooks import AlertTrigger
from autofix.web.clerk import Clerk
from autofix.web.gate import Gate
from servers.senders import FIXTURES, source
from unit.flow.world import BOOK, World
from unit.web.api_kit import Api, services

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "25"))
BODIES = {kind: [each.read_bytes() for each in sorted((FIXTURES / kind).glob("*.json"))]
          for kind in alerts.TABLE}  # fmt: skip
NAMES = ("RedisMemoryHigh", "instance", "status", "firing", "r1", "labels", "alerts")
LEAF = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=30)
    | st.sampled_from(NAMES)
    | st.sampled_from(["r1", "r1:6379", "all", "*", "{{ 7*7 }}", "r1;reboot", "\x00", "\ud800"])
)
JSON = st.recursive(
    LEAF,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=8), inner, max_size=5)
    ),
    max_leaves=20,
)
TYPES = ("application/json", "application/cloudevents+json", "application/cloudevents-batch+json",
         "text/plain", "application/json; charset=utf-16", "", "x" * 300)  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn, kind: str) -> bytes:
    """A body of a real sender in which something is another value, or gone."""
    value = json.loads(draw(st.sampled_from(BODIES[kind])))
    for _ in range(draw(st.integers(0, 3))):
        _mutate(draw, value)
    return json.dumps(value).encode()


def _mutate(draw: st.DrawFn, value: Any) -> None:
    inside = value
    while isinstance(inside, dict | list) and inside:
        keys = list(inside) if isinstance(inside, dict) else list(range(len(inside)))
        key = draw(st.sampled_from(keys))
        if not isinstance(inside[key], dict | list) or not inside[key] or draw(st.booleans()):
            inside[key] = draw(JSON)
            return
        inside = inside[key]


@st.composite
def posts(draw: st.DrawFn, kind: str) -> tuple[bytes, dict[str, str]]:
    body = draw(mutated(kind) | JSON.map(lambda v: json.dumps(v).encode()) | st.binary())
    headers = {"content-type": draw(st.sampled_from(TYPES))} if draw(st.booleans()) else {}
    if draw(st.integers(0, 5)) == 0:
        headers["content-encoding"] = draw(st.sampled_from(["gzip", "deflate", "br", ""]))
        body = gzip.compress(body) if draw(st.booleans()) else body
    if draw(st.integers(0, 3)) == 0:
        more = st.sampled_from(["ce-id", "ce-type", "ce-source", "ce-specversion", "webhook-id"])
        words = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)
        headers |= draw(st.dictionaries(more, words.map(str.strip), max_size=5))
    return body, headers


@pytest.fixture(scope="module")
def gate() -> Iterator[Gate]:
    trigger = AlertTrigger("RedisMemoryHigh", host="instance", strip_port=True)
    world = World(replace(BOOK, triggers=(*BOOK.triggers, trigger)))
    sources = {kind: source(kind) for kind in alerts.TABLE}
    world.ctx.book = replace(world.ctx.book, sources=sources)
    api, clerk = Api(world), Clerk(services())
    clerk.start()
    yield Gate(api.app, services(), clerk)
    clerk.stop()


def answer(gate: Gate, kind: str, body: bytes, headers: dict[str, str]) -> httpx.Response:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(gate, client=("192.0.2.1", 1))  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://autofix") as client:
            shown = {"authorization": "Bearer af_sender"}
            return await client.post(f"/hooks/{kind}", content=body, headers={**headers, **shown})

    return asyncio.run(ask())


@pytest.mark.parametrize("kind", sorted(alerts.TABLE))
def test_no_body_makes_a_hook_fail(gate: Gate, kind: str) -> None:
    seen: set[int] = set()

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize="FUZZ_EXAMPLES" not in os.environ,
        suppress_health_check=list(HealthCheck),
    )
    @given(posts(kind))
    def check(post: tuple[bytes, dict[str, str]]) -> None:
        told = answer(gate, kind, *post)
        seen.add(told.status_code)
        assert told.status_code in (200, 202, 400, 413, 415), told.text
        media = "application/json" if told.status_code < 400 else "application/problem+json"
        assert told.headers["content-type"] == media
        if told.status_code >= 400:
            assert "\n" not in told.json()["detail"]

    check()
    taken = [answer(gate, kind, body, _right(kind, body)).status_code for body in BODIES[kind]]
    assert 202 in taken, "what the sender itself posts comes in"
    assert seen & {400, 413, 415}, "nothing that was posted was ever refused"


def _right(kind: str, body: bytes) -> dict[str, str]:
    events = TYPES[2 if body.lstrip().startswith(b"[") else 1]
    return {"content-type": events if kind == "cloudevents" else TYPES[0]}
