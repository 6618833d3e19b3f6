"""A silence from the command line, with a real server and a real failure, start to end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from servers.project import Project
from servers.redis import RedisServer, redis_server

MAXMEMORY = 40 * 1024 * 1024
MEMORY = """
    name: memory
    title: Redis memory above 90 %
    severity: P1
    triggers:
      - {probe: redis, hosts: redis, every: 1s, when: used_memory_ratio > 0.9}
    fix:
      - {playbook: grow.yml}
    verify: {probe: redis, until: used_memory_ratio < 0.85, within: 10s, every: 500ms}
    """
GROW = """
    - hosts: redis
      gather_facts: false
      tasks:
        - name: give it more memory
          ansible.builtin.command: "redis-cli -p {{ redis_port }} config set maxmemory 500mb"
          delegate_to: localhost
          changed_when: true
    """


@pytest.fixture
def full_redis() -> Iterator[RedisServer]:
    with redis_server("--maxmemory", str(MAXMEMORY)) as server:
        server.fill(int(MAXMEMORY * 0.95))
        yield server


def test_what_is_silent_is_left_alone_until_the_silence_is_over(
    tmp_path: Path, full_redis: RedisServer
) -> None:
    hosts = {"redis": {"r1": {"ansible_host": "127.0.0.1", **full_redis.variables}}}
    with Project(tmp_path, hosts) as project:
        project.runbook("memory", MEMORY)
        project.playbook("grow.yml", GROW)
        made = project.autofix(
            "silences", "add", "--group", "redis", "--for", "1h", "--reason", "disk swap"
        )
        assert (made.returncode, made.stdout[:24]) == (0, "silence 1: group redis, ")
        project.serve()
        held = project.wait_for_state(1, "held", "healed", "escalated")
        assert held["reason"].startswith("silence: silence 1 (group redis) by ")
        by_hand = project.autofix("run", "memory", "--host", "r1", "--yes")
        assert by_hand.returncode == 3
        assert "disk swap" in by_hand.stdout
        assert "silence 1: group redis for another" in project.autofix("status").stdout
        assert project.sent() == []
        ended = project.autofix("silences", "end", "1")
        assert "silence 1 is ended: 1 incident that it held is decided anew" in ended.stdout
        healed = project.wait_for_state(1, "healed", "escalated")
        assert healed["state"] == "healed", healed["reason"]
        actions = project.autofix("audit", "list", "--limit", "1000").stdout
        assert "silence.added" in actions
        assert "silence.ended" in actions
