"""What the flow may rely on from every probe: the fakes and the real ones behave alike.

To add a probe: write a function that gives its Case, and put it into CASES.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from autofix.core.readings import Reading, Target
from autofix.ports import Probe
from autofix.probes.command import CommandProbe
from autofix.probes.datadog import DatadogProbe
from autofix.probes.elasticsearch import ElasticsearchProbe, OpensearchProbe
from autofix.probes.host import HostProbe
from autofix.probes.http import HttpProbe
from autofix.probes.mysql import MysqlProbe
from autofix.probes.postgres import PostgresProbe
from autofix.probes.prometheus import PrometheusProbe
from autofix.probes.redis import RedisProbe
from autofix.probes.sql import SqlProbe
from autofix.probes.zabbix import ZabbixProbe
from autofix.testing.probes import FakeProbe
from servers.http import Answer, Asked, http_server
from servers.mariadb import mariadb_server
from servers.monitoring import Datadog, Search, Zabbix
from servers.postgres import USER, cluster
from servers.redis import free_port, redis_server
from servers.rude import rude_server

NOW = 1_800_000_000.0
TIMEOUT = 1.0
TYPES: dict[str, tuple[type, ...]] = {
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "string": (str,),
    "list": (list,),
    "object": (dict, list, str, int, float, bool),
}
Options = dict[str, Any]
#: Who we are, for those monitorings that want to know.
MONITORING: dict[str, Any] = {
    "zabbix_token": "zabbix-t0ken",
    "datadog_api_key": "dd-api",
    "datadog_app_key": "dd-app",
    "elasticsearch_api_key": "a2V5",
    "opensearch_api_key": "a2V5",
}


@dataclass(frozen=True)
class Case:
    """One probe with a target that lives, one that is dead and one that never answers."""

    probe: Probe
    alive: tuple[Target, Options]
    dead: tuple[Target, Options]
    silent: tuple[Target, Options]
    wrong_options: tuple[Options, ...]


def target(**variables: Any) -> Target:
    return Target("h1", "127.0.0.1", variables)


@contextmanager
def fake_case() -> Iterator[Case]:
    probe = FakeProbe("fake", {"ratio": 0.5, "names": ["a"]}, options=("port",))
    probe.fails("dead")
    dead = (Target("dead"), {})
    yield Case(probe, (target(), {"port": 1}), dead, dead, ({"prot": 1},))


@contextmanager
def redis_case() -> Iterator[Case]:
    with redis_server() as server, rude_server() as silent:
        yield Case(
            RedisProbe(),
            (target(**server.variables), {}),
            (target(redis_port=free_port()), {}),
            (target(redis_port=silent), {}),
            ({"prot": 1}, {"port": "x"}, {"port": 0}),
        )


@contextmanager
def mysql_case() -> Iterator[Case]:
    with mariadb_server() as server, rude_server() as silent:
        yield Case(
            MysqlProbe(),
            (target(**server.variables), {}),
            (target(mysql_port=free_port()), {}),
            (target(mysql_port=silent), {}),
            ({"prot": 1}, {"settle": "soon"}, {"port": []}),
        )


@contextmanager
def postgres_case() -> Iterator[Case]:
    server = cluster()
    who = {"postgres_user": USER, "postgres_password": server.password}
    with rude_server() as silent:
        yield Case(
            PostgresProbe(),
            (target(postgres_port=server.port, **who), {}),
            (target(postgres_port=free_port()), {}),
            (target(postgres_port=silent), {}),
            ({"prot": 1}, {"bloat": "much"}, {"port": []}),
        )


@contextmanager
def sql_case() -> Iterator[Case]:
    server = cluster()

    def at(port: int) -> Target:
        url = f"postgresql://{USER}@127.0.0.1:{port}/postgres"
        return target(sql_url=url, sql_password=server.password)

    options = {"query": "SELECT 1 AS one, ARRAY[1, 2] AS two"}
    with rude_server() as silent:
        yield Case(
            SqlProbe(),
            (at(server.port), options),
            (at(free_port()), options),
            (at(silent), options),
            ({}, {"query": "DROP TABLE x"}, {**options, "max_rows": 0}),
        )


@contextmanager
def command_case() -> Iterator[Case]:
    yield Case(
        CommandProbe(),
        (target(), {"argv": ["echo", '{"depth": 3, "names": ["a"]}']}),
        (target(), {"argv": ["/nonexistent/program"]}),
        (target(), {"argv": ["sleep", "300"]}),
        ({}, {"argv": []}, {"argv": ["a"], "over": "telnet"}, {"comand": "a"}),
    )


@contextmanager
def host_case() -> Iterator[Case]:
    with rude_server() as silent:
        yield Case(
            HostProbe(),
            (target(ansible_connection="local"), {"sample": "100ms"}),
            (target(ansible_port=free_port()), {}),
            (target(ansible_port=silent), {}),
            ({"sampel": 1}, {"mount": "var"}, {"sample": "1h"}),
        )


@contextmanager
def http_case() -> Iterator[Case]:
    with http_server() as server, rude_server() as silent:
        yield Case(
            HttpProbe(),
            (target(), {"url": server.url}),
            (target(), {"url": f"http://{{address}}:{free_port()}/"}),
            (target(), {"url": f"http://{{address}}:{silent}/"}),
            ({}, {"url": "web1"}, {"url": "http://web1", "match": "("}),
        )


def prometheus_says(_: Asked) -> Answer:
    found = [{"metric": {"instance": "h1"}, "value": [NOW, "0.5"]}]
    data = {"resultType": "vector", "result": found}
    return Answer(body=json.dumps({"status": "success", "data": data}).encode())


@contextmanager
def monitoring_case(
    probe: Probe, says: Callable[[Asked], Answer], options: Options, *wrong: Options
) -> Iterator[Case]:
    """A probe that asks a monitoring, whose answer tells of the host h1."""

    def at(port: int) -> Target:
        path = "/zabbix" if probe.name == "zabbix" else ""
        return target(**{f"{probe.name}_url": f"http://127.0.0.1:{port}{path}", **MONITORING})

    with http_server(says) as server, rude_server() as silent:
        yield Case(
            probe,
            (at(server.port), options),
            (at(free_port()), options),
            (at(silent), options),
            ({**options, "absent": "well"}, {**options, "by": ["error"]}, *wrong),
        )


def prometheus_case() -> AbstractContextManager[Case]:
    return monitoring_case(PrometheusProbe(), prometheus_says, {"query": "up"}, {})


def zabbix_case() -> AbstractContextManager[Case]:
    return monitoring_case(
        ZabbixProbe(), Zabbix(items={"h1": {"cpu": 0.5}}), {"item": "cpu"}, {}, {"severity": 9}
    )


def datadog_case() -> AbstractContextManager[Case]:
    fake = Datadog(series=[(["host:h1"], [(20.0, 0.5)])], now=NOW)
    return monitoring_case(DatadogProbe(), fake, {"query": "avg:x{*} by {host}"}, {})


def search_case(probe: Probe) -> Callable[[], AbstractContextManager[Case]]:
    fake = Search(logs=[("h1", 20.0, "ERROR", 1.0)], now=NOW)
    return lambda: monitoring_case(probe, fake, {"index": "logs-*"}, {})


CASES: dict[str, Callable[[], AbstractContextManager[Case]]] = {
    "fake": fake_case,
    "redis": redis_case,
    "mysql": mysql_case,
    "postgres": postgres_case,
    "sql": sql_case,
    "command": command_case,
    "host": host_case,
    "http": http_case,
    "prometheus": prometheus_case,
    "zabbix": zabbix_case,
    "datadog": datadog_case,
    "elasticsearch": search_case(ElasticsearchProbe()),
    "opensearch": search_case(OpensearchProbe()),
}


@pytest.fixture(scope="module", params=sorted(CASES))
def case(request: pytest.FixtureRequest) -> Iterator[Case]:
    with CASES[request.param]() as made:
        yield made


def look(case: Case, where: tuple[Target, Options]) -> list[Reading]:
    """A look within its time, whose readings keep the promises that hold for every reading."""
    started = time.monotonic()
    readings = case.probe.look(where[0], where[1], timeout=TIMEOUT, now=NOW)
    assert time.monotonic() - started < TIMEOUT + 1
    assert readings
    for reading in readings:
        assert (reading.host, reading.at) == (where[0].host, NOW)
        assert isinstance(reading.facts["reachable"], bool)
        assert reading.facts["reachable"] is (reading.facts["error"] is None)
        json.dumps(reading.facts, allow_nan=False, ensure_ascii=False).encode("utf-8")
        for name, value in reading.facts.items():
            _declared(case.probe, name, value)
    return readings


def _declared(probe: Probe, name: str, value: Any) -> None:
    if name not in probe.facts:
        assert probe.open_ended, f"{name} is not declared"
        return
    kind = probe.facts[name].type
    assert value is None or isinstance(value, TYPES[kind]), f"{name} is no {kind}: {value!r}"
    assert kind == "boolean" or kind == "object" or not isinstance(value, bool), name


def test_a_living_target_is_reachable_and_tells_something(case: Case) -> None:
    for reading in look(case, case.alive):
        assert reading.facts["reachable"] is True
        assert len(reading.facts) > 2


def test_a_dead_target_is_a_reading_with_one_clear_line(case: Case) -> None:
    for reading in look(case, case.dead):
        assert reading.facts["reachable"] is False
        assert reading.error
        assert reading.error.isprintable()
        assert "Traceback" not in reading.error


def test_a_target_that_never_answers_is_a_reading_in_time(case: Case) -> None:
    for reading in look(case, case.silent):
        assert reading.facts["reachable"] is False
        assert reading.error.isprintable()


def test_facts_of_a_target_that_was_not_seen_are_absent(case: Case) -> None:
    identity = {"reachable", "error", "port"}
    for reading in look(case, case.dead):
        assert set(reading.facts) <= identity


def test_good_options_have_no_faults(case: Case) -> None:
    for _, options in (case.alive, case.dead, case.silent):
        assert case.probe.check_options(options) == []


def test_wrong_options_are_told_in_words(case: Case) -> None:
    for options in case.wrong_options:
        found = case.probe.check_options(options)
        assert found
        assert all(words and words.isprintable() for words in found)


def test_every_fact_is_declared_with_a_type_and_help(case: Case) -> None:
    assert {"reachable", "error"} <= set(case.probe.facts)
    for name, fact in case.probe.facts.items():
        assert name == fact.name
        assert name.isidentifier()
        assert fact.type in TYPES
        assert fact.help


def test_the_schema_of_the_options_is_json(case: Case) -> None:
    schema = json.loads(json.dumps(case.probe.options_schema()))
    assert schema["type"] == "object"
    assert schema["additionalProperties"] is False


def test_several_looks_at_once_do_not_disturb_each_other(case: Case) -> None:
    with ThreadPoolExecutor(8) as pool:
        looks = [
            pool.submit(case.probe.look, *case.alive, timeout=10.0, now=NOW) for _ in range(16)
        ]
        assert all(look.result()[0].facts["reachable"] for look in looks)
