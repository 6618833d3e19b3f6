"""What each sender's bodies become: one alert each, flat labels, fingerprints that stay."""

from __future__ import annotations

import json
from typing import Any

import pytest

from autofix import alerts
from autofix.alerts.sender import MAX_ALERTS
from autofix.core.alerts import Alert
from autofix.core.door import Refused
from servers.senders import FIXTURES, fixture, post, read, source

ALL = sorted(str(path.relative_to(FIXTURES).with_suffix("")) for path in FIXTURES.rglob("*.json"))


def one(name: str, /, **options: Any) -> Alert:
    (found,) = read(name, **options)
    return found


def test_every_sender_has_fixtures() -> None:
    assert {name.partition("/")[0] for name in ALL} == set(alerts.TABLE)


@pytest.mark.parametrize("name", [name for name in ALL if not name.startswith("generic/many")])
def test_every_fixture_is_read_to_flat_text(name: str) -> None:
    for alert in read(name):
        assert alert.name
        assert alert.fingerprint
        for labels in (alert.labels, alert.annotations):
            assert all(isinstance(one, str) for pair in labels.items() for one in pair)


# ── Alertmanager ────────────────────────────────────────────────────────────────────────────────


def test_a_group_of_alertmanager() -> None:
    alerts = read("alertmanager/firing_group")
    assert [each.labels["instance"] for each in alerts] == [
        "10.0.0.5:9121", "10.0.0.6:9121", "10.0.0.7:9121",
    ]  # fmt: skip
    first = alerts[0]
    assert (first.name, first.firing) == ("RedisMemoryHigh", True)
    assert first.fingerprint == "9d2277f1fccf6b07"
    assert first.labels["severity"] == "critical"
    assert first.annotations["summary"] == "Redis memory above 90 %"
    assert first.annotations["externalURL"] == "http://alertmanager.example:9093"
    assert first.annotations["generatorURL"].startswith("http://prometheus.example:9090/")
    assert first.starts_at == pytest.approx(1795418962.99, abs=0.01)


def test_one_alert_of_a_firing_group_is_over() -> None:
    assert [each.firing for each in read("alertmanager/one_resolved")] == [False, True, True]


def test_what_a_real_prometheus_had_alertmanager_post() -> None:
    fires, over = one("alertmanager/prometheus_firing"), one("alertmanager/prometheus_resolved")
    assert (fires.name, fires.firing, over.firing) == ("RedisMemoryHigh", True, False)
    assert fires.fingerprint == over.fingerprint
    assert fires.labels == over.labels
    assert fires.labels["autofix"] == "yes"


def test_alerts_that_alertmanager_left_out_are_told_of() -> None:
    assert one("alertmanager/truncated").annotations["truncatedAlerts"] == "2"
    assert "truncatedAlerts" not in read("alertmanager/firing_group")[0].annotations


def test_a_pair_and_a_repetition_have_one_fingerprint() -> None:
    body = fixture("alertmanager/firing_group")
    other = json.loads(json.dumps(body))
    other |= {"receiver": "another", "externalURL": "http://other", "groupKey": "x"}
    for alert in other["alerts"]:
        alert |= {"startsAt": "2026-11-23T09:00:00Z", "annotations": {"summary": "now 95 %"}}
    for both in (body, other):
        for alert in both["alerts"]:
            del alert["fingerprint"]
    prints = [
        [each.fingerprint for each in source("alertmanager").alerts(post(both))]
        for both in (body, other)
    ]
    assert prints[0] == prints[1]
    assert len(set(prints[0])) == 3


@pytest.mark.parametrize(
    "body",
    [
        {"alerts": [{"labels": {"alertname": "A", "instance": "web1"}}]},
        [{"labels": {"alertname": "A", "instance": "web1"}}],
        {"labels": {"alertname": "A", "instance": "web1"}, "more": [1]},
        {"alerts": [{}], "commonLabels": {"alertname": "A", "instance": "web1"}},
        {"alerts": [{"labels": None}], "groupLabels": {"alertname": "A", "instance": "web1"}},
    ],
)
def test_custom_bodies_of_alertmanager(body: Any) -> None:
    (alert,) = source("alertmanager").alerts(post(body))
    assert (alert.name, alert.firing, alert.labels["instance"]) == ("A", True, "web1")


def test_the_status_of_the_group_counts_where_an_alert_has_none() -> None:
    body = {"status": "resolved", "alerts": [{"labels": {"alertname": "A"}}]}
    assert not source("alertmanager").alerts(post(body))[0].firing


@pytest.mark.parametrize("body", [{}, 1, "text", None, {"text": "RedisMemoryHigh"}, {"labels": 1}])
def test_what_is_no_body_of_alertmanager_says_what_to_use(body: Any) -> None:
    with pytest.raises(Refused, match="generic"):
        source("alertmanager").alerts(post(body))


