"""Stories on a real Redis and the real server: broken → healed, or → a person is paged."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from servers.http import http_server
from servers.project import Project
from servers.redis import RedisServer, redis_server

MAXMEMORY = 40 * 1024 * 1024
FAST = {
    "redis-memory-high": {
        "triggers": {"every": "1s", "for": "1s"},
        "verify": {"within": "4s", "hold": "2s", "every": "500ms"},
        "guards": {"cooldown": "1s"},
    }
}


@pytest.fixture
def full_redis() -> Iterator[RedisServer]:
    """Above 90 % of its memory; most keys have a time to live."""
    with redis_server("--maxmemory", str(MAXMEMORY), password="s3cret") as server:
        server.fill(int(MAXMEMORY * 0.3), prefix="keep")
        server.fill(int(MAXMEMORY * 0.95), ttl=3600, prefix="session")
        yield server


def group(server: RedisServer) -> dict[str, dict[str, dict[str, Any]]]:
    return {"redis": {"r1": {"ansible_host": "127.0.0.1", **server.variables}}}


def ratio(server: RedisServer) -> float:
    with server.client() as client:
        info = client.info("memory")
    return float(info["used_memory"]) / MAXMEMORY


def test_a_full_redis_is_seen_fixed_and_proven_healed(
    tmp_path: Path, full_redis: RedisServer
) -> None:
    with full_redis.client() as client:
        kept = len(list(client.scan_iter("keep*", count=1000)))
    with Project(tmp_path, group(full_redis), {"overrides": FAST}) as project:
        project.runbook("redis-memory-high")
        project.serve()
        healed = project.wait_for_state(1, "healed", "escalated")
        assert healed["state"] == "healed", healed["reason"]
        assert ratio(full_redis) < 0.85
        with full_redis.client() as client:
            assert len(list(client.scan_iter("keep*", count=1000))) == kept

        def restored() -> bool:
            with full_redis.client() as client:
                return client.config_get("maxmemory*") == {
                    "maxmemory": str(MAXMEMORY),
                    "maxmemory-policy": "noeviction",
                    **{k: v for k, v in client.config_get("maxmemory*").items()
                       if k not in ("maxmemory", "maxmemory-policy")},
                }  # fmt: skip

        project.wait_for(restored)
        project.wait_for(lambda: all(run["state"] == "finished" for run in project.runs(1)))
        verified = project.autofix("audit", "verify")
        assert verified.returncode == 0, verified.stderr
        assert "the record holds" in verified.stdout
        why = project.autofix("why", "redis-memory-high", "--host", "r1").stdout
        assert "healed" in why
        assert project.sent() == []
        assert b"s3cret" not in project.log.read_bytes()
        assert "s3cret" not in project.autofix("audit", "export").stdout
        assert project.stop() == 0


def test_a_fix_that_cant_work_is_rolled_back_and_the_second_channel_takes_the_page(
    tmp_path: Path, full_redis: RedisServer
) -> None:
    with socket.socket() as taken, http_server() as receiver:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: refused
        settings = {
            "channels": {
                "first": {"type": "webhook", "url": f"http://127.0.0.1:{taken.getsockname()[1]}/"},
                "second": {"type": "webhook", "url": receiver.url + "/page"},
            },
            "policies": {"default": {"channels": ["first", "second"]}},
        }
        with Project(tmp_path, group(full_redis), settings) as project:
            project.runbook("useless", USELESS)
            for name in ("touch", "undo"):
                project.playbook(f"{name}.yml", TOUCH.format(name=name))
            project.serve()
            stuck = project.wait_for_state(1, "escalated", "healed")
            assert stuck["state"] == "escalated"
            (asked,) = receiver.wait_for(1, 40)
            body = asked.body.decode()
            for words in ("undo.yml", "touch.yml", "used_memory_ratio", "Look at the big keys",
                          "autofix incidents ack 1"):  # fmt: skip
                assert words in body
            kinds = [(run["kind"], run["outcome"]) for run in project.runs(1)]
            assert kinds == [("fix", "ok"), ("rollback", "ok")]
            assert (tmp_path / "touch").exists()
            assert (tmp_path / "undo").exists()
            actions = project.autofix("audit", "list", "--incident", "1").stdout
            assert "page.failed" in actions
            assert "page.sent" in actions
            assert project.autofix("incidents", "ack", "1").returncode == 0
            assert project.incident(1)["state"] == "acknowledged"


USELESS = """
    name: useless
    title: Redis memory above 90 %
    severity: P1
    about: Look at the big keys (redis-cli --bigkeys).
    triggers:
      - {probe: redis, hosts: redis, every: 1s, when: used_memory_ratio > 0.9}
    fix:
      - {playbook: touch.yml, rollback: undo.yml}
    verify: {probe: redis, until: used_memory_ratio < 0.85, within: 2s, every: 500ms}
    """
TOUCH = """
    - hosts: redis
      gather_facts: false
      tasks:
        - name: leave a trace
          ansible.builtin.file:
            path: "{{{{ inventory_dir }}}}/../{name}"
            state: touch
            mode: "0600"
    """


def test_after_three_attempts_the_breaker_opens(tmp_path: Path, full_redis: RedisServer) -> None:
    with Project(tmp_path, group(full_redis)) as project:
        fast = USELESS.replace("rollback: undo.yml", "timeout: 60s").replace(
            "within: 2s", "within: 1s"
        )
        project.runbook("useless", fast + "guards: {cooldown: 0s}\n")
        project.playbook("touch.yml", TOUCH.format(name="touch"))
        project.serve()
        for number in (1, 2, 3):
            project.wait_for_state(number, "escalated")
            assert project.autofix("incidents", "resolve", str(number)).returncode == 0
        fourth = project.wait_for_state(4, "escalated")
        assert "breaker open on r1: 3 attempts" in fourth["reason"]
        assert project.runs(4) == []
        by_hand = project.autofix("run", "useless", "--host", "r1")
        assert by_hand.returncode == 3
        assert "breaker open" in by_hand.stdout
        # Half-open: exactly one attempt is let through; it fails, and it is open again at once.
        reset = project.autofix("breaker", "reset", "useless", "--host", "r1")
        assert (reset.returncode, reset.stdout[:9]) == (0, "half-open")
        assert project.autofix("run", "useless", "--host", "r1").returncode == 1
        (standing,) = project.json("breaker", "list")
        assert (standing["host"], standing["breaker"]["state"]) == ("r1", "open")
        actions = project.autofix("audit", "list", "--limit", "1000").stdout
        assert actions.count("incident.escalated") == 5  # each failure reached a person


def test_killed_in_the_middle_it_goes_on_after_the_restart(
    tmp_path: Path, full_redis: RedisServer
) -> None:
    with Project(tmp_path, group(full_redis)) as project:
        project.runbook("slow", USELESS.replace("name: useless", "name: slow").replace(
            "- {playbook: touch.yml, rollback: undo.yml}",
            "- {playbook: slow.yml}\n      - {playbook: touch.yml}"))  # fmt: skip
        project.playbook("slow.yml", SLOW)
        project.playbook("touch.yml", TOUCH.format(name="touch"))
        project.serve()
        project.wait_for(lambda: (tmp_path / "slow").exists())
        assert _sleeping(full_redis.port)
        project.kill()
        project.wait_for(lambda: not _sleeping(full_redis.port), 5)
        assert not (tmp_path / "touch").exists()
        project.serve()
        project.wait_for_state(1, "escalated")
        outcomes = [(run["playbook"], run["outcome"]) for run in project.runs(1)]
        assert outcomes == [("slow.yml", "lost"), ("touch.yml", "ok")]
        project.wait_for(project.sent)


def _sleeping(port: int) -> bool:
    """Is the playbook's `sleep 300.<port>` still there, in whatever namespace?"""
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = process.read_bytes().split(b"\0")
        except OSError:
            continue  # it ended meanwhile
        if words[:2] == [b"sleep", b"300.%d" % port]:
            return True
    return False


