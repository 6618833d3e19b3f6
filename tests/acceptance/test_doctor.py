"""`autofix doctor` on real projects: sound ones, and ones with something wrong."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from autofix.ansible.folder import marker
from autofix.ansible.options import AnsibleOptions
from servers.http import Answer, http_server
from servers.project import Project
from servers.redis import free_port

TOUCH = """
    - hosts: web
      gather_facts: false
      tasks:
        - name: nothing
          ansible.builtin.command: {argv: ["true"]}
    """
HAND = """
    name: hand
    title: By hand
    fix: [{playbook: nothing.yml}]
    verify: none
    """


def made(path: Path, settings: dict[str, Any] | None = None) -> Project:
    project = Project(path, {"web": {"web1": {}}}, settings)
    project.runbook("hand", HAND)
    project.playbook("nothing.yml", TOUCH)
    return project


def findings(project: Project, *words: str) -> dict[tuple[str, str], str]:
    """(grade, check) → what was found and the mend."""
    done = project.autofix("doctor", "--json", *words)
    assert "Traceback" not in done.stderr
    value = json.loads(done.stdout)
    assert done.returncode == (1 if value["counts"]["fail"] else 0)
    found: dict[tuple[str, str], str] = {}
    for each in value["findings"]:
        key = (each["grade"], each["check"])
        found[key] = f"{found.get(key, '')}{each['what']} → {each['mend']}\n"
        assert each["grade"] == "ok" or each["mend"], each
    return found


def test_a_sound_project_with_a_server_has_no_fault(tmp_path: Path) -> None:
    with http_server() as pager:
        channels = {name: {"type": "webhook", "url": f"{pager.url}/{name}"} for name in "ab"}
        settings = {
            "channels": channels,
            "policies": {"default": {"channels": ["a", "b"]}},
            "heartbeat": {"url": f"{pager.url}/ping", "every": "1s"},
            "audit": {"witnesses": [{"type": "file", "path": str(tmp_path / "witness")}]},
        }
        with made(tmp_path, settings) as project:
            project.serve()
            project.wait_for(lambda: (project.json("status")["heartbeat"] or {}).get("heard_at"))
            found = findings(project)
            assert [each for each in found if each[0] == "fail"] == []
            for check in ("store", "server", "hosts", "heartbeat", "channel a",
                          "checkpoints", "witnesses", "permissions", "isolation"):  # fmt: skip
                assert ("ok", check) in found, check
            assert "was not asked" in found["ok", "channel a"]
            assert not [asked for asked in pager.asked if asked.path in ("/a", "/b")]
            sent = findings(project, "--send-test-pages", "--no-hosts")
            assert "took a test page" in sent["ok", "channel a"]
            assert len([asked for asked in pager.asked if asked.path in ("/a", "/b")]) == 2
            shown = project.autofix("status").stdout
            assert "doctor, " in shown
            assert "0 faults" in shown


def test_every_fault_is_found_and_says_how_to_mend_it(tmp_path: Path) -> None:
    with http_server() as pager:
        pager.say(Answer(500))
        down = {"type": "webhook", "url": f"http://127.0.0.1:{free_port()}/"}
        settings = {
            "channels": {"down": down, "bad": {"type": "webhook", "url": pager.url},
                         "gone": {"type": "command", "argv": ["/no/such/program"]}},
            "policies": {"default": {"channels": ["down"]}},
            "sentinel": {"enabled": True},
            "audit": {"witnesses": [{"type": "syslog", "address": "/no/log"}]},
        }  # fmt: skip
        with made(tmp_path, settings) as project:
            nowhere = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1"}
            project.inventory({"web": {
                "web1": {},
                "web2": {**nowhere, "ansible_port": free_port()},
                "web3": {"ansible_python_interpreter": "/no/python"},
            }})  # fmt: skip
            assert project.autofix("run", "hand", "--host", "web1").returncode == 0
            assert project.autofix("pause", "--reason", "lunch").returncode == 0
            (project.path / ".autofix" / "server.lock").chmod(0o644)
            (project.path / "playbooks" / "nothing.yml").chmod(0o666)
            found = findings(project, "--send-test-pages")
            expected = {
                ("fail", "server"): "none runs",
                ("fail", "sentinel"): "none watches",
                ("fail", "channel down"): "Connection refused",
                ("fail", "channel bad"): "answered 500",
                ("fail", "channel gone"): "can't start",
                ("warn", "policies"): "one channel",
                ("fail", "permissions"): "chmod 600",
                ("fail", "witnesses"): "/no/log",
                ("warn", "pause"): "lunch",
                ("warn", "heartbeat"): "dead-man's switch",
                ("warn", "synthetic"): "enabled: true",
            }
            for key, words in expected.items():
                assert words in found.get(key, ""), (key, found)
            assert "chmod o-w" in found["fail", "permissions"]
            assert "web2" in found["fail", "hosts"]
            assert "no Python" in found["fail", "hosts"]
            assert "1 of 3 can be worked on" in found["ok", "hosts"]
            table = project.autofix("doctor", "--no-hosts", "-q").stdout.splitlines()
            assert table[1].startswith("fail\t")
            assert not any(line.startswith("ok\t") for line in table)


def test_a_store_that_takes_nothing_and_a_playbook_nobody_is_at_are_faults(tmp_path: Path) -> None:
    with made(tmp_path) as project:
        assert project.autofix("run", "hand", "--host", "web1").returncode == 0
        folder = project.path
        options = AnsibleOptions(folder / "inventory", folder / "playbooks", folder / ".autofix")
        stray = subprocess.Popen(
            [sys.executable, "-c", "import time; print(flush=True); time.sleep(300)"],
            env={**os.environ, "AUTOFIX_RUN": marker(options, 1)}, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert stray.stdout is not None
        stray.stdout.readline()
        try:
            found = findings(project, "--no-hosts")
            assert f"kill {stray.pid}" in found["fail", "processes"]
        finally:
            stray.send_signal(signal.SIGKILL)
            stray.communicate()
        (folder / ".autofix" / "autofix.db").write_bytes(b"no database\n" * 500)
        for more in (folder / ".autofix").glob("autofix.db-*"):
            more.unlink()
        found = findings(project, "--no-hosts")
        assert ("fail", "store") in found


@pytest.mark.parametrize("words", [["--hosts", "nowhere"], ["--timeout", "0"], ["--hosts", ""]])
def test_wrong_words_are_said_in_a_line(tmp_path: Path, words: list[str]) -> None:
    with made(tmp_path) as project:
        done = project.autofix("doctor", *words)
        assert "Traceback" not in done.stdout + done.stderr
        assert done.returncode in (0, 1, 2)
