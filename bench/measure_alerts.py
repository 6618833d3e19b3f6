"""Alerts that are durable when their sender is told so, on one core, beside ansible-rulebook's
webhook source, which keeps them in memory only.

The server has one core for itself, the senders the other. Each figure is the best of a few turns,
since other programs take their share. COUNT (default 200,000) alerts show whether memory grows.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from bench import Row
from bench.measure_reaction import served, until
from bench.site import SETTINGS, build

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from servers.poster import Answer, group, post_all, quantile, request

COUNT = int(os.environ.get("COUNT", "200000"))
#: Hosts, senders at once, posts of one turn, turns, alerts in a group.
HOSTS, SENDERS, POSTS, TURNS, GROUP = 200, 32, 5000, 3, 50
SECRET = "a-secret-of-some-length"
RUNBOOK = """\
name: full
title: A disk is full
triggers:
  - {alert: DiskFull}
fix:
  - {playbook: touch.yml}
guards: {approval: always}
verify: {probe: command, with: {argv: ["true"]}, until: not ok, within: 5s}
"""
SOURCE = f"sources: {{am: {{type: alertmanager, auth: bearer, secret: {SECRET}}}}}\n"
RULEBOOK = """\
- name: alerts
  hosts: all
  sources:
    - eda.builtin.webhook: {{host: 127.0.0.1, port: {port}}}
  rules:
    - name: full
      condition: event.payload.status == "never"
      action: {{debug: {{msg: fires}}}}