SLOW = """
    - hosts: redis
      gather_facts: false
      tasks:
        - name: take long
          ansible.builtin.command:
            argv: [/bin/sh, -c, "touch ../slow; exec sleep 300.{{ redis_port }}"]
            chdir: "{{ inventory_dir }}"
    """


def test_two_runbooks_never_work_on_one_host_at_once(
    tmp_path: Path, full_redis: RedisServer
) -> None:
    with Project(tmp_path, group(full_redis)) as project:
        for name in ("one", "two"):
            project.runbook(name, USELESS.replace("name: useless", f"name: {name}").replace(
                "touch.yml, rollback: undo.yml", "exclusive.yml"))  # fmt: skip
        project.playbook("exclusive.yml", EXCLUSIVE)
        project.serve()
        for number in (1, 2):
            project.wait_for_state(number, "escalated")
            assert [run["outcome"] for run in project.runs(number)] == ["ok"]


EXCLUSIVE = """
    - hosts: redis
      gather_facts: false
      tasks:
        - name: fail if somebody else is at work here
          ansible.builtin.command:
            argv: [/bin/sh, -c, "mkdir lock && sleep 1 && rmdir lock"]
            chdir: "{{ inventory_dir }}/.."
    """


def test_a_person_runs_it_by_hand_without_a_server(tmp_path: Path, full_redis: RedisServer) -> None:
    with Project(tmp_path, group(full_redis), {"overrides": FAST}) as project:
        project.runbook("redis-memory-high")
        rehearsed = project.autofix("run", "redis-memory-high", "--host", "r1", "--check")
        assert rehearsed.returncode == 0, rehearsed.stdout + rehearsed.stderr
        assert ratio(full_redis) > 0.9
        done = project.autofix("run", "redis-memory-high", "--host", "r1", "--yes")
        assert done.returncode == 0, done.stdout + done.stderr
        assert "HEALED" in done.stdout
        assert ratio(full_redis) < 0.85
        assert "s3cret" not in done.stdout + done.stderr
        assert project.autofix("audit", "verify").returncode == 0


def test_a_person_and_the_server_meet_in_the_store(tmp_path: Path, full_redis: RedisServer) -> None:
    with Project(tmp_path, group(full_redis)) as project:
        project.runbook("by-hand", USELESS.replace("name: useless", "name: by-hand").replace(
            "severity: P1", "severity: P1\n    enabled: false").replace(
            "- {playbook: touch.yml, rollback: undo.yml}", "- {playbook: flush.yml}"))  # fmt: skip
        project.playbook("flush.yml", FLUSH)
        project.serve()
        done = project.autofix("run", "by-hand", "--host", "r1")
        assert done.returncode == 0, done.stdout + done.stderr
        assert "HEALED" in done.stdout
        assert "serve pid" in project.autofix("runs", "show", "1").stdout


FLUSH = """
    - hosts: redis
      gather_facts: false
      tasks:
        - name: drop everything
          ansible.builtin.command:
            argv: [redis-cli, -p, "{{ redis_port }}", FLUSHALL]
          environment: {REDISCLI_AUTH: "{{ redis_password }}"}
          no_log: true
    """
