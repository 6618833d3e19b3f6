"""SAFETY 37: where the record can't be written nothing starts, and a person is paged."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from servers.project import Project

WATCH = """
    name: watch
    title: The sign is there
    triggers:
      - {probe: command, hosts: web, every: 1s, with: {argv: [test, -e, SIGN], parse: exit},
         when: ok}
    fix: [{playbook: fix.yml}]
    verify: {probe: command, with: {argv: [test, '!', -e, SIGN], parse: exit}, until: ok,
             within: 5s, every: 500ms}
    guards: {cooldown: 0s}
    """
FIX = """
    - hosts: web
      gather_facts: false
      tasks:
        - name: leave a trace
          ansible.builtin.file: {path: "{{ inventory_dir }}/../ran", state: touch, mode: "0600"}
        - name: take the sign away
          ansible.builtin.file: {path: "{{ inventory_dir }}/../sign", state: absent}
    """
REFUSES = (
    "CREATE TRIGGER no_record BEFORE INSERT ON audit "
    "BEGIN SELECT RAISE(ABORT, 'the record can not be written'); END"
)


def edit(project: Project, statement: str) -> None:
    with closing(sqlite3.connect(project.path / ".autofix" / "autofix.db", timeout=30)) as store:
        store.execute(statement)
        store.commit()


def paged(project: Project) -> bool:
    return any("can't work with its store" in page["title"] for page in project.sent())


def actions(project: Project) -> list[str]:
    return [each["event"]["action"] for each in project.json("audit", "list")]


def test_only_the_record_fails_and_nothing_starts_until_it_can_be_written(tmp_path: Path) -> None:
    with Project(tmp_path, {"web": {"web1": {}}}, {"sentinel": {"enabled": False}}) as project:
        project.runbook("watch", WATCH.replace("SIGN", str(tmp_path / "sign")))
        project.playbook("fix.yml", FIX)
        project.serve()
        project.wait_for(lambda: project.json("why", "watch", "--host", "web1"))
        edit(project, REFUSES)
        (tmp_path / "sign").touch()
        began = time.monotonic()
        project.wait_for(lambda: paged(project), 60)
        assert time.monotonic() - began < 30
        by_hand = project.autofix("run", "watch", "--host", "web1", "--yes")
        assert by_hand.returncode == 4, by_hand.stderr
        assert not (tmp_path / "ran").exists()
        assert project.json("runs", "list") == []
        edit(project, "DROP TRIGGER no_record")
        project.wait_for_state(1, "healed")
        assert (tmp_path / "ran").exists()
        project.wait_for(lambda: "store.recovered" in actions(project), 30)
        assert project.stop() == 0
        done = project.autofix("audit", "verify")
        assert done.returncode == 0, done.stdout + done.stderr
