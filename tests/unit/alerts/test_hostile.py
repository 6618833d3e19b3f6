"""Whatever stands in a body, a parser gives alerts within bounds or refuses it in one line."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autofix import alerts
from autofix.core.alerts import Post
from autofix.core.door import Refused
from servers.senders import FIXTURES, NOW, source

#: Two cores may be busy with other tests.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
KEYS = sorted(
    {
        key
        for path in FIXTURES.rglob("*.json")
        for key in json.dumps(json.loads(path.read_text())).replace('"', " ").split()
        if key.isidentifier()
    }
)
LEAF = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(
        ["1e999", "2026-11-23T08:10:00Z", "0001-01-01T00:00:00Z", "{HOST.IP}", "[", ""]
    )
)
JSON = st.recursive(
    LEAF,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=8), inner, max_size=5)
    ),
    max_leaves=15,
)
EVENTS = {
    "content-type": "application/cloudevents+json",
    "ce-specversion": "1.0",
    "ce-id": "1",
    "ce-type": "t",
    "ce-source": "s",
}
MAPPED = {
    "name": "body.name",
    "host": "body.monitor.hostname",
    "status": "body.status",
    "fingerprint": "body.data",
}
OPTIONS: dict[str, list[dict[str, Any]]] = {
    "generic": [MAPPED, {**MAPPED, "items": "body.alerts", "labels": "item.labels"}],
    "standard": [{}, MAPPED],
    "alertmanager": [{}, {"name": "labels.x"}],
}


def judge(kind: str, body: Any, content_type: str = "") -> None:
    """Bounded alerts of text, or one line."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {**EVENTS, "content-type": content_type or EVENTS["content-type"]}
    for options in OPTIONS.get(kind, [{}]):
        reader = source(kind, **options)
        try:
            found = reader.alerts(Post(kind, headers, raw))
        except Refused as error:
            found, why = [], str(error)
        else:
            why = ""
        assert "\n" not in why
        assert len(why) < 300
        for alert in found:
            assert len(alert.name) <= 200
            assert 0 < len(alert.fingerprint) <= 200
            assert isinstance(alert.firing, bool)
            for labels, size in ((alert.labels, 2000), (alert.annotations, 10000)):
                assert len(labels) <= 400
                assert all(len(name) <= 210 for name in labels)
                assert all(isinstance(one, str) and len(one) <= size for one in labels.values())


@pytest.mark.parametrize("kind", sorted(alerts.TABLE))
@PATIENT
@given(body=JSON)
def test_any_json_is_read_or_refused(kind: str, body: Any) -> None:
    judge(kind, body)


@pytest.mark.parametrize("kind", sorted(alerts.TABLE))
@PATIENT
@given(raw=st.binary(max_size=60), media=st.sampled_from(["application/json", "text/plain", ""]))
def test_any_bytes_are_read_or_refused(kind: str, raw: bytes, media: str) -> None:
    judge(kind, raw, media)
    reader = source(kind)
    assert reader.admit(Post(kind, EVENTS, raw), NOW).why


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    return [path] + [found for key, one in inside for found in places(one, (*path, key))]


def changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    value = copy.copy(value)
    value[path[0]] = changed(value[path[0]], path[1:], new)
    return value


BAD: list[Any] = [
    None, True, 0, -1, 1.5, 10**400, "", "x" * 3000, "\n", [], [[]], {}, {"": ""}, {"a": {"b": 1}},
    "{{ 7*7 }}", "$(id)", "../../etc/passwd", "\u202e",
]  # fmt: skip


@pytest.mark.parametrize("path", sorted(FIXTURES.rglob("*.json")), ids=lambda path: path.stem)
def test_every_place_of_a_real_body_may_hold_anything(path: Any) -> None:
    kind, body = path.parent.name, json.loads(path.read_text())
    chosen = random.Random(7)
    for place in places(body):
        for new in chosen.sample(BAD, 3):
            judge(kind, changed(body, place, new))
