"""A real Prometheus and Alertmanager, by contrib's own files: Redis fills up → autofix heals it,
and nobody is called; autofix is down → people are called, and the alert is delivered after."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from servers.project import ROOT, Project
from servers.prometheus import CONTRIB, SHORT, Monitoring, free_port
from servers.redis import RedisServer, redis_server

SECRET = "a-secret-of-alertmanager"
MAXMEMORY = 20 * 1024 * 1024
SOURCES = {"alertmanager": {"type": "alertmanager", "auth": "bearer", "secret": SECRET}}
STUCK = """
name: stuck
title: Something is stuck
triggers:
  - {alert: Stuck, host: host}
fix:
  - playbook: kick.yml
verify:
  probe: command
  with: {argv: [test-marker, FOLDER], parse: json}
  until: well
  within: 30s
  every: 500ms
guards: {cooldown: 1s}
"""
ALWAYS = """
groups:
  - name: always
    rules:
      - alert: Stuck
        expr: vector(1)
        labels: {host: web1, autofix: "yes"}
"""


def redis_project(path: Path, redis: RedisServer, settings: dict[str, Any]) -> Project:
    """The shipped runbook, started by nothing but the alert."""
    groups = {"redis": {"r1": {"ansible_host": "127.0.0.1", **redis.variables}}}
    project = Project(path, groups, settings)
    project.runbook("redis-memory-high")
    runbook = yaml.safe_load((ROOT / "runbooks" / "redis-memory-high.yaml").read_text())
    # The exporter's address is the host's, with a port of its own.
    runbook["triggers"] = [{"alert": "RedisMemoryHigh", "host": "instance", "strip_port": True}]
    runbook["verify"] |= {"within": "10s", "hold": "1s", "every": "500ms"}
    project.runbook("redis-memory-high", yaml.safe_dump(runbook))
    return project


def deliveries(project: Project) -> list[dict[str, Any]]:
    """With what each alert meant, oldest first."""
    found = project.asks("/alerts")
    return sorted(found["items"], key=lambda row: row["id"])


def ended(project: Project) -> dict[str, Any]:
    """The first incident, once it is over."""

    def over() -> dict[str, Any] | None:
        found = project.asks("/incidents/1")
        incident: dict[str, Any] = found["incident"] if found else {"state": "none"}
        return incident if incident["state"] in ("healed", "escalated") else None

    incident: dict[str, Any] = project.wait_for(over)
    assert incident["state"] == "healed", incident["reason"]
    return incident


def verdicts(project: Project) -> list[str]:
    return [each["verdict"] for row in deliveries(project) for each in row["judged"]]


def test_a_full_redis_is_healed_by_its_alert_and_nobody_is_called(tmp_path: Path) -> None:
    listen = f"127.0.0.1:{free_port()}"
    settings = {"sources": SOURCES, "web": {"listen": listen}}
    with (
        redis_server("--maxmemory", str(MAXMEMORY), password="s3cret") as redis,
        redis_project(tmp_path, redis, settings) as project,
        Monitoring(tmp_path / "mon", listen, SECRET) as monitoring,
    ):
        project.serve()
        monitoring.exporter(redis)
        monitoring.alertmanager()
        rules = (CONTRIB / "autofix.rules.yml").read_text().replace("for: 1m", "for: 1s")
        monitoring.prometheus(rules)
        redis.fill(int(MAXMEMORY * 0.3), prefix="keep")
        redis.fill(int(MAXMEMORY * 0.95), ttl=3600, prefix="session")

        healed = ended(project)
        assert (healed["runbook"], healed["host"]) == ("redis-memory-high", "r1")
        # Alertmanager says that it is over, though nothing waited for that.
        project.wait_for(lambda: "resolved" in deliveries(project)[-1]["body"])
        monitoring.wait_for(lambda: not monitoring.groups("people"))
        assert monitoring.called() == [], "healed within their quarter of an hour: people sleep"
        assert project.sent() == []

        assert verdicts(project)[0] == "fires"
        assert not [row for row in deliveries(project) if row["state"] != "accepted"]
        assert SECRET not in project.autofix("alerts", "list", "--json").stdout
        assert SECRET.encode() not in project.log.read_bytes()
        assert project.autofix("audit", "verify").returncode == 0


def test_people_are_called_only_for_what_still_stands(tmp_path: Path) -> None:
    """By contrib's routes: what was resolved while its group waited is never sent."""
    with Monitoring(tmp_path / "mon", f"127.0.0.1:{free_port()}", SECRET, waits="3s") as monitoring:
        monitoring.alertmanager()
        monitoring.post("Healed")
        monitoring.post("Stands")  # a group of its own, which waits for as long from now
        monitoring.post("Healed", over=True)
        monitoring.wait_for(lambda: "Stands" in str(monitoring.called()))
        assert "Healed" not in str(monitoring.called())


def stuck_project(path: Path, listen: str) -> Project:
    """What is stuck is well as soon as the playbook was there."""
    project = Project(path, {"web": {"web1": {}}}, {"sources": SOURCES, "web": {"listen": listen}})
    marker = path / "test-marker"
    marker.write_text(
        """#!/bin/sh
[ -e "$1/kicked" ] && echo '{"well": true}' || echo '{"well": false}'
"""
    )
    marker.chmod(0o755)
    project.runbook("stuck", STUCK.replace("test-marker", str(marker)).replace("FOLDER", str(path)))
    project.playbook(
        "kick.yml",
        f"""
        - hosts: all
          gather_facts: false
          tasks:
            - name: Kick it
              ansible.builtin.lineinfile:
                {{path: "{path}/kicked", line: "{{{{ 1 }}}}", create: true}}
        """,
    )
    return project


def story_of_an_outage(tmp_path: Path, seconds: float, times: dict[str, str], waits: str) -> None:
    """A pair of Alertmanagers finds nobody at home for so long; then both deliver."""
    listen = f"127.0.0.1:{free_port()}"
    with (
        stuck_project(tmp_path, listen) as project,
        Monitoring(tmp_path / "mon", listen, SECRET, waits=waits, times=times) as monitoring,
    ):
        monitoring.alertmanager()
        monitoring.alertmanager()
        down = time.monotonic()
        monitoring.prometheus(ALWAYS)
        monitoring.wait_for(
            lambda: monitoring.failures() >= 2 and time.monotonic() - down >= seconds,
            seconds=seconds + 60,
        )
        # Nothing in the route to people asks autofix.
        monitoring.wait_for(monitoring.called)
        assert monitoring.called()[0]["alerts"][0]["labels"]["alertname"] == "Stuck"

        project.serve()
        ended(project)
        # Both of the pair post, and Alertmanager's own repetitions too: still one incident.
        project.wait_for(lambda: len(deliveries(project)) >= 2)
        assert verdicts(project).count("fires") == 1
        assert len(project.asks("/incidents")["items"]) == 1
        assert len(project.asks("/incidents/1")["runs"]) == 1


def test_what_came_while_autofix_was_down_is_delivered_after(tmp_path: Path) -> None:
    story_of_an_outage(tmp_path, 3, dict(SHORT), waits="2s")


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_ten_minutes_down_with_the_times_of_contrib(tmp_path: Path) -> None:
    """SAFETY 24. Only people's quarter of an hour is cut short, so that it lies within."""
    story_of_an_outage(tmp_path, 600, {}, waits="5m")
