"""Bodies of no shape of their own: generic, Standard Webhooks and CloudEvents."""

from __future__ import annotations

import json
from typing import Any

import pytest

from autofix import alerts
from autofix.core.alerts import Alert, Post
from autofix.core.door import Refused
from autofix.options import faults
from servers.senders import LEAST, fixture, post, read, source

CE = {"content_type": "application/cloudevents+json"}


def one(name: str, /, **options: Any) -> Alert:
    (found,) = read(name, **options)
    return found


def wrong(kind: str, /, **options: Any) -> str:
    values = {**LEAST.get(kind, {}), **options}
    return "; ".join(fault.message for fault in faults(alerts.load(kind).options, values))


# ── generic ─────────────────────────────────────────────────────────────────────────────────────


def test_one_alert_by_expressions() -> None:
    alert = one(
        "generic/one",
        host="body.server.name",
        status="not body.ok",
        labels={"severity": "body.level", "where": "'rack ' ~ body.id"},
        fingerprint="body.id",
    )
    assert (alert.name, alert.firing, alert.fingerprint) == ("RedisMemoryHigh", True, "17")
    assert alert.labels == {
        "host": "redis1", "instance": "redis1", "severity": "critical", "where": "rack 17",
    }  # fmt: skip


def test_without_expressions_every_name_at_the_top_is_a_label() -> None:
    alert = one("generic/one")
    assert alert.labels["level"] == "critical"
    assert alert.labels["server"] == '{"name":"redis1"}'
    assert alert.firing


def test_items_are_alerts() -> None:
    found = read(
        "generic/many", items="body.problems", name="item.service", host="item.host",
        status="item.state", labels={"from": "body.source"},
    )  # fmt: skip
    assert [(each.name, each.labels["host"], each.firing) for each in found] == [
        ("Redis memory", "redis1", True),
        ("Redis memory", "redis2", False),
    ]
    assert {each.labels["from"] for each in found} == {"nagios"}
    assert len({each.fingerprint for each in found}) == 2


def test_an_expression_may_give_all_labels() -> None:
    assert one("generic/one", labels="body.server").labels == {"name": "redis1"}
    assert one("generic/one", labels="body.title").labels == {}


def test_one_item_without_a_name_does_not_take_the_others_with_it() -> None:
    body = {"list": [{"n": "A"}, {}, {"n": "C"}, 7]}
    found = source("generic", items="body.list", name="item.n").alerts(post(body))
    assert [each.name for each in found] == ["A", "(no name)", "C", "(no name)"]


@pytest.mark.parametrize(
    ("status", "firing"),
    [
        (True, True), (False, False), (1, True), (0, False), ("problem", True), ("OK", False),
        (" Resolved ", False), ("up", False), ("down", True), (None, True), ([], True),
        ("0", False),
    ],
)  # fmt: skip
def test_words_for_over(status: Any, firing: bool) -> None:
    (alert,) = source("generic", status="body.s").alerts(post({"title": "A", "s": status}))
    assert alert.firing is firing


def test_a_repetition_has_the_same_fingerprint_though_its_values_change() -> None:
    reader = source("generic", host="body.h")
    first, again, other = (
        reader.alerts(post({"title": "A", "h": host, "value": value, "at": value}))[0].fingerprint
        for host, value in (("a", 1), ("a", 2), ("b", 1))
    )
    assert first == again != other


def test_lists_with_unknown_parts_are_text() -> None:
    (alert,) = source("generic", labels={"l": "[body.title, body.no]"}).alerts(post({"title": "A"}))
    assert alert.labels["l"] == '["A",null]'


def test_a_body_without_a_name_is_refused_and_so_are_items_that_are_none() -> None:
    with pytest.raises(Refused, match="no name"):
        source("generic").alerts(post({"other": 1}))
    with pytest.raises(Refused, match="not a list"):
        source("generic", items="body.problems").alerts(post({"problems": {}}))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"name": "title"}, "write for example body.title"),
        ({"name": "body.x("}, "expression"),
        ({"host": "labels.host"}, "labels. is not allowed here"),
        ({"labels": {"a": "event.x"}}, "'event' is not known here"),
        ({"name": ""}, "at least 1 character"),
        ({"items": "body | list()"}, "no filter"),
    ],
)
def test_wrong_expressions_are_told_of_at_check(options: dict[str, Any], said: str) -> None:
    assert said in wrong("generic", **options)


# ── Standard Webhooks ───────────────────────────────────────────────────────────────────────────