"""


def measure() -> Iterator[Row]:
    theirs = _rulebook()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "site"
        folder.mkdir()
        build(folder, hosts=HOSTS, runbook=RUNBOOK)
        (folder / "autofix.yaml").write_text(SETTINGS.format() + SOURCE)
        with served(folder) as server:
            yield from _ours(folder, server.pid, theirs)
    yield from theirs.rows()


class Theirs:
    """What ansible-rulebook did: alerts per second, one in a post; or why there is no figure."""

    def __init__(self, rate: float = 0.0, why: str = "") -> None:
        self.rate, self.why = rate, why

    def times(self, rate: float) -> str:
        return f"{rate / self.rate:.1f} x ansible-rulebook" if self.rate else "not compared"

    def rows(self) -> Iterator[Row]:
        note = self.why or "in memory, acknowledged before anything is done with it"
        yield Row("ansible-rulebook, 1 alert in a post", self.rate, "/s", "", note)


def _ours(folder: Path, pid: int, theirs: Theirs) -> Iterator[Row]:
    port = _port(folder)
    _warm(folder, port)
    with _own_cores(pid):
        single = max(_rate(port, _singles()) for _ in range(TURNS))
        yield Row("durable alerts, 1 in a post", single, "/s", ">= 3 x", theirs.times(single))
        groups = max(_rate(port, _groups()) * GROUP for _ in range(TURNS))
        yield Row(
            f"durable alerts, {GROUP} in a post", groups, "/s", ">= 20 x", theirs.times(groups)
        )
        half = post_all(port, _singles(), senders=SENDERS, rate=single / 2)
        aim = "< 50 ms"
        yield Row("p99 at half of that load", quantile(half, 0.99) * 1000, "ms", aim, "1 in a post")
        yield from _memory(port, pid)


def _warm(folder: Path, port: int) -> None:
    """Each alert once, and until each has its incident: what follows are repetitions, which is what
    a monitoring sends most."""
    _checked(post_all(port, _singles()[:HOSTS], senders=SENDERS))
    file = folder / ".autofix" / "autofix.db"
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=30)) as database:
        asked = "SELECT COUNT(*) FROM signals WHERE state = 'received'"
        until(lambda: database.execute(asked).fetchone() == (0,), 120.0)


def _memory(port: int, pid: int) -> Iterator[Row]:
    """Repetitions, as a monitoring sends them for days."""
    requests = _groups()
    post_all(port, requests, senders=SENDERS)
    before, sent = _rss(pid), 0
    while sent < COUNT:
        _checked(post_all(port, requests, senders=SENDERS))
        sent += len(requests) * GROUP
    grown = (_rss(pid) - before) / 2**20
    yield Row(
        f"memory grown over {sent:,} alerts", grown, "MB", "flat", f"of {before / 2**20:.0f} MB"
    )


def _singles() -> list[bytes]:
    made = [request("am", group([("DiskFull", f"web{n}")]), SECRET) for n in range(HOSTS)]
    return [made[n % HOSTS] for n in range(POSTS)]


def _groups() -> list[bytes]:
    made = [
        request("am", group([("DiskFull", f"web{(n + k) % HOSTS}") for k in range(GROUP)]), SECRET)
        for n in range(HOSTS)
    ]
    return [made[n % HOSTS] for n in range(POSTS // 10)]


def _rate(port: int, requests: Sequence[bytes]) -> float:
    began = time.monotonic()
    _checked(post_all(port, requests, senders=SENDERS))
    return len(requests) / (time.monotonic() - began)


def _checked(answers: list[Answer]) -> None:
    wrong = [each for each in answers if each.status not in (200, 202)]
    if wrong:
        raise RuntimeError(f"{len(wrong)} of {len(answers)} refused: {wrong[0]}")


def _port(folder: Path) -> int:
    (url,) = json.loads((folder / ".autofix" / "web.json").read_text())["urls"]
    return int(url.rpartition(":")[2])


@contextmanager
def _own_cores(pid: int) -> Iterator[None]:
    """The server on one core, all of its threads; we on the others."""
    all_of_them = os.sched_getaffinity(0)
    own = min(all_of_them)
    for task in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(task.name), {own})
    os.sched_setaffinity(0, (all_of_them - {own}) or all_of_them)
    try:
        yield
    finally:
        os.sched_setaffinity(0, all_of_them)


def _rss(pid: int) -> int:
    text = Path(f"/proc/{pid}/status").read_text()
    return int(text.partition("VmRSS:")[2].split()[0]) * 1024


# ansible-rulebook


def _rulebook() -> Theirs:
    if shutil.which("java") is None:
        return Theirs(why="not measured: it needs Java 17 (openjdk-17-jre-headless)")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            program = _installed(folder)
            return Theirs(max(_measured(folder, program)))
        except (OSError, subprocess.SubprocessError, RuntimeError, TimeoutError) as error:
            return Theirs(why=f"not measured: {str(error).strip().splitlines()[-1][:80]}")


def _installed(folder: Path) -> Path:
    """In a venv of its own, which goes with the folder; with the sources of ansible.eda."""
    venv = folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", venv], check=True, capture_output=True)
    wanted = ["ansible-rulebook", "aiohttp", "ansible-core"]
    _run([venv / "bin" / "pip", "install", "-q", *wanted], folder)
    return venv / "bin" / "ansible-rulebook"


def _run(argv: list[object], folder: Path) -> None:
    done = subprocess.run([str(each) for each in argv], capture_output=True, text=True, cwd=folder)
    if done.returncode:
        raise RuntimeError(done.stderr or f"{argv[0]} failed")


def _measured(folder: Path, program: Path) -> Iterator[float]:
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    (folder / "rules.yml").write_text(RULEBOOK.format(port=port))
    (folder / "hosts.yml").write_text("all: {hosts: {localhost: {}}}\n")
    argv = [program, "--rulebook", "rules.yml", "-i", "hosts.yml"]
    path = f"{program.parent}:{os.environ.get('PATH', '')}"  # it calls ansible-galaxy
    with (folder / "log").open("wb") as log:
        child = subprocess.Popen(
            argv, cwd=folder, stdout=log, stderr=log, env={**os.environ, "PATH": path}
        )
    try:
        until(lambda: child.poll() is not None or _answers(port), 60.0)
        if child.poll() is not None:
            raise RuntimeError((folder / "log").read_text()[-300:] or "it ended at once")
        with _own_cores(child.pid):
            whole = _singles()
            requests = [each.replace(b"/hooks/am ", b"/endpoint ", 1) for each in whole]
            for _ in range(TURNS):
                yield _rate(port, requests)
    finally:
        child.terminate()
        child.wait(20)


def _answers(port: int) -> bool:
    async def try_it() -> bool:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()
        return True

    try:
        return asyncio.run(try_it())
    except OSError:
        return False
