"""SAFETY 14 on the real server: killed -9, alone or with its executors, and started again.

One project lives through all of it: each lifetime of the server takes up what the one before left
behind, and dies at the next point. What is true in the end is judged as a whole: tests/crashkit.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from autofix.ansible.folder import marker
from autofix.ansible.isolation import bwrap_fault
from autofix.ansible.processes import MARKER
from autofix.ansible.runner import AnsibleRunner
from autofix.core.incidents import State
from autofix.crashpoints import POINTS
from autofix.errors import AutofixError
from autofix.flow import people
from crashkit.outside import outside
from crashkit.real import BOOKS, Killed
from servers.site import Site, alive, eventually

ISOLATIONS = ["bwrap", pytest.param("subreaper", marks=pytest.mark.long)]


@pytest.fixture(params=ISOLATIONS)
def isolation(request: pytest.FixtureRequest) -> str:
    if request.param == "bwrap" and bwrap_fault():
        pytest.skip(f"bubblewrap does not work here: {bwrap_fault()}")
    return str(request.param)


def in_the_middle_of_a_playbook(town: Killed, then: Callable[[], None]) -> None:
    """The server stops itself at a playbook's event, and something happens at that moment."""
    town.start("run.event:3:stop")
    town.stops()
    then()


def a_command_dies_once_its_wish_is_written(town: Killed, runbook: str, host: str) -> None:
    with_point = {"AUTOFIX_CRASH_POINT": "signal.received:1"}
    asked = town.autofix("run", runbook, "--host", host, more=with_point)
    assert asked.returncode == -signal.SIGKILL
    town.traces.add("acknowledged", signal=1)


def ends_well(town: Killed) -> None:
    town.start()
    town.until(town.rests)
    assert town.stop() == 0
    assert town.complaints() == []


def test_a_server_that_dies_at_one_point_after_another(tmp_path: Path) -> None:
    with Killed(tmp_path, hosts=4) as town:
        town.ill("h3", "again")
        a_command_dies_once_its_wish_is_written(town, "again", "h3")
        town.ill("h0", "mend")
        for wish in ("checkpoint.signed:1", "decision.decided:1", "run.claimed:1"):
            town.start(wish)
            town.dies()
        town.ill("h1", "undo")
        town.start("executor.started:1")
        town.dies()
        town.ill("h2", "again")
        in_the_middle_of_a_playbook(town, town.strike)
        town.start("recover.losing:1")
        town.dies()
        town.ill("h3", "mend")
        for wish in ("run.ended:1", "page.sent:1"):
            town.start(wish)
            town.dies()
        ends_well(town)


def test_executors_that_are_killed_and_both_at_once(tmp_path: Path, isolation: str) -> None:
    with Killed(tmp_path, hosts=2, isolation=isolation) as town:
        town.pace(1.0)

        def only_the_executor() -> None:
            assert town.kill_executors()
            town.proceed()
            town.until(lambda: any(run["outcome"] == "failed" for run in town.runs(1)))
            town.strike()

        def both() -> None:
            assert town.kill_executors()
            town.strike()

        town.ill("h0", "mend")
        in_the_middle_of_a_playbook(town, only_the_executor)
        town.ill("h1", "undo")
        in_the_middle_of_a_playbook(town, both)
        town.pace(0)
        ends_well(town)


def test_strangers_are_left_alone_whatever_they_are_called(tmp_path: Path) -> None:
    """The same run of another project; another run of ours; our folder's name in an argument.

    Nothing is known by its number: after a reboot, a number that was ours may be anybody's.
    """
    for name in ("ours", "theirs"):
        (tmp_path / name).mkdir()
    ours, theirs = Site(tmp_path / "ours").options, Site(tmp_path / "theirs").options
    marks = {
        "stranger": marker(theirs, 1),
        "another run": marker(ours, 11),
        "ours": marker(ours, 1),
    }
    naps = {
        who: subprocess.Popen(["sleep", "600"], env={**os.environ, MARKER: mark})
        for who, mark in marks.items()
    }
    named = [sys.executable, "-c", "import time; time.sleep(600)", f"{MARKER}={marks['ours']}"]
    naps["said"] = subprocess.Popen(named)
    try:
        assert list(AnsibleRunner(ours).end_leftovers([1])) == [1]
        naps["ours"].wait(5)
        assert {who for who, nap in naps.items() if alive(nap.pid)} == set(naps) - {"ours"}
    finally:
        for nap in naps.values():
            nap.kill()
            nap.wait()


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_every_point_on_the_real_server(tmp_path: Path, isolation: str) -> None:
    """Each in turn; now and then together with the executors, now and then only stopped first."""
    dice, reached = random.Random(14), 0
    with Killed(tmp_path, hosts=8, isolation=isolation) as town:
        for point in POINTS:
            for book in BOOKS:
                town.ill(f"h{dice.randrange(8)}", book)
            town.start(f"{point}:{dice.randint(1, 2)}:stop")
            if not stopped(town, 25):
                town.strike()
                continue
            reached += 1
            if dice.random() < 0.5:
                town.kill_executors()
            town.strike()
            settle_people(town)
        ends_well(town)
    print(f"{reached} of {len(POINTS)} points reached, {isolation}")
    assert reached > len(POINTS) * 0.8


def stopped(town: Killed, seconds: float) -> bool:
    try:
        town.stops(seconds)
    except AssertionError:
        return False
    return True


def settle_people(town: Killed) -> None:
    """Whoever was reached resolves what they were called for, so that there is work again."""
    with outside(town.path) as ctx, suppress(AutofixError):
        with ctx.store.reading() as reads:
            waiting = reads.incidents(states=[State.ESCALATED], limit=3)
        for each in waiting:
            people.resolve(ctx, each.id, "bob")


def test_what_survived_is_ended_before_anything_starts(tmp_path: Path) -> None:
    """Server, executor and worker die at once, without a namespace: a playbook's process lives on,
    until the next start, which ends it before it does anything else."""
    with Killed(tmp_path, hosts=1, isolation="subreaper") as town:
        town.pace(300)
        town.ill("h0", "mend")
        town.start()
        town.until(lambda: town.begun(1))
        server = town._server
        assert server is not None
        workers = [pid for pid in town.leftovers() if b"act.py" not in argv(pid)]
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in (server.pid, *workers):
                os.kill(pid, number)
        town.dies()
        assert town.leftovers()
        town.pace(0)
        since = time.monotonic()
        town.start()
        eventually(lambda: not any(b"act.py" in argv(pid) for pid in town.leftovers()), 30)
        town.until(town.rests)
        assert time.monotonic() - since < 60
        assert town.runs(1)[0]["outcome"] == "lost"
        assert town.stop() == 0
        assert town.complaints() == []


def argv(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
