"""A person tries an alert out, a monitoring posts it, a person replays it: the command line and a
real server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from safety.test_hooks_injection import Sender
from servers.project import Project
from servers.prometheus import free_port

SECRET = "the-senders-own-secret"
RUNBOOK = """
name: kick
title: Kick it
triggers:
  - alert: Stuck
    match: {team: web}
    host: host
    inputs: {note: labels.note}
inputs:
  note: {type: string, max_length: 20}
fix:
  - playbook: kick.yml
    vars: {note: "{{ inputs.note }}"}
verify:
  probe: command
  with: {argv: [/bin/sh, FOLDER/well.sh], parse: json}
  until: well
  within: 20s
  every: 500ms
guards: {cooldown: 1s}
"""
PLAYBOOK = """
- hosts: all
  gather_facts: false
  tasks:
    - name: Kick
      ansible.builtin.file:
        path: "{{ playbook_dir }}/../kicked"
        state: touch
"""
WELL = """cd "$(dirname "$0")"
[ -e kicked ] && echo '{"well": true}' || echo '{"well": false}'
"""


def project_of(path: Path, port: int) -> Project:
    source = {"type": "generic", "auth": "bearer", "secret": SECRET, "name": "body.name"}
    settings = {"sources": {"mon": source}, "web": {"listen": f"127.0.0.1:{port}"}}
    project = Project(path, {"web": {"web1": {}}}, settings)
    project.runbook("kick", RUNBOOK.replace("FOLDER", str(path)))
    project.playbook("kick.yml", PLAYBOOK)
    (path / "well.sh").write_text(WELL)
    return project


def body(**labels: Any) -> dict[str, Any]:
    return {"name": "Stuck", "host": "web1", "team": "web", **labels}


def test_an_alert_is_tried_out_posted_and_replayed(tmp_path: Path) -> None:
    port = free_port()
    with project_of(tmp_path, port) as project:
        file = tmp_path / "alert.json"

        def tried(found: Any) -> tuple[int, str]:
            file.write_text(found if isinstance(found, str) else json.dumps(found))
            done = project.autofix("alerts", "test", str(file))
            return done.returncode, done.stdout + done.stderr

        code, said = tried(body(note="hello"))
        assert (code, said.splitlines()[-1]) == (0, "→ it would fire kick on web1"), said
        code, said = tried(body(team="db"))
        assert (code, "would fire nothing: kick: label 'team' is 'db', not 'web'" in said) == (
            3,
            True,
        )
        assert project.json("alerts", "list") == []

        project.serve()
        status, answer = Sender(port).post(body(host="web9"), SECRET)
        assert (status, answer) == (202, {"delivery": 1, "verdicts": {"ignored": 1}})
        status, answer = Sender(port).post(body(), "wrong")
        assert status == 401
        listed = project.autofix("alerts", "list").stdout.splitlines()
        assert "host 'web9' is not in the inventory" in listed[2]
        assert "refused 401" in listed[1]

        # The host was missing in the inventory: it is added, and the alert judged anew.
        project.inventory({"web": {"web1": {}, "web9": {}}})
        project.wait_for(
            lambda: project.autofix("alerts", "replay", "1").stdout.count("fires kick on web9")
        )
        healed = project.wait_for_state(1, "healed", "escalated", "recovered")
        assert (healed["state"], healed["host"]) == ("healed", "web9"), healed["reason"]
        assert ", replayed by " in healed["requested_by"]
        why = project.autofix("why", "kick", "--host", "web9").stdout
        assert "of mon: fired, incident 1" in why
