"""A fix fails; a broken channel is passed over; a person takes it by the link, and mends it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from servers.http import HttpServer, http_server
from servers.project import Project

BREAKS = """
    name: breaks
    title: The report
    severity: P1
    fix:
      - {playbook: breaks.yml}
    verify: none
    """
PLAY = """
    - hosts: local
      gather_facts: false
      tasks:
        - name: fail
          ansible.builtin.fail: {msg: "no room"}
    """


def heard(server: HttpServer) -> list[dict[str, Any]]:
    return [json.loads(asked.body) for asked in server.asked]


def project_with(server: HttpServer, folder: Path) -> Project:
    broken = {"type": "command", "argv": [sys.executable, "-c", "raise SystemExit('no line')"]}
    project = Project(
        folder,
        {"local": {"box": {}}},
        {
            "public_url": "https://autofix.example.com",
            "channels": {"broken": broken, "hook": {"type": "webhook", "url": server.url}},
            "policies": {"default": {"channels": ["broken", "hook"]}},
            "sentinel": {"enabled": False},
        },
    )
    project.runbook("breaks", BREAKS)
    project.playbook("breaks.yml", PLAY)
    return project


def test_a_person_is_reached_takes_it_by_the_link_and_it_is_closed(tmp_path: Path) -> None:
    with http_server() as server, project_with(server, tmp_path) as project:
        project.serve()
        project.autofix("run", "breaks", "--host", "box", "--yes")
        (call,) = project.wait_for(lambda: heard(server))
        assert (call["event"], call["incident"], call["level"]) == ("call", 1, 1)
        (line,) = (x for x in call["text"].splitlines() if x.startswith("acknowledge: "))
        link = line.removeprefix("acknowledge: ")
        assert link.startswith("https://autofix.example.com/ack/")

        shown = project.wait_for(lambda: said(project, "pages", "show", "1", but="sent hook"))
        assert "failed broken" in shown
        assert "no line" in shown
        assert link.rpartition("/")[2] not in shown

        done = project.autofix("incidents", "ack", "--code", link)
        assert done.stdout.startswith("incident 1 is acknowledged: acknowledged by ")
        project.wait_for(lambda: [page["event"] for page in heard(server)] == ["call", "taken"])

        story = said(project, "incidents", "show", "1")
        assert "by the link of a page" in story
        assert "somebody is called again in 3h" in story
        assert project.autofix("incidents", "resolve", "1").returncode == 0
        events = ["call", "taken", "closing"]
        project.wait_for(lambda: [page["event"] for page in heard(server)] == events)
        assert len({page["dedup_key"] for page in heard(server)}) == 1
        kinds = [row["kind"] for row in project.json("pages", "list", "--incident", "1")]
        assert kinds == ["closing", "taken", "call"]


def said(project: Project, *words: str, but: str = "") -> str:
    """What a command prints; nothing as long as `but` is not in it."""
    done = project.autofix(*words)
    assert done.returncode == 0, done.stderr
    return done.stdout if but in done.stdout else ""
