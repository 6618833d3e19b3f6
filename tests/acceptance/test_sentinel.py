"""A server dies or hangs in the middle of a run, and a person hears of it from the sentinel."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from servers.http import Answer, Asked, HttpServer, http_server
from servers.project import Project, environment
from servers.redis import free_port

SLOW = """
    name: slow
    title: Takes long
    severity: P0
    fix: [{playbook: slow.yml, timeout: 10m}]
    verify: none
    guards: {cooldown: 0s}
    """
HELD = """
    name: held
    title: Held by a pause
    triggers:
      - {probe: command, hosts: web, every: 1s, with: {argv: ["true"], parse: exit}, when: ok}
    fix: [{playbook: slow.yml}]
    verify: {probe: command, with: {argv: ["true"], parse: exit}, until: ok, within: 5s}
    """
PLAY = """
    - hosts: web
      gather_facts: false
      tasks:
        - name: take long
          ansible.builtin.command: {argv: [sleep, "600"]}
    """
#: How long the server may be silent here, and how much later a page may come: the sentinel's own
#: looks, a cold start of the process that sends, and two busy cores.
AFTER, SLACK = 3.0, 40.0


@pytest.fixture
def pager() -> Iterator[HttpServer]:
    with http_server() as server:
        yield server


@contextmanager
def watched(path: Path, pager: HttpServer, **sentinel: Any) -> Iterator[Project]:
    """A project whose first channel is down, and whose second is the test's."""
    down = {"type": "webhook", "url": f"http://127.0.0.1:{free_port()}/"}
    settings = {
        "channels": {"down": down, "pager": {"type": "webhook", "url": f"{pager.url}/page"}},
        "policies": {"default": {"channels": ["down", "pager"]}},
        "sentinel": {"after": AFTER, "stopped_after": 5, **sentinel},
    }
    with Project(path, {"web": {"web1": {}}}, settings) as project:
        project.runbook("slow", SLOW)
        project.playbook("slow.yml", PLAY)
        try:
            yield project
        finally:
            end(project)


def end(project: Project) -> None:
    """Whatever watches this project's state folder."""
    if found := re.search(r"pid (\d+)", watcher(project)):
        with suppress(ProcessLookupError):
            os.kill(int(found[1]), signal.SIGTERM)


def watcher(project: Project) -> str:
    try:
        return (project.path / ".autofix" / "sentinel.lock").read_text()
    except FileNotFoundError:
        return ""


def memory(project: Project) -> dict[str, Any]:
    """What the sentinel says of itself; empty while there is none."""
    try:
        found: dict[str, Any] = json.loads((project.path / ".autofix/sentinel.json").read_text())
    except FileNotFoundError:
        return {}
    return found


def wait_for(condition: Callable[[], Any], seconds: float = 60.0) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.1)
    return found


