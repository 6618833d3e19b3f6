"""A small project folder for runs: an inventory of local hosts, and playbooks given as text."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from textwrap import dedent
from typing import Any

from autofix.ansible.options import AnsibleOptions
from autofix.ansible.runner import AnsibleRunner
from autofix.core.runs import RunEvent, RunOrder, RunResult

HOSTS = """
all:
  vars: {ansible_connection: local, ansible_python_interpreter: /usr/bin/python3}
  hosts:
    web1: {}
    web2: {}
"""


class Site:
    """`run` writes the tasks as a playbook, runs it on web1 and keeps the events."""

    def __init__(self, path: Path, hosts: str = HOSTS, **options: Any) -> None:
        self.path = path
        self.events: list[RunEvent] = []
        self.cancel = threading.Event()
        for name in ("inventory", "playbooks"):
            (path / name).mkdir()
        (path / "inventory" / "hosts.yml").write_text(hosts)
        self.options = AnsibleOptions(
            path / "inventory", path / "playbooks", path / "state", **options
        )

    def playbook(self, text: str, name: str = "play.yml") -> str:
        (self.path / "playbooks" / name).write_text(dedent(text))
        return name

    def tasks(self, text: str, name: str = "play.yml") -> str:
        """A playbook of one play for all hosts, without gathering facts."""
        head = "- hosts: all\n  gather_facts: false\n  tasks:\n"
        body = "".join(f"    {line}\n" for line in dedent(text).strip().splitlines())
        return self.playbook(head + body, name)

    def order(self, playbook: str = "play.yml", **changes: Any) -> RunOrder:
        values: dict[str, Any] = {"run_id": 1, "host": "web1", "variables": {}, "timeout": 60.0}
        return RunOrder(playbook=playbook, **(values | changes))

    def run(
        self,
        *,
        secrets: Callable[[str], Iterable[str]] | None = None,
        on_event: Callable[[RunEvent], None] | None = None,
        **changes: Any,
    ) -> RunResult:
        runner = AnsibleRunner(self.options, secrets)
        return runner.run(self.order(**changes), on_event or self.events.append, self.cancel)

    def kinds(self) -> list[str]:
        return [event.kind for event in self.events]

    def texts(self, kind: str) -> list[str]:
        return [event.text for event in self.events if event.kind == kind]

    def left_in_runs(self) -> list[str]:
        """Files and folders of runs that are over: there should be none."""
        return sorted(path.name for path in self.options.runs.glob("*"))


def eventually(condition: Callable[[], Any], seconds: float = 20.0, what: str = "") -> Any:
    """Wait until the condition gives something true; fail after so many seconds."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, f"not within {seconds} s: {what or condition}"
        time.sleep(0.02)
    return found


def alive(pid: int) -> bool:
    """It exists and is no zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def saying(needle: str) -> list[int]:
    """Live processes whose command line or environment holds this text."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        if process.name == str(os.getpid()):
            continue
        try:
            told = b"".join((process / file).read_bytes() for file in ("cmdline", "environ"))
        except OSError:
            continue
        if needle.encode() in told and alive(int(process.name)):
            found.append(int(process.name))
    return found