def test_a_standard_webhook() -> None:
    alert = one("standard/firing")
    assert (alert.name, alert.firing) == ("redis.memory.high", True)
    assert (alert.labels["host"], alert.labels["instance"]) == ("redis1", "redis1")
    assert one("standard/firing", name="body.data.severity").name == "critical"


def test_a_standard_webhook_without_a_type_has_no_name() -> None:
    with pytest.raises(Refused, match="no name"):
        source("standard").alerts(post({"data": {}}))


# ── CloudEvents ─────────────────────────────────────────────────────────────────────────────────


def test_a_structured_event() -> None:
    alert = one("cloudevents/structured")
    assert (alert.name, alert.firing) == ("com.example.redis.memory", True)
    assert (alert.labels["host"], alert.labels["where"]) == ("redis1", '{"zone":"a"}')
    assert alert.labels["ce_source"] == "/monitoring/cluster-1"
    assert alert.labels["ce_traceparent"].startswith("00-")
    assert alert.starts_at == 1795417800.0


def test_the_same_event_in_binary_mode_is_the_same_alert() -> None:
    event = fixture("cloudevents/structured")
    headers = {f"ce_{name}": str(value) for name, value in event.items() if name != "data"}
    headers |= {"content_type": "application/json", "ce_subject": "redis%31"}
    (alert,) = source("cloudevents").alerts(post(event["data"], **headers))
    assert alert.fingerprint == one("cloudevents/structured").fingerprint
    assert alert.labels["host"] == "redis1"
    assert alert.labels["ce_subject"] == "redis1"


def test_a_batch_of_events() -> None:
    found = read("cloudevents/batch")
    assert [(each.labels["host"], each.firing) for each in found] == [
        ("redis1", True), ("redis2", False),
    ]  # fmt: skip
    empty = post([], content_type="application/cloudevents-batch+json")
    assert source("cloudevents").alerts(empty) == []


def test_data_in_base64_and_data_that_is_no_json() -> None:
    assert one("cloudevents/base64").labels["host"] == "redis1"
    event = {**fixture("cloudevents/structured"), "data": "a text", "datacontenttype": "text/plain"}
    (alert,) = source("cloudevents", labels={"said": "event.data"}).alerts(post(event, **CE))
    assert alert.labels == {"said": "a text"}
    binary = post(b"a \xff text", ce_id="1", ce_source="/", ce_type="t", ce_specversion="1.0",
                  content_type="text/plain")  # fmt: skip
    assert source("cloudevents").alerts(binary)[0].name == "t"


def test_a_later_event_of_the_same_symptom_is_the_same_alert() -> None:
    event = fixture("cloudevents/structured")
    later = {**event, "id": "other", "time": "2026-11-23T09:10:00Z",
             "data": {**event["data"], "ratio": 0.99}}  # fmt: skip
    found = [source("cloudevents").alerts(post(each, **CE))[0] for each in (event, later)]
    assert found[0].fingerprint == found[1].fingerprint


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"type": None}, "`type` is missing"),
        ({"id": 7}, "`id` is missing"),
        ({"specversion": "0.3"}, "must be 1.0"),
        ({"data_base64": "%"}, "not base64"),
        ({"data_base64": "ew=="}, "not JSON"),
    ],
)
def test_what_is_no_event_is_refused(change: dict[str, Any], said: str) -> None:
    event = {**fixture("cloudevents/structured"), **change}
    with pytest.raises(Refused, match=said):
        source("cloudevents").alerts(post(event, **CE))


def test_a_body_of_no_mode_is_refused() -> None:
    with pytest.raises(Refused, match="no CloudEvents"):
        source("cloudevents").alerts(post({}, content_type="application/json"))


def test_the_handshake_lets_a_named_origin_post() -> None:
    asked = {"webhook-request-origin": "eventemitter.example.com", "webhook-request-rate": "120"}
    assert source("cloudevents").handshake(asked) == {
        "WebHook-Allowed-Origin": "eventemitter.example.com",
        "WebHook-Allowed-Rate": "120",
    }
    for origin in ("", "a\r\nSet-Cookie: x", "<script>", "a" * 300):
        assert source("cloudevents").handshake({"webhook-request-origin": origin}) == {}
    assert source("alertmanager").handshake(asked) == {}


def test_headers_of_events_are_percent_decoded() -> None:
    headers = {"ce-id": "1", "ce-source": "/", "ce-type": "t%C3%A9", "ce-specversion": "1.0"}
    (alert,) = source("cloudevents").alerts(Post("x", headers, json.dumps({"host": "a"}).encode()))
    assert (alert.name, alert.labels["host"]) == ("té", "a")
