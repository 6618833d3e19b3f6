"""The shipped Redis playbooks on a real Redis: what they change, and what they leave alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autofix.core.runs import Outcome, RunResult
from servers.redis import RedisServer, redis_server
from servers.shipped import Shipped, shipped
from servers.site import eventually

LIMIT = 20 * 1024 * 1024
#: Quotes, a blank, a shell variable, a template, a backslash.
ODD_PASSWORD = 'it\'s "a" $HOME {{ 1 + 1 }} \\n #'
VARS = {"target_ratio": 0.8, "maxmemory": LIMIT, "policy": "noeviction"}


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with redis_server("--maxmemory", str(LIMIT)) as running:
        yield running


def state(server: RedisServer) -> dict[str, Any]:
    """What the playbooks may change: the limit, its policy, and the keys."""
    info = server.cli("INFO")
    names = ("maxmemory", "maxmemory_policy", "evicted_keys", "aof_last_rewrite_time_sec")
    return {name: info[name] for name in names} | {"keys": server.cli("DBSIZE")}


def count(server: RedisServer, pattern: str) -> int:
    with server.client() as client:
        return sum(1 for _ in client.scan_iter(pattern, count=1000))


def ratio(server: RedisServer) -> float:
    return float(server.cli("INFO")["used_memory"]) / LIMIT


def ok(result: RunResult, run: Shipped) -> dict[str, Any]:
    """The report of a run that went well."""
    assert result.outcome == Outcome.OK, run.texts
    return dict(result.report)


def refused(result: RunResult, *words: str) -> None:
    assert result.outcome == Outcome.FAILED
    for word in words:
        assert word in result.reason


def test_keys_with_a_ttl_are_evicted_to_the_target_and_all_others_stay(tmp_path: Path) -> None:
    with redis_server("--maxmemory", str(LIMIT)) as server:
        server.cli("CONFIG", "SET", "requirepass", ODD_PASSWORD)
        server.password = ODD_PASSWORD
        server.fill(int(LIMIT * 0.4), prefix="keep")
        server.fill(int(LIMIT * 0.95), prefix="session", ttl=3600)
        kept, sessions = count(server, "keep:*"), count(server, "session:*")
        run = shipped("redis", server.variables, tmp_path)

        before = state(server)
        rehearsal = ok(run("redis_evict_expiring.yml", VARS, check=True), run)
        assert rehearsal["keys_with_ttl"] == sessions
        assert state(server) == before

        with _Watching(server) as watched:
            report = ok(run("redis_evict_expiring.yml", VARS), run)
        assert ratio(server) < 0.81
        assert count(server, "keep:*") == kept
        assert report["evicted_keys"] == sessions - count(server, "session:*") > 0
        assert report["target_reached"] is True
        assert report["used_memory_ratio_before"] > 0.94
        assert state(server)["maxmemory"] == LIMIT
        # It never went lower than the target, and nobody was refused meanwhile.
        assert report["lowest_limit_set"] >= int(LIMIT * 0.8)
        assert watched.refused == 0

        assert state(server)["maxmemory_policy"] == "volatile-ttl"
        restored = ok(run("redis_restore_policy.yml", VARS), run)
        assert restored["as_it_was"] is True
        assert state(server)["maxmemory_policy"] == "noeviction"
        assert ODD_PASSWORD not in run.texts


class _Watching(threading.Thread):
    """Writes small values all the time and counts how many Redis refuses for lack of memory."""

    def __init__(self, server: RedisServer) -> None:
        super().__init__(daemon=True)
        self._client = server.client()
        self._over = threading.Event()
        self.refused = 0

    def run(self) -> None:
        while not self._over.wait(0.02):
            try:
                self._client.set("writer", "x")
            except Exception as error:
                self.refused += "OOM" in str(error)

    def __enter__(self) -> _Watching:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()
        self._client.close()


def test_expired_keys_are_collected_first_and_may_be_enough(
    server: RedisServer, tmp_path: Path
) -> None:
    server.fill(int(LIMIT * 0.3), prefix="keep")
    server.cli("DEBUG", "SET-ACTIVE-EXPIRE", "0")
    gone = server.fill(int(LIMIT * 0.6), prefix="old", ttl=1)
    server.fill(int(LIMIT * 0.93), prefix="session", ttl=3600)
    sessions = count(server, "session:*")
    # Two seconds of its own clock later the old keys are expired, and still there.
    filled = server.cli("TIME")[0]
    eventually(lambda: server.cli("TIME")[0] >= filled + 2)
    run = shipped("redis", server.variables, tmp_path)
    report = ok(run("redis_evict_expiring.yml", VARS), run)
    assert report["expired_keys_collected"] > gone * 0.9
    assert report["evicted_keys"] == 0
    assert count(server, "session:*") == sessions
    assert state(server)["maxmemory_policy"] == "noeviction"


def test_without_enough_to_evict_it_stops_early_and_says_how_far_it_came(
    server: RedisServer, tmp_path: Path
) -> None:
    server.fill(int(LIMIT * 0.88), prefix="keep")
    server.fill(int(LIMIT * 0.95), prefix="session", ttl=3600)
    kept = count(server, "keep:*")
    run = shipped("redis", server.variables, tmp_path)
    report = ok(run("redis_evict_expiring.yml", VARS), run)
    assert report["target_reached"] is False
    assert report["lowest_limit_set"] > int(LIMIT * 0.87)
    assert count(server, "keep:*") == kept
    assert state(server)["maxmemory"] == LIMIT


@pytest.mark.parametrize(
    ("playbook", "given", "words"),
    [
        ("redis_evict_expiring.yml", VARS, "No key"),
        ("redis_evict_expiring.yml", VARS | {"maxmemory": LIMIT + 1}, "somebody is changing it"),
        ("redis_restore_policy.yml", {}, "was not given"),
        ("redis_rewrite_aof.yml", {}, "AOF switched off"),
    ],
)
def test_what_must_not_be_done_is_refused_and_nothing_changes(
    playbook: str, given: dict[str, Any], words: str, server: RedisServer, tmp_path: Path
) -> None:
    server.fill(int(LIMIT * 0.92), prefix="keep")
    before = state(server)
    run = shipped("redis", server.variables, tmp_path)
    refused(run(playbook, given), words)
    assert state(server) == before


def test_a_redis_that_refuses_config_is_left_alone(tmp_path: Path) -> None:
    with redis_server("--maxmemory", str(LIMIT), "--rename-command", "CONFIG", "hidden") as server:
        server.fill(int(LIMIT * 0.92), ttl=3600)
        before = state(server)
        run = shipped("redis", server.variables, tmp_path)
        refused(run("redis_evict_expiring.yml", VARS), "refuses CONFIG", "nothing was changed")
        assert state(server) == before


def test_a_wrong_password_or_a_dead_redis_is_told_in_one_sentence(tmp_path: Path) -> None:
    with redis_server(password="right") as server:
        wrong = server.variables | {"redis_password": "wr0ng-one"}
        run = shipped("redis", wrong, tmp_path)
        result = run("redis_memory_purge.yml")
        refused(result, "could not be asked", "WRONGPASS")
        assert "wr0ng-one" not in run.texts
        server.stop()
        refused(run("redis_memory_purge.yml"), "could not be asked", "refused")


def test_the_append_only_file_is_rewritten_when_there_is_room(tmp_path: Path) -> None:
    with redis_server("--appendonly", "yes") as server:
        for _ in range(3):
            server.fill(0)
            server.cli("SET", "same", "x" * 500_000)
        run = shipped("redis", server.variables, tmp_path)
        no_room = ok(run("redis_rewrite_aof.yml", {"fork_factor": 10**9}), run)
        assert no_room["skipped"] == "no room to fork"
        assert state(server)["aof_last_rewrite_time_sec"] == -1
        assert "would" in ok(run("redis_rewrite_aof.yml", check=True), run)
        assert state(server)["aof_last_rewrite_time_sec"] == -1
        report = ok(run("redis_rewrite_aof.yml"), run)
        assert report["aof_size_after"] < report["aof_size_before"] / 2
        assert state(server)["aof_last_rewrite_time_sec"] >= 0


def test_what_a_crash_left_low_is_put_back_and_a_persons_choice_is_not(
    server: RedisServer, tmp_path: Path
) -> None:
    run = shipped("redis", server.variables, tmp_path)
    server.cli("CONFIG", "SET", "maxmemory", LIMIT // 2)
    server.cli("CONFIG", "SET", "maxmemory-policy", "volatile-ttl")
    assert ok(run("redis_restore_policy.yml", VARS), run)["as_it_was"] is True
    assert state(server)["maxmemory"] == LIMIT
    assert state(server)["maxmemory_policy"] == "noeviction"

    server.cli("CONFIG", "SET", "maxmemory", LIMIT * 2)
    server.cli("CONFIG", "SET", "maxmemory-policy", "volatile-lru")
    left = state(server)
    assert ok(run("redis_restore_policy.yml", VARS), run)["as_it_was"] is False
    assert state(server) == left


def test_the_limit_is_raised_once_and_taken_back_only_if_that_hurts_nobody(
    server: RedisServer, tmp_path: Path
) -> None:
    given = {"maxmemory": LIMIT, "factor": 1.25}
    raised = int(LIMIT * 1.25)
    run = shipped("redis", server.variables, tmp_path)
    refused(run("redis_raise_maxmemory.yml", given | {"keep_free": 1.5}), "nothing was changed")
    for _ in range(2):
        assert ok(run("redis_raise_maxmemory.yml", given), run)["maxmemory"] == raised
    server.fill(int(LIMIT * 1.05))
    refused(run("redis_restore_maxmemory.yml", given), "would evict keys or refuse writers")
    assert state(server)["maxmemory"] == raised
    server.cli("FLUSHALL")
    assert ok(run("redis_restore_maxmemory.yml", given), run)["as_it_was"] is True


def test_with_approval_any_key_may_go(server: RedisServer, tmp_path: Path) -> None:
    server.fill(int(LIMIT * 0.95), prefix="keep")
    run = shipped("redis", server.variables, tmp_path)
    report = ok(run("redis_evict_any.yml", VARS), run)
    assert ratio(server) < 0.81
    assert report["evicted_keys"] > 0
    assert state(server)["maxmemory"] == LIMIT


def test_a_purge_touches_no_key_and_the_password_is_on_no_command_line(tmp_path: Path) -> None:
    with redis_server(password="canary-5f3a") as server:
        keys = server.fill(LIMIT // 2)
        run = shipped("redis", server.variables, tmp_path)
        with _Lines("canary-5f3a") as lines:
            report = ok(run("redis_memory_purge.yml"), run)
        assert report["used_memory_rss_after"] > 0
        assert server.cli("DBSIZE") == keys
        assert lines.looked > 10
        assert lines.found == []
        assert "canary-5f3a" not in run.texts


class _Lines(threading.Thread):
    """Reads every process's command line again and again, and keeps those that tell the secret."""

    def __init__(self, secret: str) -> None:
        super().__init__(daemon=True)
        self._secret = secret.encode()
        self._over = threading.Event()
        self.looked = 0
        self.found: list[bytes] = []

    def run(self) -> None:
        while not self._over.wait(0.01):
            self.looked += 1
            for file in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    line = file.read_bytes()
                except OSError:
                    continue
                if self._secret in line:
                    self.found.append(line)

    def __enter__(self) -> _Lines:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()
