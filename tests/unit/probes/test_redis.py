"""The redis probe on real servers, and on servers that are not there or behave badly."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autofix.core.readings import Reading, Target
from autofix.probes.redis import RedisProbe
from servers.http import certificate
from servers.redis import RedisServer, free_port, redis_server
from servers.rude import rude_server


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with redis_server("--maxmemory", "16mb", "--appendonly", "yes") as started:
        started.fill(8 << 20, ttl=600)
        yield started


@pytest.fixture(scope="module")
def guarded() -> Iterator[RedisServer]:
    with redis_server(password="s3cr3t") as started:
        yield started


def look(
    variables: dict[str, Any], *, timeout: float = 5.0, address: str = "", **options: Any
) -> list[Reading]:
    target = Target("cache1", address, variables)
    return RedisProbe().look(target, options, timeout=timeout, now=time.time())


def error(variables: dict[str, Any], **more: Any) -> str:
    (reading,) = look(variables, **more)
    assert reading.facts["reachable"] is False
    return reading.error


def test_a_real_server_gives_its_facts(server: RedisServer) -> None:
    (reading,) = look(server.variables)
    assert reading.facts["reachable"] is True
    assert reading.facts["error"] is None
    assert reading.facts["port"] == server.port
    assert 0.5 <= reading.facts["used_memory_ratio"] < 0.8
    assert reading.facts["aof_enabled"] is True
    assert reading.facts["keys_with_ttl_ratio"] == 1.0


def test_the_hosts_address_is_used_without_redis_host(server: RedisServer) -> None:
    (reading,) = look({"redis_port": str(server.port)}, address="127.0.0.1")
    assert reading.facts["reachable"] is True


def test_the_password_from_the_variables_opens_the_server(guarded: RedisServer) -> None:
    (reading,) = look(guarded.variables)
    assert reading.facts["reachable"] is True


def test_one_reading_for_each_port_and_a_dead_one_is_told_apart(server: RedisServer) -> None:
    dead = free_port()
    alive, unseen = look({**server.variables, "redis_port": [server.port, dead]})
    assert alive.facts["reachable"] is True
    assert unseen.facts == {"reachable": False, "error": unseen.error, "port": dead}


def test_a_silent_port_does_not_use_up_the_time_of_the_others(server: RedisServer) -> None:
    with rude_server() as silent:
        first, second = look(
            {**server.variables, "redis_port": f"{silent},{server.port}"}, timeout=1
        )
    assert "did not answer within 1 s" in first.error
    assert second.facts["reachable"] is True


def test_the_option_port_narrows_the_look(server: RedisServer) -> None:
    variables = {**server.variables, "redis_port": [1, 2, server.port]}
    (reading,) = look(variables, port=server.port)
    assert reading.facts["port"] == server.port


def test_a_unix_socket(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("s") / "redis.sock"
    with redis_server("--unixsocket", str(path)):
        (reading,) = look({"redis_socket": str(path), "redis_host": "unused.invalid"})
    assert reading.facts["reachable"] is True
    assert "port" not in reading.facts


def test_facts_come_without_the_right_to_config(server: RedisServer) -> None:
    server.cli("ACL", "SETUSER", "watcher", "on", ">w", "-@all", "+info", "+ping")
    (reading,) = look({**server.variables, "redis_username": "watcher", "redis_password": "w"})
    assert reading.facts["maxmemory_policy"] == "noeviction"
    assert reading.facts["maxclients"] == 10000


def test_a_user_who_may_not_run_info_is_told_what_is_missing(server: RedisServer) -> None:
    server.cli("ACL", "SETUSER", "nobody", "on", ">n", "-@all")
    said = error({**server.variables, "redis_username": "nobody", "redis_password": "n"})
    assert "+info" in said


def test_a_wrong_password_is_said_without_showing_it(guarded: RedisServer) -> None:
    said = error({**guarded.variables, "redis_password": "wr0ng"})
    assert "wrong redis_username or redis_password" in said
    assert "wr0ng" not in said


def test_a_missing_password_is_asked_for(guarded: RedisServer) -> None:
    said = error({"redis_host": guarded.host, "redis_port": guarded.port})
    assert "asks for a password and none is set" in said


def test_a_needless_password_is_told(server: RedisServer) -> None:
    assert "has no password" in error({**server.variables, "redis_password": "x"})


def test_a_server_at_its_limit_of_clients_says_so() -> None:
    with redis_server("--maxclients", "1") as full:
        client = full.client()
        client.ping()
        said = error(full.variables)
        client.close()
    assert "maxclients is reached" in said


def test_nobody_listens() -> None:
    assert "refused the connection" in error({"redis_port": free_port()})


def test_a_name_that_does_not_exist() -> None:
    assert "can't be resolved" in error({"redis_host": "no-such-host.invalid"})


def test_a_socket_that_does_not_exist() -> None:
    assert "no such file" in error({"redis_socket": "/nonexistent/redis.sock"})


def test_tls_with_a_certificate_of_ones_own_authority(tmp_path: Path) -> None:
    made, port = certificate(tmp_path), free_port()
    files = (f"--tls-{kind}-file" for kind in ("cert", "key", "ca-cert"))
    paths = (made.file, tmp_path / "key.pem", made.file)
    words = [str(word) for pair in zip(files, paths, strict=True) for word in pair]
    with redis_server("--tls-port", str(port), "--tls-auth-clients", "no", *words):
        variables = {"redis_host": "127.0.0.1", "redis_port": port, "redis_tls": True}
        (reading,) = look({**variables, "redis_tls_ca": str(made.file)})
        assert reading.facts["reachable"] is True
        assert "is not trusted" in error(variables)
        other = certificate(_folder(tmp_path / "other"))
        assert "is not trusted" in error({**variables, "redis_tls_ca": str(other.file)})
        assert error({**variables, "redis_tls": False})


def test_tls_of_another_host_is_refused_unless_names_need_not_fit(tmp_path: Path) -> None:
    made, port = certificate(tmp_path, name="cache.example.com"), free_port()
    words = ("--tls-cert-file", str(made.file), "--tls-key-file", str(tmp_path / "key.pem"))
    words = (*words, "--tls-ca-cert-file", str(made.file), "--tls-auth-clients", "no")
    with redis_server("--tls-port", str(port), *words):
        variables = {"redis_port": port, "redis_tls": True, "redis_tls_ca": str(made.file)}
        assert "not valid for '127.0.0.1'" in error(variables)
        (reading,) = look({**variables, "redis_tls_check_hostname": "no"})
        assert reading.facts["reachable"] is True


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


def test_a_server_without_tls(server: RedisServer) -> None:
    said = error({**server.variables, "redis_tls": "yes"}, timeout=1)
    assert "does it speak TLS?" in said


def test_a_file_of_authorities_that_is_missing(server: RedisServer) -> None:
    said = error({**server.variables, "redis_tls": True, "redis_tls_ca": "/nonexistent.pem"})
    assert "/nonexistent.pem" in said


@pytest.mark.parametrize(
    "behaviour",
    [
        {},
        {"trickle": b"$1000000\r\n"},
        {"trickle": b"+"},
        {"says": b"HTTP/1.1 400 Bad Request\r\n\r\n", "closes": True},
        {"says": b"\x00\xff\x16\x03\x01", "closes": True},
        {"says": b"*1000000000\r\n"},
        {"says": b"+OK\r\n" * 9},
        {"closes": True},
    ],
    ids=["silent", "trickle", "half a line", "http", "bytes", "huge", "always ok", "closes"],
)
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_a_rude_server_is_a_clear_error_in_time(behaviour: dict[str, Any], tls: bool) -> None:
    with rude_server(**behaviour) as port:
        started = time.monotonic()
        said = error({"redis_port": port, "redis_password": "x", "redis_tls": tls}, timeout=0.6)
        assert time.monotonic() - started < 1.6
    assert said
    assert "\n" not in said


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"redis_port": "abc"}, "redis_port of cache1: 'abc' is not a port"),
        ({"redis_port": 70000}, "1 to 65535"),
        ({"redis_port": list(range(1, 40))}, "too many"),
        ({"redis_port": []}, "empty"),
        ({"redis_tls": "maybe"}, "write true or false"),
        ({"redis_password": ["x"]}, "redis_password of cache1 is not a text"),
    ],
)
def test_variables_that_can_not_be_used_are_said_in_words(
    variables: dict[str, Any], said: str
) -> None:
    assert said in error(variables)


def test_options_are_checked_in_words() -> None:
    probe = RedisProbe()
    assert probe.check_options({}) == []
    assert probe.check_options({"port": [6379, "6380"]}) == []
    assert "did you mean 'port'" in probe.check_options({"prot": 1})[0]
    assert "not a port" in probe.check_options({"port": 0})[0]


def test_a_password_is_nowhere_in_a_repr() -> None:
    from autofix.probes.redis import servers_of

    target = Target("cache1", "", {"redis_password": "s3cr3t", "redis_username": "app"})
    assert "s3cr3t" not in repr(servers_of(target, {}))
