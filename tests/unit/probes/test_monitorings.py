"""zabbix, datadog, elasticsearch and opensearch, on servers that answer as these are documented."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from autofix.core.readings import Reading, Target
from autofix.probes.datadog import DatadogProbe
from autofix.probes.elasticsearch import ElasticsearchProbe, OpensearchProbe
from autofix.probes.monitoring import Monitoring
from autofix.probes.zabbix import ZabbixProbe
from servers.http import Answer, Asked, HttpServer, http_server
from servers.monitoring import Datadog, Search, Zabbix, said

NOW = 1_800_000_000.0
RECORDED = Path(__file__).parent / "recorded"
#: The hosts of that recording: their number, and that of their address.
ASKED = ((1, 1), (2, 2), (3, 3), (9, 4))


@dataclass
class Place:
    """A probe and a server to ask; `variables` are those of every host."""

    probe: Monitoring
    server: HttpServer
    variables: dict[str, Any]

    def look(self, *hosts: str, timeout: float = 10.0, **options: Any) -> dict[str, list[Reading]]:
        targets = [Target(host, f"10.0.0.{n}", self.variables) for n, host in enumerate(hosts, 1)]
        assert self.probe.check_options(options) == []
        return self.probe.look_at_all(targets, options, timeout=timeout, now=NOW)

    def facts(self, host: str, **options: Any) -> dict[str, Any]:
        (reading,) = self.look(host, **options)[host]
        assert reading.error == ""
        return dict(reading.facts)

    def error(self, host: str = "h1", **options: Any) -> str:
        (reading,) = self.look(host, **options)[host]
        assert reading.error.isprintable()
        assert reading.error
        return reading.error


@contextmanager
def zabbix(answer: Callable[[Asked], Answer] | None = None) -> Iterator[Place]:
    with http_server(answer) as server:
        url = f"{server.url}/zabbix/"
        yield Place(ZabbixProbe(), server, {"zabbix_url": url, "zabbix_token": "zabbix-t0ken"})


@contextmanager
def datadog(answer: Callable[[Asked], Answer] | None = None) -> Iterator[Place]:
    with http_server(answer) as server:
        keys = {"datadog_api_key": "dd-api", "datadog_app_key": "dd-app"}
        yield Place(DatadogProbe(), server, {"datadog_url": server.url, **keys})


@contextmanager
def search(
    answer: Callable[[Asked], Answer] | None = None, name: str = "elasticsearch"
) -> Iterator[Place]:
    probe = ElasticsearchProbe() if name == "elasticsearch" else OpensearchProbe()
    with http_server(answer) as server:
        yield Place(probe, server, {f"{name}_url": server.url, f"{name}_api_key": "a2V5"})


# -- zabbix -----------------------------------------------------------------------------------

CPU = {"item": "system.cpu.util"}


def test_zabbix_items_of_all_hosts_by_one_request() -> None:
    has = {f"h{n}": {"system.cpu.util": n / 10} for n in range(300)}
    with zabbix(Zabbix(items=has)) as place:
        found = place.look(*has, "h999", **CPU)
        assert len(place.server.asked) == 1
        assert found["h7"][0].facts == {
            "reachable": True, "error": None, "value": 0.7, "unit": "%",
            "age_seconds": 30.0, "series": 1,
        }  # fmt: skip
        assert [host for host, each in found.items() if each[0].error] == ["h999"]
        (asked,) = place.server.asked
        assert asked.headers["authorization"] == "Bearer zabbix-t0ken"
        assert set(json.loads(asked.body)["params"]["filter"]["host"]) >= {*has, "10.0.0.1"}


def test_zabbix_several_items_and_texts() -> None:
    fake = Zabbix(items={"h1": {"agent.ping": 1, "vfs.file.contents[/etc/x]": "v 1\n"}})
    with zabbix(fake) as place:
        items = {"ping": "agent.ping", "x": "vfs.file.contents[/etc/x]", "gone": "none"}
        facts = place.facts("h1", items=items)
        assert (facts["ping"], facts["x"], facts["series"]) == (1, "v 1", 2)
        assert "gone" not in facts


def test_zabbix_an_item_that_cant_be_read_has_no_value() -> None:
    bad = {"lastvalue": "93", "state": "1", "error": "Cannot\nread"}
    never = {"lastvalue": "0", "lastclock": "0"}
    with zabbix(Zabbix(items={"h1": {"a": bad}, "h2": {"a": never}})) as place:
        found = place.look("h1", "h2", item="a")
        assert found["h1"][0].facts["item_error"] == "Cannot read"
        assert all("value" not in each[0].facts for each in found.values())


def test_zabbix_problems_of_hosts_and_hosts_without_one() -> None:
    fake = Zabbix(items={"h1": {}, "h2": {}})
    fake.problems = [
        ("h1", "Disk is slow", 2, 1_799_999_900),
        ("h1", "Disk full", 4, 1_799_999_000),
    ]
    with zabbix(fake) as place:
        found = place.look("h1", "h2", "h3", problems=True)
        assert {name: found["h1"][0].facts[name] for name in
                ("problems", "problem_names", "severity", "problem_age_seconds")} == {
            "problems": 2, "problem_names": ["Disk full", "Disk is slow"],
            "severity": 4, "problem_age_seconds": 1000,
        }  # fmt: skip
        assert found["h2"][0].facts["problems"] == 0
        assert found["h3"][0].error.startswith("no item of h3")
        assert len(place.server.asked) == 1
        assert place.facts("h1", problem="full")["problems"] == 1
        assert place.facts("h1", severity=5)["problems"] == 0


def test_zabbix_before_6_4_gets_its_token_the_older_way_and_that_is_remembered() -> None:
    with zabbix(Zabbix(header=False, items={"h1": {"a": 1}})) as place:
        assert place.facts("h1", item="a")["value"] == 1
        assert len(place.server.asked) == 2
        assert "authorization" not in place.server.asked[1].headers
        assert place.facts("h1", item="a")["value"] == 1
        assert len(place.server.asked) == 3


def test_zabbix_as_a_real_one_was_recorded() -> None:
    """Zabbix 6.0.14 with three hosts; asked the same, it answered this."""
    recorded = json.loads((RECORDED / "zabbix-6.0.14.json").read_text())
    at = 1_795_421_135.0

    def answer(asked: Asked) -> Answer:
        body = json.loads(asked.body)
        return said(recorded["answered"] if "auth" in body[0] else recorded["refused"])

    with zabbix(answer) as place:
        place.variables["zabbix_token"] = "TOKEN"
        targets = [Target(f"h{n}", f"10.0.0.{last}", place.variables) for n, last in ASKED]
        options = {"items": {"cpu": "cpu.util", "n": "note"}, "problems": True}
        found = place.probe.look_at_all(targets, options, timeout=10, now=at)
        assert json.loads(place.server.asked[-1].body) == recorded["asked"]
    assert found["h1"][0].facts == {
        "reachable": True, "error": None, "cpu": 0.97, "n": "hello", "age_seconds": 20.0,
        "problems": 1, "problem_names": ["Disk full on h1"], "severity": 4,
        "problem_age_seconds": 100, "series": 3,
    }  # fmt: skip
    assert (found["h2"][0].facts["cpu"], found["h2"][0].facts["problems"]) == (0.2, 0)
    assert "n" not in found["h2"][0].facts
    assert found["h3"][0].facts["problems"] == 0
    assert found["h9"][0].error == "no item of h9"


def test_zabbix_a_wrong_token_is_said_and_not_shown() -> None:
    with zabbix(Zabbix(token="another")) as place:
        found = place.error(**CPU)
        assert "does not accept zabbix_token" in found
        assert "t0ken" not in found.replace("zabbix_token", "")
    with zabbix() as place:
        place.variables["zabbix_token"] = ""
        assert "zabbix_token is not set for h1" in place.error(**CPU)


# -- datadog ----------------------------------------------------------------------------------

LOAD = {"query": "avg:system.load.1{*} by {host}"}


def test_datadog_one_query_gives_the_facts_of_all_hosts() -> None:
    fake = Datadog()
    fake.series = [
        (["host:h1", "env:prod"], [(60, 1.0), (40, None), (20, 4.0)]),
        (["host:h2"], [(60, None)]),
        (["env:prod"], [(60, 9.0)]),
    ]
    with datadog(fake) as place:
        found = place.look("h1", "h2", "h3", **LOAD)
        assert found["h1"][0].facts == {
            "reachable": True, "error": None, "value": 4.0, "min": 1.0, "max": 4.0, "avg": 2.5,
            "samples": 2, "unit": "%", "age_seconds": 20.0, "series": 1,
        }  # fmt: skip
        assert "value" not in found["h2"][0].facts
        assert found["h3"][0].error == "no series of h3"
        (asked,) = place.server.asked
        assert "from=1799999700&to=1800000000" in asked.path


def test_datadog_tags_tell_apart_and_another_tag_names_the_host() -> None:
    fake = Datadog()
    fake.series = [(["node:h1", "device:sda"], [(5, 1.0)]), (["node:h1", "device:sdb"], [(5, 2.0)])]
    with datadog(fake) as place:
        found = place.look("h1", tag="node", by=["device"], **LOAD)["h1"]
        assert [(each.facts["device"], each.facts["value"]) for each in found] == [
            ("sda", 1.0), ("sdb", 2.0),
        ]  # fmt: skip
        assert "end the query with by {host}" in place.error(**LOAD)


def test_datadog_refusals() -> None:
    with datadog(Datadog(app_key="another")) as place:
        assert "answered 403" in place.error(**LOAD)
        assert "(Forbidden)" in place.error(**LOAD)
    with datadog(Datadog()) as place:
        assert "unable to parse" in place.error(query="nonsense")
        place.variables["datadog_app_key"] = None
        assert place.error(**LOAD) == "datadog_app_key is not set for h1"


# -- elasticsearch and opensearch -------------------------------------------------------------

ERRORS = {"index": "logs-*", "query": "ERROR"}
LOGS = [
    ("h1", 10.0, "ERROR timeout", 12.0),
    ("h1", 20.0, "ERROR timeout", 30.0),
    ("h1", 30.0, "all well", 1.0),
    ("h1", 900.0, "ERROR long ago", 99.0),
    ("h2", 10.0, "all well", 1.0),
    ("x9", 10.0, "ERROR elsewhere", 1.0),
]


@pytest.mark.parametrize("name", ["elasticsearch", "opensearch"])
def test_documents_of_all_hosts_are_counted_by_one_search(name: str) -> None:
    with search(Search(logs=list(LOGS)), name) as place:
        found = place.look("h1", "h2", "h3", **ERRORS)
        assert found["h1"][0].facts == {
            "reachable": True, "error": None, "count": 2, "documents": 3,
            "latest": "2027-01-15T08:00:00.000Z", "series": 1,
        }  # fmt: skip
        assert (found["h2"][0].facts["count"], found["h2"][0].facts["documents"]) == (0, 1)
        assert found["h3"][0].error == "no document of h3"
        assert len(place.server.asked) == 1


def test_no_document_at_all_may_be_told_to_be_none() -> None:
    with search(Search(logs=list(LOGS))) as place:
        facts = place.facts("h3", absent="empty", **ERRORS)
        assert (facts["count"], facts["documents"], facts["series"]) == (0, 0, 0)


def test_an_aggregate_of_what_matches_and_a_window_of_its_own() -> None:
    with search(Search(logs=list(LOGS))) as place:
        most = {"aggregate": "max", "field": "took"}
        assert place.facts("h1", **ERRORS, **most)["value"] == 30.0
        assert "value" not in place.facts("h2", **ERRORS, **most)
        assert place.facts("h1", **ERRORS, window="1h", **most)["value"] == 99.0
        assert place.facts("h1", **ERRORS, delay="15s")["count"] == 1
        dsl = {"index": "logs-*", "query": {"match": {"message": "timeout"}}}
        assert place.facts("h1", **dsl)["count"] == 2


def test_a_search_that_was_not_whole_proves_nobody_well() -> None:
    fake = Search(logs=list(LOGS), failed_shards=2)
    with search(fake) as place:
        for host in ("h1", "h3"):  # those of whom something was found as well: it may be more
            found = place.error(host, absent="empty", **ERRORS)
            assert "did not search everything: 2 shards failed" in found
        fake.failed_shards, fake.timed_out = 0, True
        assert "the search ran out of time" in place.error("h1", **ERRORS)


def test_search_refusals() -> None:
    with search(Search()) as place:
        assert "has no index 'none-*'" in place.error(index="none-*")
        assert "404" in place.error(index="logs")
        assert "no such index [logs]" in place.error(index="logs")
        place.variables = {**place.variables, "elasticsearch_api_key": "another"}
        found = place.error(**ERRORS)
        assert "answered 401" in found
        assert "missing authentication credentials" in found
        assert "another" not in found
        place.variables |= {"elasticsearch_user": "u", "elasticsearch_password": "p"}
        place.error(**ERRORS)
        assert place.server.asked[-1].headers["authorization"] == "Basic dTpw"


# -- all of them: answers that are no answers ---------------------------------------------------

PLACES: dict[str, tuple[Any, dict[str, Any]]] = {
    "zabbix": (zabbix, CPU),
    "zabbix problems": (zabbix, {"problems": True}),
    "datadog": (datadog, LOAD),
    "elasticsearch": (search, ERRORS),
}
WRONG: dict[str, Answer] = {
    "a web page": Answer(200, b"<!DOCTYPE html><title>Log in</title>"),
    "an error page": Answer(503, b"<html>down</html>"),
    "unauthorized": Answer(401, b""),
    "too often": Answer(429, b"", {"Retry-After": "x\x1b"}),
    "cut": Answer(body=b'{"result": [{"ke'),
    "cut on the wire": Answer(body=b'{"result"', headers={"Content-Length": "900"}),
    "nothing": Answer(body=b""),
    "50 MB": Answer(body=b'{"result": "' + b"x" * (50 * 1024 * 1024)),
    "elsewhere": Answer(307, b"", {"Location": "http://169.254.169.254/latest"}),
    "null": said(None),
    "a number": said(1),
    "a list of lists": said([[]]),
    "an empty object": said({}),
    "wrong types": said({
        "id": 1, "result": 1, "series": {"a": 1}, "status": 3, "aggregations": [],
    }),
    "wrong types inside": said({
        "id": "items", "jsonrpc": "2.0", "result": [1], "status": "ok", "series": [1],
        "aggregations": {"hosts": {"buckets": [1]}},
    }),
    "wrong types deeper": said({
        "id": "items", "result": "x", "status": "ok",
        "series": [{"tag_set": 3, "scope": 4, "pointlist": 5}],
        "aggregations": {"hosts": {"buckets": [{"key": {}, "doc_count": "x", "found": {}}]}},
    }),
    "an error of another shape": said({"error": [1, {"a": 2}], "id": "items", "result": None}),
    "slow drip": Answer(trickle=0.05),
    "silence": Answer(hang=True),
}  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("kind", PLACES)
def test_a_wrong_answer_is_one_clear_line_in_time(kind: str, wrong: str) -> None:
    made, options = PLACES[kind]
    with made() as place:
        place.server.say(WRONG[wrong])
        began = time.monotonic()
        found = place.error(timeout=0.4 if wrong in ("slow drip", "silence") else 10.0, **options)
        assert time.monotonic() - began < 10
        assert len(found) < 600
        assert "Traceback" not in found
        for secret in ("zabbix-t0ken", "dd-api", "dd-app", "a2V5"):
            assert secret not in found


@pytest.mark.parametrize(
    ("probe", "options", "words"),
    [
        (ZabbixProbe, {}, "nothing is asked for"),
        (ZabbixProbe, {"item": "a", "items": {"b": "c"}}, "either item"),
        (ZabbixProbe, {"items": {"value": "c"}}, "means something else"),
        (ZabbixProbe, {"items": {"x": " "}}, "has no key"),
        (ZabbixProbe, {"item": "a", "by": ["x"]}, "once a host"),
        (ZabbixProbe, {"severity": 6}, "severity"),
        (DatadogProbe, {}, "'query' is missing"),
        (DatadogProbe, {"query": "q", "window": "90d"}, "30 days"),
        (ElasticsearchProbe, {}, "'index' is missing"),
        (ElasticsearchProbe, {"index": "a/_delete"}, "is not an index"),
        (ElasticsearchProbe, {"index": "_all"}, "is not an index"),
        (ElasticsearchProbe, {"index": "../x"}, "is not an index"),
        (ElasticsearchProbe, {"index": "a", "query": " "}, "query is empty"),
        (ElasticsearchProbe, {"index": "a", "aggregate": "max"}, "belong together"),
        (ElasticsearchProbe, {"index": "a", "window": "0s"}, "30 days"),
        (ElasticsearchProbe, {"index": "a", "by": ["x"]}, "no meaning"),
    ],
)
def test_wrong_options(probe: Any, options: dict[str, Any], words: str) -> None:
    found = probe().check_options(options)
    assert any(words in each for each in found), found
