"""A project folder for measurements: one local host, a runbook that touches a file."""

from __future__ import annotations

import sys
from pathlib import Path

RUNBOOK = """\
name: touch
title: A file is wanted
triggers:
  - probe: command
    hosts: web
    every: {every}
    with: {{argv: [cat, {folder}/wanted], parse: exit}}
    when: ok
fix:
  - {{playbook: touch.yml}}
verify:
  probe: command
  with: {{argv: [test, -e, {folder}/touched]}}
  until: ok
  within: 10s
  every: 500ms
guards: {{cooldown: 0s, attempts: {{max: 1000, per: 1h}}}}
"""
PLAYBOOK = """\
- hosts: web
  gather_facts: false
  tasks:
    - name: touch
      ansible.builtin.file: {{path: {folder}/touched, state: touch, mode: "0600"}}
"""
INVENTORY = "web:\n  hosts:\n"
HOST = "    {name}: {{ansible_connection: local, ansible_python_interpreter: {python}, {more}}}\n"
SETTINGS = """\
channels: {{none: {{type: command, argv: ["true"]}}, also: {{type: command, argv: ["true"]}}}}
policies: {{default: {{channels: [none, also]}}}}
sentinel: {{enabled: false}}
web: {{listen: "127.0.0.1:0"}}
"""


def build(
    folder: Path, *, hosts: int = 1, more: str = "", runbook: str = "", every: str = "1s"
) -> None:
    """Write the project into `folder`."""
    for name in ("inventory", "playbooks", "runbooks"):
        (folder / name).mkdir()
    lines = [HOST.format(name=f"web{n}", python=sys.executable, more=more) for n in range(hosts)]
    (folder / "inventory" / "hosts.yml").write_text(INVENTORY + "".join(lines))
    (folder / "playbooks" / "touch.yml").write_text(PLAYBOOK.format(folder=folder))
    (folder / "runbooks" / "touch.yaml").write_text(
        runbook or RUNBOOK.format(folder=folder, every=every)
    )
    (folder / "autofix.yaml").write_text(SETTINGS.format())
