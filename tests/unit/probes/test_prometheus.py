"""The prometheus probe on a server that answers as Prometheus' API is documented, or wrongly."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs

import pytest

from autofix.core.readings import Reading, Target
from autofix.ports import FleetProbe
from autofix.probes.prometheus import PrometheusProbe
from servers.http import Answer, HttpServer, certificate, http_server

NOW = 1_800_000_000.0
QUERY = "redis_memory_used_bytes / redis_memory_max_bytes"


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with http_server() as running:
        yield running


def vector(*series: tuple[dict[str, str], Any], at: float = NOW) -> Answer:
    result = [{"metric": metric, "value": [at, value]} for metric, value in series]
    return success({"resultType": "vector", "result": result})


def matrix(*series: tuple[dict[str, str], list[Any]]) -> Answer:
    result = [{"metric": metric, "values": values} for metric, values in series]
    return success({"resultType": "matrix", "result": result})


def success(data: Any, **more: Any) -> Answer:
    return said({"status": "success", "data": data, **more})


def said(body: Any, status: int = 200) -> Answer:
    return Answer(status, json.dumps(body).encode(), {"Content-Type": "application/json"})


def targets(server: HttpServer, *hosts: str, **variables: Any) -> list[Target]:
    found = {"prometheus_url": server.url, **variables}
    return [Target(host, f"10.0.0.{n}", found) for n, host in enumerate(hosts, 1)]


def look(
    server: HttpServer, *hosts: str, timeout: float = 10.0, variables: Any = None, **options: Any
) -> dict[str, list[Reading]]:
    wanted = {"query": QUERY, **options} if "queries" not in options else options
    them = targets(server, *(hosts or ("r1", "r2")), **(variables or {}))
    return PrometheusProbe().look_at_all(them, wanted, timeout=timeout, now=NOW)


def error(server: HttpServer, **more: Any) -> str:
    (reading,) = look(server, "r1", **more)["r1"]
    assert reading.error.isprintable()
    return reading.error


def test_one_query_gives_the_facts_of_all_hosts(server: HttpServer) -> None:
    server.say(vector(({"instance": "r1", "job": "redis"}, "0.93"), ({"instance": "r2"}, "12")))
    found = look(server, timeout=7.0)
    assert found["r1"][0].facts == {
        "reachable": True,
        "error": None,
        "value": 0.93,
        "metric": {"instance": "r1", "job": "redis"},
        "age_seconds": 0.0,
        "series": 1,
    }
    assert found["r2"][0].facts["value"] == 12
    (asked,) = server.asked
    form = {key: value[0] for key, value in parse_qs(asked.body.decode()).items()}
    assert (asked.method, asked.path, form["query"]) == ("POST", "/api/v1/query", QUERY)
    assert 5 < float(form["timeout"]) <= 7


def test_a_thousand_hosts_cost_one_request_and_a_bad_one_blinds_no_other(
    server: HttpServer,
) -> None:
    hosts = [f"r{n}" for n in range(1000)]
    series = [({"instance": host}, "0.5") for host in hosts if host != "r7"]
    server.say(vector(*series, ({"instance": "r9"}, "0.6"), ({"instance": "other"}, "NaN")))
    began = time.process_time()
    found = look(server, *hosts)
    assert time.process_time() - began < 2
    assert len(server.asked) == 1
    assert len(found) == 1000
    assert {host for host, each in found.items() if each[0].error} == {"r7", "r9"}


def test_one_host_is_looked_at_by_the_same_question(server: HttpServer) -> None:
    server.say(vector(({"instance": "r1"}, "1"), ({"instance": "r2"}, "2")))
    (target,) = targets(server, "r1")
    (reading,) = PrometheusProbe().look(target, {"query": QUERY}, timeout=5, now=NOW)
    assert reading.facts["value"] == 1
    assert isinstance(PrometheusProbe(), FleetProbe)


def test_hosts_of_two_monitorings_are_asked_of_their_own(server: HttpServer) -> None:
    with http_server() as other:
        server.say(vector(({"instance": "r1"}, "1")))
        other.say(Answer(500))
        them = targets(server, "r1") + targets(other, "r2")
        lost = Target("r3", "10.0.0.3", {"prometheus_url": ""})
        found = PrometheusProbe().look_at_all([*them, lost], {"query": QUERY}, timeout=5, now=NOW)
        assert found["r1"][0].facts["value"] == 1
        assert "answered 500" in found["r2"][0].error
        assert found["r3"][0].error == "prometheus_url is not set for r3: where is it?"


@pytest.mark.parametrize("value", ["NaN", "+Inf", "-Inf", "1e999", "x", None, True, [], "٣x"])
def test_what_is_no_number_is_no_value(server: HttpServer, value: Any) -> None:
    server.say(vector(({"instance": "r1"}, value)))
    (reading,) = look(server, "r1")["r1"]
    assert reading.facts["reachable"] is True
    assert "value" not in reading.facts


def test_a_range_has_more_facts_and_the_samples_own_age(server: HttpServer) -> None:
    values = [[NOW - 90, "1"], [NOW - 60, "NaN"], [NOW - 30, "4"]]
    server.say(matrix(({"instance": "r1"}, values)))
    (reading,) = look(server, "r1", range="5m", step="30s")["r1"]
    facts = {name: reading.facts[name] for name in ("value", "min", "max", "avg", "samples")}
    assert facts == {"value": 4, "min": 1, "max": 4, "avg": 2.5, "samples": 2}
    assert reading.facts["age_seconds"] == 30
    (asked,) = server.asked
    form = {key: value[0] for key, value in parse_qs(asked.body.decode()).items()}
    assert asked.path == "/api/v1/query_range"
    assert (form["start"], form["end"], form["step"]) == (
        "1799999700.000", "1800000000.000", "30.000",
    )  # fmt: skip


def test_several_queries_are_facts_by_name(server: HttpServer) -> None:
    server.say(vector(({"instance": "r1"}, "0.9")), vector(({"instance": "r1"}, "12.5")))
    (reading,) = look(server, "r1", queries={"ratio": "a", "rate": "b"})["r1"]
    assert (reading.facts["ratio"], reading.facts["rate"]) == (0.9, 12.5)
    assert "metric" not in reading.facts
    assert len(server.asked) == 2


def test_a_label_of_your_own_and_labels_that_tell_apart(server: HttpServer) -> None:
    server.say(
        vector(
            ({"node": "r1:9100", "device": "sda"}, "1"),
            ({"node": "r1:9100", "device": "sdb"}, "2"),
            ({"device": "sdc"}, "3"),
        )
    )
    found = look(server, "r1", label="node", strip_port=True, by=["device"])["r1"]
    assert [(each.facts["device"], each.facts["value"]) for each in found] == [
        ("sda", 1),
        ("sdb", 2),
    ]


def test_a_number_about_no_host_needs_to_be_asked_for(server: HttpServer) -> None:
    server.say(success({"resultType": "scalar", "result": [NOW, "4"]}))
    assert "no series of the answer has the label 'instance'" in error(server)
    assert look(server, label="")["r2"][0].facts["value"] == 4


def test_warnings_make_an_answer_partial(server: HttpServer) -> None:
    server.say(success({"resultType": "vector", "result": []}, warnings=["store 2 is away"]))
    assert error(server, absent="empty") == "no series of r1 (store 2 is away)"


def test_absent_may_be_told_to_be_empty(server: HttpServer) -> None:
    server.say(vector())
    assert error(server) == "no series of r1"
    assert look(server, absent="empty")["r1"][0].facts["series"] == 0


def test_who_we_are(server: HttpServer) -> None:
    server.say(vector(({"instance": "r1"}, "1")))
    look(server, "r1", variables={"prometheus_token": "t0ken"})
    look(server, "r1", variables={"prometheus_user": "ü", "prometheus_password": "a:b"})
    first, second = (asked.headers["authorization"] for asked in server.asked)
    assert first == "Bearer t0ken"
    assert second == "Basic w7w6YTpi"


def test_tls_is_checked(tmp_path: Any) -> None:
    made = certificate(tmp_path)
    with http_server(tls=made.context) as server:
        server.say(vector(({"instance": "r1"}, "1")))
        assert "is not trusted" in error(server)
        known = {"prometheus_tls_ca": str(made.file)}
        assert look(server, "r1", variables=known)["r1"][0].facts["value"] == 1


BIG = b'{"status": "success", "data": "' + b"x" * (50 * 1024 * 1024) + b'"}'
HTML = Answer(200, b"<html><body>Log in</body></html>", {"Content-Type": "text/html"})
WRONG = {
    "a web page": (HTML, "answered with a web page: is prometheus_url right?"),
    "an error page": (Answer(502, b"<html>Bad Gateway</html>"), "answered 502 (a web page)"),
    "unauthorized": (said({"error": "no"}, 401), "401: it does not accept what prometheus_"),
    "too often": (Answer(429, b"", {"Retry-After": "7"}), "too many questions (for 7 s)"),
    "not found": (Answer(404, b"404 page not found"), "404: is prometheus_url right?"),
    "cut": (Answer(body=b'{"status": "success", "data": {"res'), "no whole JSON"),
    "cut on the wire": (
        Answer(body=b'{"status"', headers={"Content-Length": "900"}), "",
    ),
    "too big": (Answer(body=BIG), "more than 8 MiB: narrow the query"),
    "elsewhere": (Answer(302, b"", {"Location": "http://169.254.169.254/"}), "not followed"),
    "compressed": (Answer(body=b"x", headers={"Content-Encoding": "gzip"}), "compressed"),
    "bad PromQL": (
        said({"status": "error", "errorType": "bad_data", "error": "parse\x1b error"}, 400),
        "answered 400 (parse\\u001b error)",
    ),
    "refused in an answer": (said({"status": "error", "error": "slow down"}), "slow down"),
    "a list": (said([]), "it is no object"),
    "no data": (said({"status": "success"}), "data is no object"),
    "another kind": (success({"resultType": "string", "result": [1, "x"]}), "resultType"),
    "a result that is a number": (success({"resultType": "vector", "result": 3}), "no list"),
    "a series that is a text": (success({"resultType": "vector", "result": ["a"]}), "no object"),
    "labels that are a list": (
        success({"resultType": "vector", "result": [{"metric": [], "value": [1, "1"]}]}),
        "metric is no object",
    ),
    "deep": (Answer(body=b"[" * 100_000), "no whole JSON"),
    "a long number": (Answer(body=b"9" * 10_000), "no whole JSON"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_answer_is_one_clear_line(server: HttpServer, name: str) -> None:
    answer, words = WRONG[name]
    server.say(answer)
    found = error(server, variables={"prometheus_token": "hush-hush"})
    assert found
    assert words in found
    assert "hush" not in found
    assert len(found) < 500
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "answer", [Answer(hang=True), Answer(trickle=0.1)], ids=["silent", "slow drip"]
)
def test_an_answer_that_does_not_come_is_given_up_in_time(
    server: HttpServer, answer: Answer
) -> None:
    server.say(answer)
    began = time.monotonic()
    assert "did not answer within 0.5 s" in error(server, timeout=0.5)
    assert time.monotonic() - began < 8


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"prometheus_url": "ftp://x"}, "begins with http:// or https://"),
        ({"prometheus_url": "http://u:hush@x/"}, "no user and password in a URL"),
        ({"prometheus_url": "http://x:99999"}, "prometheus_url"),
        ({"prometheus_url": "http://x/?a=hush"}, "give the address alone"),
        ({"prometheus_url": "http://x:port"}, "is not a URL"),
        ({"prometheus_token": "hush\nX: y"}, "no header can carry"),
        ({"prometheus_tls_ca": "/nonexistent", "prometheus_url": "https://127.0.0.1:1"}, "TLS"),
        ({"prometheus_url": ["x"]}, "is not a text"),
        ({"prometheus_url": "http://169.254.169.254"}, "outgoing.allow"),
    ],
)
def test_wrong_variables_are_one_clear_line(
    server: HttpServer, variables: dict[str, Any], words: str
) -> None:
    found = error(server, variables=variables)
    assert words in found
    assert "hush" not in found
    assert server.asked == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "write either query"),
        ({"query": "a", "queries": {"b": "c"}}, "write either query"),
        ({"queries": {"b": " "}}, "'b' is empty"),
        ({"queries": {"value": "c"}}, "means something else"),
        ({"queries": {"host": "c"}}, "means something else"),
        ({"queries": {"a-b": "c"}}, "no name for a fact"),
        ({"query": "a", "by": ["reachable"]}, "means something else"),
        ({"query": "a", "step": "1s"}, "set range"),
        ({"query": "a", "range": "30d", "step": "1s"}, "widen step"),
        ({"query": "a", "absent": "well"}, "absent"),
        ({"qery": "a"}, "did you mean 'query'"),
    ],
)
def test_wrong_options(options: dict[str, Any], words: str) -> None:
    found = PrometheusProbe().check_options(options)
    assert any(words in each for each in found), found
