"""SAFETY 17: the disk is full: nothing starts, a person hears of it, and it mends by itself.

The state folder of a real server is a small filesystem of its own, really full.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from crashkit.real import Killed
from servers.poster import group, post_all, request
from servers.project import Project

#: Room for the database and its log; what is left of it is taken away.
SIZE = "16m"
RECOVERED_WITHIN = 30.0


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    folder.mkdir(mode=0o700)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=0700", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("only root may mount a small filesystem; see tests/safety/test_failing_io.py")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


class Filler:
    """Takes every byte that is left on the disk, and gives it back."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "filler"

    def fill(self) -> None:
        with self._file.open("ab", buffering=0) as file:
            for size in (1 << 20, 1 << 12, 1):
                with suppress(OSError):
                    while True:
                        file.write(b"x" * size)

    def keep_full(self, seconds: float) -> None:
        """Whatever becomes free is taken at once."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.fill()
            time.sleep(0.05)

    def empty(self) -> None:
        self._file.unlink()


def record(town: Killed) -> str:
    return town.autofix("audit", "list", "--limit", "1000").stdout


def test_nothing_starts_a_person_hears_of_it_and_it_goes_on(tmp_path: Path) -> None:
    with small_disk(tmp_path / ".autofix"), Killed(tmp_path, hosts=3) as town:
        disk = Filler(tmp_path / ".autofix")
        town.ill("h0", "mend")
        town.serve()
        town.wait_for_state(1, "healed")
        town.until(town.rests)
        before = len(town.traces.all("begun"))

        disk.fill()
        town.ill("h1", "mend")
        began = time.monotonic()
        town.until(lambda: [line for line in town.traces.all("rung") if not line["incident"]], 60)
        print(f"a person was called {time.monotonic() - began:.1f} s after the disk was full")
        asked = town.autofix("run", "again", "--host", "h2")
        assert asked.returncode == 4
        assert "disk is full" in asked.stderr
        disk.keep_full(2.0)
        assert len(town.traces.all("begun")) == before

        disk.empty()
        began = time.monotonic()
        town.until(lambda: town.begun(before + 1), RECOVERED_WITHIN)
        print(f"work went on {time.monotonic() - began:.1f} s after there was room")
        town.wait_for_state(2, "healed")
        town.until(town.rests)
        town.until(lambda: "store.recovered" in record(town), RECOVERED_WITHIN)
        assert town.stop() == 0
        assert town.complaints() == []


@pytest.mark.long
def test_in_the_middle_of_a_run_its_end_is_written_when_there_is_room_again(
    tmp_path: Path,
) -> None:
    with small_disk(tmp_path / ".autofix"), Killed(tmp_path, hosts=1) as town:
        disk = Filler(tmp_path / ".autofix")
        town.pace(3)
        town.ill("h0", "mend")
        town.serve()
        town.until(lambda: town.begun(1))
        disk.keep_full(6.0)  # the playbook ends meanwhile
        assert town.begun(1)
        assert not town.begun(2)
        town.pace(0)
        disk.empty()
        town.wait_for_state(1, "healed", "escalated")
        town.until(town.rests)
        fix, afterwards = (run["outcome"] for run in town.runs(1))
        # Ansible may itself have needed the disk: then its run failed, and that is no fix.
        state = town.json("incidents", "show", "1")["incident"]["state"]
        assert (state, fix, afterwards) in (("healed", "ok", "ok"), ("escalated", "failed", "ok"))
        assert town.stop() == 0
        assert town.complaints() == []


@pytest.mark.long
def test_everything_can_be_paused_on_a_full_disk(tmp_path: Path) -> None:
    with small_disk(tmp_path / ".autofix"), Killed(tmp_path, hosts=1) as town:
        disk = Filler(tmp_path / ".autofix")
        town.serve()
        disk.fill()
        asked = town.autofix("pause", "--reason", "the disk is full")
        assert "Traceback" not in asked.stderr
        disk.empty()
        town.ill("h0", "mend")
        time.sleep(3)
        assert not town.begun(1), asked.stderr
        assert town.stop() == 0


def test_who_posts_alerts_is_told_503_until_they_can_be_written_down(tmp_path: Path) -> None:
    secret = "a-secret-of-some-length"
    source = {"type": "alertmanager", "auth": "bearer", "secret": secret}
    hosts: dict[str, dict[str, dict[str, object]]] = {"web": {"web1": {}}}
    with (
        small_disk(tmp_path / ".autofix"),
        Project(tmp_path, hosts, {"sources": {"am": source}}) as project,
    ):
        project.serve()
        (url,) = json.loads((tmp_path / ".autofix" / "web.json").read_text())["urls"]
        port, disk = int(url.rpartition(":")[2]), Filler(tmp_path / ".autofix")
        posts = [request("am", group([("Big", "x" * 1500)] * 20), secret)] * 10
        answers = post_all(port, posts, senders=2)
        assert {each.status for each in answers} == {202}

        deadline = time.monotonic() + 60
        while not any(each.status == 503 for each in answers[-10:]):
            assert time.monotonic() < deadline
            disk.fill()  # what the log of the database has of room is used up first
            answers += post_all(port, posts, senders=2)
        assert {each.status for each in answers} <= {202, 503}

        disk.empty()
        project.wait_for(
            lambda: {each.status for each in post_all(port, posts[:1], senders=1)} == {202},
            RECOVERED_WITHIN,
        )
        told = {each.body["delivery"] for each in answers if each.status == 202}
        file = tmp_path / ".autofix" / "autofix.db"
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=30)) as database:
            kept = {row[0] for row in database.execute("SELECT id FROM deliveries")}
        assert told <= kept
