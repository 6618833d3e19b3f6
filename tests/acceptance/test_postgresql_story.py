"""Two servers on one PostgreSQL: one leads, one stands by and takes over when the first dies."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from servers import postgres
from servers.project import Project

DONE = """
    name: done
    title: Does what it is told
    severity: P2
    fix: [{playbook: done.yml, timeout: 5m}]
    verify: none
    guards: {cooldown: 0s}
    """
PLAY = """
    - hosts: web
      gather_facts: false
      vars: {af: "{{ event_json | from_json }}"}
      tasks:
        - name: write a line
          ansible.builtin.lineinfile: {path: FILE, line: "{{ af.run }}", create: true}
    """


@pytest.fixture
def database() -> Iterator[str]:
    made = postgres.cluster().database()
    yield made
    postgres.cluster().drop(made)


def site(path: Path, url: str, file: Path) -> Project:
    path.mkdir()
    secret = path / "secret"
    secret.write_text(f"{postgres.cluster().password}\n")
    bare = url.replace(f":{postgres.cluster().password}@", "@")
    project = Project(
        path, {"web": {"web1": {}}}, {"store": bare, "store_password_file": str(secret)}
    )
    project.runbook("done", DONE)
    project.playbook("done.yml", PLAY.replace("FILE", str(file)))
    return project


def lines(file: Path) -> list[str]:
    return file.read_text().split() if file.exists() else []


def test_a_second_server_stands_by_and_takes_over_when_the_first_dies(
    tmp_path: Path, database: str
) -> None:
    file = tmp_path / "executed"
    with ExitStack() as stack:
        first, second = (
            stack.enter_context(site(tmp_path / name, database, file)) for name in ("one", "two")
        )
        leader = first.serve()
        shutil.copytree(first.path / ".autofix" / "keys", second.path / ".autofix" / "keys")
        second.serve("standing by: serve pid")
        said = f"serve pid {leader.pid} on "
        assert said in second.json("status")["server"]
        done = second.autofix("run", "done", "--host", "web1", "--yes")
        assert done.returncode == 0, done.stderr
        assert lines(file) == ["1"]
        first.kill()
        killed = time.monotonic()
        second.wait_for(lambda: "autofix serves" in second.log.read_text())
        print(f"failover: {time.monotonic() - killed:.1f} s")
        assert time.monotonic() - killed < 20
        done = first.autofix("run", "done", "--host", "web1", "--yes")
        assert done.returncode == 0, done.stderr
        assert lines(file) == ["1", "2"]
        assert second.log.read_text().count("standing by:") == 1
        first.serve("standing by: serve pid")
        assert second.stop() == 0
        first.wait_for(lambda: first.log.read_text().count("autofix serves") == 2)
        assert first.autofix("audit", "verify").returncode == 0
        shown = first.log.read_text() + second.log.read_text() + done.stdout + done.stderr
        assert postgres.cluster().password not in shown


def test_what_is_in_the_way_of_the_store_is_one_line_with_exit_code_4(
    tmp_path: Path, database: str
) -> None:
    with site(tmp_path / "one", database + "x", tmp_path / "file") as project:
        done = project.autofix("incidents", "list")
        assert done.returncode == 4
        assert "does not exist" in done.stderr
        assert postgres.cluster().password not in done.stderr
        (tmp_path / "one" / "secret").write_text("wrong\n")
        done = project.autofix("run", "done", "--host", "web1")
        assert done.returncode == 4
        assert "refuses the password" in done.stderr
        assert "Traceback" not in done.stderr