@pytest.mark.parametrize(("body", "word"), [({"alerts": {}}, "not a list"), ([1], "not an object")])
def test_what_is_of_another_shape_is_named(body: Any, word: str) -> None:
    with pytest.raises(Refused, match=word):
        source("alertmanager").alerts(post(body))


def test_ten_thousand_alerts_are_read_and_one_more_is_refused() -> None:
    few = json.dumps({"alerts": [{"labels": {"alertname": "A"}}] * MAX_ALERTS}).encode()
    assert len(source("alertmanager").alerts(post(few))) == MAX_ALERTS
    with pytest.raises(Refused, match="more than 10000 alerts"):
        source("alertmanager").alerts(post({"alerts": [{}] * (MAX_ALERTS + 1)}))


def test_another_name_can_be_made_of_labels() -> None:
    alert = read("alertmanager/firing_group", name="labels.team ~ '/' ~ labels.job")[0]
    assert alert.name == "cache/redis"
    assert read("alertmanager/firing_group", name="labels.absent")[0].name == "RedisMemoryHigh"


# ── Grafana ─────────────────────────────────────────────────────────────────────────────────────


def test_a_body_of_grafana() -> None:
    alert = one("grafana/firing")
    assert (alert.name, alert.firing) == ("RedisMemoryHigh", True)
    assert alert.fingerprint == "c6eadffa33fcdf37"
    assert alert.labels["value_B"] == "0.9312"
    assert alert.labels["org_id"] == "1"
    assert {"dashboardURL", "panelURL", "silenceURL", "summary"} <= set(alert.annotations)
    assert "imageURL" not in alert.annotations
    assert alert.starts_at == 1795417800.0


def test_a_resolved_body_of_grafana_is_the_same_alert() -> None:
    over = one("grafana/resolved")
    assert not over.firing
    assert over.fingerprint == one("grafana/firing").fingerprint


def test_no_data_is_an_alert_of_another_name() -> None:
    assert one("grafana/no_data").name == "DatasourceNoData"


def test_zero_times_are_none() -> None:
    body = fixture("grafana/firing")
    body["alerts"][0]["startsAt"] = "0001-01-01T00:00:00Z"
    assert source("grafana").alerts(post(body))[0].starts_at is None


# ── Zabbix ──────────────────────────────────────────────────────────────────────────────────────


def test_a_problem_of_zabbix() -> None:
    alert = one("zabbix/problem")
    assert (alert.name, alert.firing) == ("Redis: Memory usage is too high (over 90%)", True)
    assert alert.labels["host"] == alert.labels["instance"] == "redis1", "no tag takes its place"
    assert (alert.labels["host_ip"], alert.labels["severity"]) == ("10.0.0.5", "High")
    assert (alert.labels["scope"], alert.labels["component"]) == ("capacity", "memory,cache")
    assert alert.labels["opdata"] == "Memory utilization: 93.12 %"


def test_a_recovery_of_zabbix_is_the_same_alert() -> None:
    over = one("zabbix/recovery")
    assert not over.firing
    assert over.fingerprint == one("zabbix/problem").fingerprint


def test_a_new_event_of_the_same_trigger_is_the_same_alert() -> None:
    again = fixture("zabbix/problem") | {"event_id": "4712", "time": "2026.11.24 08:10:00"}
    assert source("zabbix").alerts(post(again))[0].fingerprint == one("zabbix/problem").fingerprint


def test_what_a_person_says_in_zabbix_is_no_news_of_the_symptom() -> None:
    assert read("zabbix/acknowledged") == []


def test_macros_that_did_not_expand_are_absent() -> None:
    alert = one("zabbix/unexpanded")
    assert alert.firing
    assert not {"host_ip", "trigger_id", "opdata", "tags", "nseverity"} & set(alert.labels)
    assert not [text for text in alert.labels.values() if "{" in text]


# ── Datadog ─────────────────────────────────────────────────────────────────────────────────────


def test_a_webhook_of_datadog() -> None:
    alert = one("datadog/triggered")
    assert (alert.name, alert.firing) == ("Disk is filling", True)
    assert alert.labels["host"] == alert.labels["instance"] == "web1"
    assert (alert.labels["env"], alert.labels["role"]) == ("prod", "web")
    assert (alert.labels["device"], alert.labels["monitor"]) == ("/dev/sda1", "true")
    assert (alert.labels["severity"], alert.labels["state"]) == ("P2", "alert")
    assert alert.annotations["link"].startswith("https://app.datadoghq.com/")


