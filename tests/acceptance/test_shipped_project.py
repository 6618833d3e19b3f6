"""The repository's root is a project itself, and what it ships keeps its own rules."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from autofix.app import starter

ROOT = Path(__file__).resolve().parents[2]
PLAYBOOKS = sorted((ROOT / "playbooks").glob("*.yml"))
TASKS = sorted((ROOT / "playbooks" / "tasks").glob("*.yml"))
KEYWORDS = {
    *("name", "when", "vars", "register", "until", "retries", "delay", "changed_when"),
    *("failed_when", "check_mode", "no_log", "loop", "loop_control", "block", "always"),
}


def test_autofix_check_finds_nothing_wrong_at_the_root() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "autofix", "-C", str(ROOT), "check"],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_new_project_begins_like_this_one() -> None:
    assert (ROOT / "autofix.yaml").read_text() == starter.SETTINGS
    assert (ROOT / "inventory" / "hosts.yml").read_text() == starter.INVENTORY


@pytest.mark.parametrize("file", PLAYBOOKS, ids=lambda file: file.stem)
def test_a_playbook_is_for_one_group_and_gets_everything_as_one_text(file: Path) -> None:
    (play,) = yaml.safe_load(file.read_text())
    assert play["hosts"] == file.stem.partition("_")[0]
    assert play["gather_facts"] is False
    assert play["vars"]["af"] == "{{ event_json | from_json }}"
    assert any(
        "ansible.builtin.set_stats" in task or "report" in str(task) for task in play["tasks"]
    )


@pytest.mark.parametrize("file", PLAYBOOKS + TASKS, ids=lambda file: file.stem)
def test_tasks_use_builtin_modules_no_shell_and_hide_the_password(file: Path) -> None:
    for task in _tasks(yaml.safe_load(file.read_text())):
        assert "{{" not in task["name"]
        modules = set(task) - KEYWORDS
        assert "environment" not in modules  # it would stand on a command line
        assert all(name.startswith("ansible.builtin.") for name in modules), modules
        assert not modules & {"ansible.builtin.shell", "ansible.builtin.raw"}
        command = task.get("ansible.builtin.command")
        assert command is None or "argv" in command
        assert command is None or "stdin" not in command or task["no_log"] is True


def _tasks(found: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for task in found:
        if "hosts" in task:
            yield from _tasks(task["tasks"])
            continue
        yield task
        for part in ("block", "always"):
            yield from _tasks(task.get(part, []))
