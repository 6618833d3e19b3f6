"""A project of small web servers, each a file that says how it is; real Ansible changes the files.

web = Web(tmp_path, hosts=4, guards="batches: [1, 100%]")
web.is_(well=False)                     # all of them fall ill
web.fix("well: true")                   # what the playbook makes of a host
web.touched()                         # hosts that the playbook was at
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from servers.project import Project

RUNBOOK = """
name: web-stuck
title: The web server is stuck
TRIGGERS
fix:
  - playbook: kick.ymlSTEP
verify:
  probe: command
  with: {argv: [cat-host, FOLDER], parse: json}
  until: well
  within: 3s
  every: 1s
guards: {cooldown: 1s, GUARDS}
"""
TRIGGER = """\
triggers:
  - probe: command
    with: {argv: [cat-host, FOLDER], parse: json}
    hosts: web
    every: 1s
    when: not well"""
PLAY = """
- hosts: all
  gather_facts: false
  tasks:
    - name: Note that this host was touched
      ansible.builtin.file: {path: "FOLDER/NAME-{{ inventory_hostname }}", state: touch}
TASKS
"""
CAT = """#!/bin/sh
exec cat "$1/$AUTOFIX_HOST"
"""


class Web(Project):
    def __init__(
        self, path: Path, hosts: int = 4, *, guards: str = "at_once: 1", step: str = "",
        watched: bool = False, settings: dict[str, Any] | None = None,
    ) -> None:  # fmt: skip
        self.hosts = [f"web{n}" for n in range(1, hosts + 1)]
        self.folder = path / "hosts"
        path.mkdir(exist_ok=True)
        self.folder.mkdir()
        wide = {"limits": {"percent_of_group": "100%", "hosts_at_once": 50}}
        groups = {"web": {name: {} for name in self.hosts}}
        super().__init__(path, groups, {**wide, **(settings or {})})
        cat = path / "cat-host"
        cat.write_text(CAT)
        cat.chmod(0o755)
        text = RUNBOOK.replace("TRIGGERS", TRIGGER if watched else "").replace("GUARDS", guards)
        text = text.replace("STEP", step).replace("cat-host", str(cat))
        self.runbook("web-stuck", text.replace("FOLDER", str(self.folder)))
        self.is_(well=True)
        self.play("kick.yml", {"well": True})

    def is_(self, *hosts: str, **facts: Any) -> None:
        """How these hosts (or all) are from now on."""
        for name in hosts or self.hosts:
            new = self.folder / f".{name}"
            new.write_text(json.dumps(facts))
            new.replace(self.folder / name)

    def play(self, name: str, facts: dict[str, Any] | None = None, *, more: str = "") -> None:
        """A playbook: it notes that it was there, does `more` tasks, and leaves these facts."""
        leaves = f"""
    - name: Leave it so
      ansible.builtin.copy:
        dest: "FOLDER/{{{{ inventory_hostname }}}}"
        content: '{json.dumps(facts)}'
"""
        text = PLAY.replace("TASKS", more + (leaves if facts is not None else ""))
        text = text.replace("NAME", Path(name).stem).replace("FOLDER", str(self.folder))
        self.playbook(name, text)

    def touched(self, by: str = "kick") -> list[str]:
        """The hosts that this playbook was at."""
        return [name for name in self.hosts if (self.folder / f"{by}-{name}").exists()]

    def incidents(self) -> list[dict[str, Any]]:
        """All of them, oldest first."""
        found: list[dict[str, Any]] = self.json("incidents", "list", "--all")
        return sorted(found, key=lambda each: int(each["id"]))

    def states(self) -> list[str]:
        """Of all of them, oldest first, as the server says: for who asks again and again."""
        found = self.asks("/incidents?limit=1000")["items"]
        return [each["state"] for each in sorted(found, key=lambda each: int(each["id"]))]