def test_a_recovery_of_datadog_is_the_same_alert() -> None:
    over = one("datadog/recovered")
    assert (over.name, over.firing) == ("Disk is filling", False)
    assert over.fingerprint == one("datadog/triggered").fingerprint


def test_a_monitor_without_data_must_be_asked_for_by_name() -> None:
    assert one("datadog/no_data").name == "Disk is filling (no data)"


def test_the_default_body_of_datadog_says_it_in_its_title() -> None:
    alert = one("datadog/default_body")
    assert (alert.name, alert.firing, alert.labels["host"]) == ("CPU is high", False, "web1")
    assert alert.labels["org"] == "Example"


def test_variables_that_datadog_does_not_know_are_absent() -> None:
    alert = one("datadog/unexpanded")
    assert (alert.labels["host"], alert.labels["severity"]) == ("web1", "P2")
    assert not [text for text in alert.labels.values() if text.startswith("$")]


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("[Triggered] [Memory] is high", "[Memory] is high"),
        ("[Re-Triggered on {host:a}] CPU", "CPU"),
        ("[P1] [Warn] CPU", "CPU"),
        ("[P1] [P2] CPU", "[P2] CPU"),
        ("[team-a] CPU", "[team-a] CPU"),
        ("CPU [Triggered]", "CPU [Triggered]"),
    ],
)
def test_only_what_datadog_wrote_is_taken_off_a_title(title: str, name: str) -> None:
    assert source("datadog").alerts(post({"title": title}))[0].name == name


# ── PagerDuty ───────────────────────────────────────────────────────────────────────────────────


def test_an_incident_of_pagerduty() -> None:
    alert = one("pagerduty/triggered")
    assert (alert.name, alert.firing) == ("Redis memory above 90 %", True)
    assert (alert.labels["service"], alert.labels["service_id"]) == ("Cache", "PF9KMXH")
    assert (alert.labels["severity"], alert.labels["urgency"]) == ("P1", "high")
    assert alert.labels["host"] == alert.labels["instance"] == "redis1", "from its custom field"
    assert alert.annotations["html_url"] == "https://acme.pagerduty.com/incidents/PGR0VU2"


def test_what_was_resolved_in_pagerduty_is_the_same_alert() -> None:
    over = one("pagerduty/resolved")
    assert not over.firing
    assert over.fingerprint == one("pagerduty/triggered").fingerprint


@pytest.mark.parametrize("name", ["pagerduty/acknowledged", "pagerduty/ping"])
def test_other_events_of_pagerduty_are_no_alerts(name: str) -> None:
    assert read(name) == []


# ── Uptime Kuma ─────────────────────────────────────────────────────────────────────────────────


def test_a_monitor_of_uptime_kuma() -> None:
    alert = one("uptime_kuma/down")
    assert (alert.name, alert.firing) == ("Shop", True)
    assert (alert.labels["host"], alert.labels["env"]) == ("shop.example", "prod")
    assert alert.annotations["heartbeat"] == "connect ECONNREFUSED 10.0.0.7:8443"
    assert alert.starts_at == pytest.approx(1795417800.123)
    over = one("uptime_kuma/up")
    assert (over.firing, over.fingerprint) == (False, alert.fingerprint)


def test_a_monitor_of_a_port_has_its_host() -> None:
    labels = one("uptime_kuma/port").labels
    assert (labels["host"], labels["port"], labels["url"]) == ("10.0.0.5", "6379", "https://")


def test_a_heartbeat_that_is_pending_says_nothing() -> None:
    assert read("uptime_kuma/pending") == []


def test_null_heartbeats_and_monitors() -> None:
    test = one("uptime_kuma/test")
    assert (test.name, test.annotations["msg"]) == ("message", "autofix Testing")
    alone = one("uptime_kuma/no_monitor")
    assert (alone.name, alone.labels["monitor_id"]) == ("monitor 3", "3")


# ── All of them ─────────────────────────────────────────────────────────────────────────────────


def test_labels_are_bounded() -> None:
    labels = {f"l{at}": "x" * 3000 for at in range(300)}
    (alert,) = source("alertmanager").alerts(post({"alerts": [{"labels": labels}]}))
    assert len(alert.labels) == 200
    assert {len(value) for value in alert.labels.values()} == {2000}


def test_values_that_are_no_text_are_json() -> None:
    labels = {"a": 1, "b": 1.5, "c": True, "d": None, "e": {"y": [1], "x": None}, "f": 2.0}
    (alert,) = source("alertmanager").alerts(post({"alerts": [{"labels": labels}]}))
    assert alert.labels == {
        "a": "1", "b": "1.5", "c": "true", "e": '{"x":null,"y":[1]}', "f": "2",
    }  # fmt: skip