def serve_in_the_middle(project: Project) -> tuple[int, subprocess.Popen[bytes]]:
    """A server whose run is in flight, watched: its pid, and the person's command."""
    server = project.serve()
    project.wait_for(lambda: memory(project).get("server") == "serving")
    command = subprocess.Popen(
        [sys.executable, "-m", "autofix", "-C", str(project.path), "run", "slow", "--host", "web1"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env=environment(),
    )  # fmt: skip
    project.wait_for_state(1, "fixing")
    project.wait_for(lambda: [run for run in project.runs(1) if run["state"] == "started"])
    return server.pid, command


def pages(asked: list[Asked]) -> list[dict[str, Any]]:
    return [json.loads(each.body) for each in asked]


def page_that(pager: HttpServer, words: str, seconds: float = SLACK) -> dict[str, Any]:
    """The page whose title says this; the server sends some, too."""

    def found() -> Any:
        return next((page for page in pages(list(pager.asked)) if words in page["title"]), None)

    page: dict[str, Any] = wait_for(found, seconds)
    return page


def after(project: Project, command: subprocess.Popen[bytes]) -> None:
    """The person's command is no part of the story."""
    command.terminate()
    command.wait(30)


@pytest.mark.parametrize(
    "store_gone", [False, pytest.param(True, marks=pytest.mark.long)], ids=["", "with its store"]
)
def test_a_killed_server_is_paged_by_the_fallback_and_its_return_is_told(
    tmp_path: Path, pager: HttpServer, store_gone: bool
) -> None:
    with watched(tmp_path, pager) as project:
        pid, command = serve_in_the_middle(project)
        known = project.path / ".autofix" / "known.json"
        project.wait_for(lambda: '"run 1: slow.yml on web1' in known.read_text())
        if store_gone:
            for each in (project.path / ".autofix").glob("autofix.db*"):
                each.write_bytes(b"this is no database\n" * 100)
        begun = time.monotonic()
        os.killpg(pid, signal.SIGKILL)  # the server, and all of its process group
        project.kill()
        (page,) = pages(pager.wait_for(1, AFTER + SLACK))
        took = time.monotonic() - begun
        assert AFTER <= took + 2 < AFTER + SLACK
        assert "has stopped: 1 incident is open" in page["title"]
        assert page["severity"] == "P0"
        for words in (f"its process {pid} is gone", "slow on web1: fixing (nobody was told)",
                      "run 1: slow.yml on web1", "autofix status"):  # fmt: skip
            assert words in page["text"]
        after(project, command)
        if store_gone:
            return
        project.serve()
        closing = page_that(pager, "runs again")
        assert closing["dedup_key"] == page["dedup_key"]

        def on_the_record() -> list[Any]:
            listed = project.json("audit", "list", "--action", "sentinel.paged")
            return [each["event"]["payload"]["kind"] for each in listed]

        assert "outage" in project.wait_for(on_the_record)
        assert project.autofix("audit", "verify").returncode == 0


def test_a_server_that_hangs_is_paged_and_a_restarted_sentinel_says_it_once(
    tmp_path: Path, pager: HttpServer
) -> None:
    with watched(tmp_path, pager) as project:
        pid, command = serve_in_the_middle(project)
        try:
            os.kill(pid, signal.SIGSTOP)
            page = page_that(pager, "hangs", AFTER + SLACK)
            assert "hangs: 1 incident is open" in page["title"]
            assert f"its process {pid} is there, stopped by a signal" in page["text"]
        finally:
            os.kill(pid, signal.SIGCONT)
        assert page_that(pager, "runs again")["data"]["sentinel"] == "back"
        # Rather twice than never: what a sentinel did not get to write down, its successor says.
        wait_for(lambda: not memory(project)["said"], SLACK)
        # A sentinel that dies is started again by the server.
        first = memory(project)["pid"]
        os.kill(first, signal.SIGKILL)
        wait_for(lambda: memory(project)["pid"] != first, SLACK)
        after(project, command)
        project.stop()
        told = [page for page in pages(pager.asked) if "sentinel" in page["data"]]
        assert [page["data"]["sentinel"] for page in told] == ["outage", "back"]


def test_a_stop_in_order_pages_nobody_and_takes_its_sentinel_along(
    tmp_path: Path, pager: HttpServer
) -> None:
    with watched(tmp_path, pager) as project:
        project.serve()
        sentinel = wait_for(lambda: memory(project).get("pid"))
        assert project.stop() == 0
        assert json.loads((project.path / ".autofix" / "tick").read_text())["by"] == "by SIGTERM"
        wait_for(lambda: not alive(sentinel), SLACK)
        assert pager.asked == []


@pytest.mark.long
def test_a_stop_in_order_that_leaves_an_incident_to_nobody_is_paged(
    tmp_path: Path, pager: HttpServer
) -> None:
    with watched(tmp_path, pager) as project:
        project.runbook("held", HELD)
        assert project.autofix("pause", "--runbook", "held").returncode == 0
        project.serve()
        sentinel = wait_for(lambda: memory(project).get("pid"))
        project.wait_for_state(1, "held")
        project.stop()
        (page,) = pages(pager.wait_for(1, 5 + SLACK))
        assert "was stopped and left 1 incident open" in page["title"]
        assert "held on web1: held (nobody was told)" in page["text"]
        assert alive(sentinel)  # its deadline is still to come


@pytest.mark.long
def test_a_sentinel_of_its_own_unit_is_the_only_one(tmp_path: Path, pager: HttpServer) -> None:
    with watched(tmp_path, pager) as project:
        own = subprocess.Popen(
            [sys.executable, "-m", "autofix", "-C", str(project.path), "sentinel"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=environment(),
        )  # fmt: skip
        try:
            wait_for(lambda: "started by itself" in watcher(project))
            second = project.autofix("sentinel")
            assert second.returncode == 4
            assert "one is enough" in second.stderr
            server = project.serve()
            project.wait_for(lambda: memory(project).get("server") == "serving")
            assert memory(project)["pid"] == own.pid
            assert not (project.path / ".autofix" / "sentinel.log").exists()
            server.send_signal(signal.SIGKILL)
            project.kill()
            assert (
                "has stopped: no incidents are open" in pages(pager.wait_for(1, SLACK))[0]["title"]
            )
            assert proportional_memory(own.pid) < 16
        finally:
            own.terminate()
            own.wait(30)


def proportional_memory(pid: int) -> float:
    """MiB, with what is shared divided among those who share it."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    found = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
    assert found
    return int(found[1]) / 1024


def alive(pid: int) -> bool:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return text.rpartition(")")[2].split()[0] != "Z"


@pytest.mark.long
def test_pages_are_not_lost_when_every_channel_is_down_for_a_while(
    tmp_path: Path, pager: HttpServer
) -> None:
    pager.say(Answer(503), Answer(503), Answer(200))
    with watched(tmp_path, pager) as project:
        server = project.serve()
        project.wait_for(lambda: memory(project).get("server") == "serving")
        server.send_signal(signal.SIGKILL)
        project.kill()
        asked = pager.wait_for(3, AFTER + SLACK + 60)
        assert len({page["title"] for page in pages(asked)}) == 1
        sent = project.path / ".autofix" / "sentinel.sent"
        lines = wait_for(lambda: (found := sent.read_text().splitlines())[2:] and found)
        assert [json.loads(line)["channel"] for line in lines] == ["", "", "pager"]
