"""Stop at once, with the real server, the real command line and real Ansible."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from safety.test_kill_switch import locked
from servers.project import environment
from servers.site import saying
from servers.web import Web

SLOW = """
    - name: Take long
      ansible.builtin.command: {argv: [sleep, "MARK"]}
"""
STEP = "\n    rollback: undo.yml\n    afterwards: tidy.yml"


@contextmanager
def working(path: Path) -> Iterator[tuple[Web, str]]:
    """A server in the middle of a playbook that takes long, and the mark of its process."""
    mark = f"{time.time_ns() % 10**6 + 900}.{time.time_ns() % 10**9}"
    with Web(path / "web", 2, step=STEP, watched=True) as web:
        web.play("kick.yml", more=SLOW.replace("MARK", mark))
        web.play("undo.yml")
        web.play("tidy.yml")
        web.is_("web1", well=False)
        web.serve()
        web.wait_for(lambda: bool(saying(mark)))
        yield web, mark


def pause(web: Web, *words: str) -> tuple[float, float, subprocess.CompletedProcess[str]]:
    """Seconds until the command said that it is paused, until it ended, and how."""
    before = time.monotonic()
    child = subprocess.Popen(
        [sys.executable, "-m", "autofix", "-C", str(web.path), "pause", *words], text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(),
    )  # fmt: skip
    assert child.stdout is not None
    first = child.stdout.readline()
    said = time.monotonic() - before
    out, err = child.communicate(timeout=60)
    took = time.monotonic() - before
    done = subprocess.CompletedProcess(child.args, child.returncode, first + out, err)
    return said, took, done


class Ended(threading.Thread):
    """Notes after how many seconds from now on the processes of this mark were gone."""

    def __init__(self, mark: str) -> None:
        super().__init__(daemon=True)
        self.mark, self.began, self.after, self.at = mark, time.monotonic(), 0.0, 0.0
        self.start()

    def run(self) -> None:
        while saying(self.mark) and time.monotonic() - self.began < 60:
            time.sleep(0.05)
        self.after, self.at = time.monotonic() - self.began, time.time()

    def seconds(self) -> float:
        self.join()
        return self.after


@pytest.mark.parametrize("held", [False, True], ids=["as usual", "database locked"])
def test_what_runs_ends_and_what_puts_things_back_stays_owed(tmp_path: Path, held: bool) -> None:
    with working(tmp_path) as (web, mark):
        with locked(web.path / ".autofix" / "autofix.db") as let_go:
            if not held:
                let_go()
            ended = Ended(mark)
            said, took, done = pause(web, "--host", "web1", "--cancel-running", "--reason", "look")
            print(f"paused {said:.2f} s, ended {ended.seconds():.2f} s, told {took:.2f} s after")
            assert "paused: nothing new starts for web1" in done.stdout
            if held:
                assert done.returncode == 4
                assert "not on the record" in done.stderr
            else:
                assert done.returncode == 0
                assert "ended: run 1 kick.yml on web1: cancelled" in done.stdout
        status = web.wait_for(lambda: _owed(web, "undo.yml"))
        (only,) = status["pauses"]
        assert (only["host"], only["reason"], only["runbook"]) == ("web1", "look", "")
        # From the moment the pause held; before that the command had to be loaded.
        assert ended.at - only["at"] < 5.0
        lines = web.autofix("status").stdout
        assert "paused: web1 paused by" in lines
        assert "rollback undo.yml on web1 - starts when resumed" in lines
        (event,) = web.json("audit", "list", "--action", "pause.set")
        assert not held or event["event"]["payload"]["recorded_at"] > only["at"]
        assert event["event"]["at"] == only["at"]
        assert web.touched("undo") == []

        resumed = web.json("resume", "--host", "web1")["resumed"]
        assert [run["playbook"] for run in resumed["owed"]] == ["undo.yml"]
        web.wait_for(lambda: web.states() == ["escalated"])
        web.wait_for(lambda: web.touched("tidy") == ["web1"])
        assert web.touched("undo") == ["web1"]
        again = web.autofix("resume", "--host", "web1")
        assert "there was no such pause: web1 is not paused, nothing is" in again.stdout


def _owed(web: Web, playbook: str) -> dict[str, Any] | None:
    """The status, once this is owed and every pause is on the record."""
    done = web.autofix("status", "--json")
    found: dict[str, Any] = json.loads(done.stdout) if done.returncode == 0 else {}
    owed = [run["playbook"] for run in found.get("owed", ())]
    recorded = bool(web.json("audit", "list", "--action", "pause.set"))
    return found if playbook in owed and recorded else None


def test_a_pause_of_what_is_not_there_is_refused_and_pauses_nothing(tmp_path: Path) -> None:
    with Web(tmp_path / "web", 1) as web:
        done = web.autofix("pause", "--host", "web9")
        assert done.returncode == 2
        assert "'web9' is not a host of the inventory" in done.stderr
        assert web.autofix("pause", "--runbook", "web-stuk").returncode == 2
        assert web.json("status")["pauses"] == []

        # An inventory that is broken keeps nobody from pausing.
        (web.path / "inventory" / "hosts.yml").write_text("all: [\n")
        done = web.autofix("pause", "--host", "web1")
        assert done.returncode == 0, done.stderr
        assert "its name could not be checked" in done.stderr
        assert [each["host"] for each in web.json("status")["pauses"]] == ["web1"]


def test_a_damaged_pause_holds_everything_and_is_lifted_like_any_other(tmp_path: Path) -> None:
    with Web(tmp_path / "web", 2) as web:
        assert web.autofix("pause", "--host", "web1").returncode == 0
        (file,) = (web.path / ".autofix" / "pauses").iterdir()
        file.write_text(file.read_text()[:-7])
        refused = web.autofix("run", "web-stuck", "--host", "web2")
        assert refused.returncode == 3
        assert f"{file} is damaged" in refused.stdout
        assert web.autofix("resume").returncode == 0
        assert not file.exists()
        still = web.autofix("resume").stdout
        assert "still paused: web1 paused by" in still
        assert "autofix resume --host web1" in still
        assert web.autofix("resume", "--host", "web1").returncode == 0
        assert web.autofix("run", "web-stuck", "--host", "web2").returncode == 0
