"""SAFETY 34, over HTTP: what is signed wrong, old, of the future or replayed is answered by 401."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from servers.project import Project
from servers.prometheus import free_port
from servers.senders import (
    OLD_WHSEC,
    OTHER,
    SECRET,
    WHSEC,
    fixture,
    hex_signature,
    standard_signature,
)

SOURCES = {
    "grafana": {
        "type": "grafana", "auth": "hmac", "secret": [SECRET, OTHER],
        "header": "X-Grafana-Alerting-Signature",
        "timestamp_header": "X-Grafana-Alerting-Timestamp",
    },
    "standard": {"type": "standard", "secret": [WHSEC, OLD_WHSEC]},
    "pagerduty": {"type": "pagerduty", "secret": [SECRET, OTHER], "window": "7d"},
}  # fmt: skip
Headers = Mapping[str, str]


def grafana(body: bytes, at: float, secret: str, _number: str) -> Headers:
    told = str(int(at))
    signature = hex_signature(told.encode() + b":" + body, secret)
    return {"X-Grafana-Alerting-Signature": signature, "X-Grafana-Alerting-Timestamp": told}


def standard(body: bytes, at: float, secret: str, number: str) -> Headers:
    key = {SECRET: WHSEC, OTHER: OLD_WHSEC}.get(secret, "whsec_YW5vdGhlciBvbmU=")
    signature = standard_signature(number, int(at), body, key)
    return {
        "Webhook-Id": number,
        "Webhook-Timestamp": str(int(at)),
        "Webhook-Signature": signature,
    }


def pagerduty(body: bytes, _at: float, secret: str, _number: str) -> Headers:
    return {"X-PagerDuty-Signature": f"v1={hex_signature(body, secret)}"}


def body_of(kind: str, at: float, number: str) -> bytes:
    """What the sender would post at this moment: PagerDuty's own id and time stand in the body."""
    names = {"grafana": "grafana/firing", "standard": "standard/firing"}
    found = fixture(names.get(kind, "pagerduty/triggered"))
    if kind == "pagerduty":
        moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))
        found["event"] |= {"id": number, "occurred_at": moment}
    else:
        found["number"] = number
    return json.dumps(found).encode()


SIGN: Mapping[str, Callable[[bytes, float, str, str], Headers]] = {
    "grafana": grafana, "standard": standard, "pagerduty": pagerduty,
}  # fmt: skip
OLD = {"grafana": 301.0, "standard": 301.0, "pagerduty": 7 * 86400 + 1.0}


def flipped(body: bytes) -> bytes:
    """One bit of a letter within the text: it is still JSON."""
    at = body.index(b"edis")
    return body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]


@pytest.fixture(scope="module")
def posts(tmp_path_factory: pytest.TempPathFactory) -> Any:
    path: Path = tmp_path_factory.mktemp("signed")
    listen = f"127.0.0.1:{free_port()}"
    settings = {"sources": SOURCES, "web": {"listen": listen}}
    with Project(path, {"web": {"web1": {}}}, settings) as project:
        project.serve()
        kinds: set[str] = set()

        def post(kind: str, body: bytes, headers: Headers) -> int:
            asked = urllib.request.Request(f"http://{listen}/hooks/{kind}", body, dict(headers))
            asked.add_header("Content-Type", "application/json")
            try:
                with urllib.request.urlopen(asked, timeout=30) as answer:
                    return int(answer.status)
            except urllib.error.HTTPError as error:
                with error:
                    kinds.add(error.headers["content-type"])
                    return int(error.code)

        yield post
        assert kinds == {"application/problem+json"}
        log = project.log.read_text()
        assert "Traceback" not in log
        assert SECRET not in log


@pytest.mark.parametrize("kind", sorted(SOURCES))
def test_only_what_is_signed_well_and_fresh_comes_in_once(
    kind: str, posts: Callable[[str, bytes, Headers], int]
) -> None:
    now = time.time()

    def sent(number: str, *, at: float = now, secret: str = SECRET, change: Any = None) -> int:
        body = body_of(kind, at, number)
        headers = SIGN[kind](body, at, secret, number)
        return posts(kind, change(body) if change else body, headers)

    assert sent("1") == 202
    assert sent("1") == 401, "replayed"
    assert sent("2", secret=OTHER) == 202, "two secrets while they rotate"
    assert sent("2", secret=SECRET) == 401 or kind == "grafana", "another signature of the same id"
    assert sent("3", secret="a third secret") == 401
    assert sent("4", change=flipped) == 401
    assert sent("5", at=now - OLD[kind] - 30) == 401
    assert sent("6", at=now + OLD[kind] + 30) == 401
    assert posts(kind, body_of(kind, now, "7"), {}) == 401, "not signed"
    assert sent("8") == 202, "and an honest one still comes in"
