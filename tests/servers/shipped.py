"""The shipped playbooks, run through the real runner on this machine against a server of the tests.

run = shipped("redis", server.variables, tmp_path)
result = run("redis_rewrite_aof.yml", {"fork_factor": 1}, facts={"port": server.port})
assert result.outcome == Outcome.OK and result.report["aof_size_after"] > 0
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from autofix.ansible.options import AnsibleOptions
from autofix.ansible.runner import AnsibleRunner
from autofix.core.runs import RunEvent, RunOrder, RunResult

ROOT = Path(__file__).resolve().parents[2]
HOST = "server1"


class Shipped:
    """Runs a shipped playbook on the one host; `texts` is what the last run told, all of it."""

    def __init__(self, group: str, variables: Mapping[str, Any], folder: Path) -> None:
        host = {
            "ansible_connection": "local",
            "ansible_python_interpreter": "/usr/bin/python3",
            **{name: _unsafe(value) for name, value in variables.items()},
        }
        lines = [f"          {name}: {value}" for name, value in host.items()]
        text = "\n".join([f"{group}:", "  hosts:", f"    {HOST}:", *lines])
        inventory = folder / "inventory"
        inventory.mkdir()
        (inventory / "hosts.yml").write_text(text + "\n")
        secrets = [str(value) for name, value in variables.items() if name.endswith("password")]
        options = AnsibleOptions(inventory, ROOT / "playbooks", folder / "state")
        self._runner = AnsibleRunner(options, lambda _: secrets)
        self._number = 0
        self.events: list[RunEvent] = []

    def __call__(
        self,
        playbook: str,
        variables: Mapping[str, Any] | None = None,
        *,
        facts: Mapping[str, Any] | None = None,
        check: bool = False,
        timeout: float = 120.0,
    ) -> RunResult:
        self._number += 1
        self.events.clear()
        leaf = {
            **(variables or {}),
            "host": HOST,
            "incident": 1,
            "run": self._number,
            "runbook": "test",
            "kind": "fix",
            "step": 1,
            "facts": dict(facts or {}),
            "report": {},
        }
        order = RunOrder(self._number, playbook, HOST, leaf, timeout, check=check)
        return self._runner.run(order, self.events.append, threading.Event())

    @property
    def texts(self) -> str:
        return "\n".join(f"{event.kind} {event.task}: {event.text}" for event in self.events)


def shipped(group: str, variables: Mapping[str, Any], folder: Path) -> Shipped:
    """A runner for one host in `group` that has these connection variables."""
    return Shipped(group, variables, folder)


Run = Callable[..., RunResult]


def _unsafe(value: Any) -> str:
    # A password may look like a template; JSON is YAML, and !unsafe keeps it a text.
    return f"!unsafe {json.dumps(value)}" if isinstance(value, str) else json.dumps(value)
