"""Sources as the settings make them, and posts as their senders make them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from autofix import alerts
from autofix.core.alerts import Alert, Post

FIXTURES = Path(__file__).parents[1] / "fixtures" / "alerts"
SECRET, OTHER = "a-secret-of-the-sender", "the-secret-before-that"
WHSEC = "whsec_" + base64.b64encode(b"the key of a sender").decode()
OLD_WHSEC = "whsec_" + base64.b64encode(b"the key before that").decode()
NOW = 1795417800.0  # 2026-11-23T07:10:00Z, when the fixtures were posted
#: The least that each type of source needs.
LEAST: Mapping[str, Mapping[str, Any]] = {
    "pagerduty": {"secret": [SECRET]},
    "standard": {"secret": [WHSEC]},
    "generic": {"name": "body.title"},
}


def source(kind: str, /, **options: Any) -> Any:
    """A source of this type, called as its type is."""
    found = alerts.load(kind)
    return found(kind, found.options.model_validate({**LEAST.get(kind, {}), **options}))


def post(body: bytes | Any, kind: str = "", **headers: str) -> Post:
    """Underscores in the headers' names stand for dashes."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Post(kind, {name.replace("_", "-"): value for name, value in headers.items()}, raw)


def fixture(name: str) -> Any:
    """What one sender posted: `grafana/firing`."""
    return json.loads((FIXTURES / f"{name}.json").read_text())


def read(name: str, /, **options: Any) -> list[Alert]:
    """The alerts of a fixture, by the source whose folder it is in."""
    kind = name.partition("/")[0]
    headers = {}
    if kind == "cloudevents":
        batch = "-batch" if "batch" in name else ""
        headers["content_type"] = f"application/cloudevents{batch}+json; charset=utf-8"
    found: list[Alert] = source(kind, **options).alerts(post(fixture(name), kind, **headers))
    return found


def hex_signature(body: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def standard_signature(number: str, at: int, body: bytes, secret: str = WHSEC) -> str:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{number}.{at}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
