"""No process outlives its run, whatever is killed, even those that hide from their parents."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from autofix.ansible import processes
from autofix.ansible.isolation import bwrap_fault
from autofix.ansible.runner import AnsibleRunner
from autofix.core.runs import Outcome
from servers import run_server
from servers.site import Site, alive, eventually, saying

#: Processes that flee: into a session of their own, without an environment, without a parent.
FLEEING = """
- shell: |
    sleep {nap} &
    setsid sleep {nap} &
    (env -i setsid sleep {nap} > /dev/null 2>&1 &)
    trap '' TERM
    sleep {nap}; sleep {nap}
"""
SLEEPERS = 4
ALLOWED = 2.0  # seconds from the act until all are dead
ISOLATIONS = ["bwrap", "subreaper"]
ROUNDS = [2, pytest.param(50, marks=[pytest.mark.long, pytest.mark.timeout(1800)])]
AT_ONCE = 2
PARTS = {
    "executor": "autofix.ansible.executor",
    "worker": "autofix.ansible.playbook",
    "ansible": "ansible\0playbook",
}


@pytest.fixture(params=ISOLATIONS)
def site(request, tmp_path):
    if request.param == "bwrap" and bwrap_fault():
        pytest.skip(f"bubblewrap does not work here: {bwrap_fault()}")
    site = Site(tmp_path, isolation=request.param)
    # A length of sleep that nobody else sleeps: by it they are found, environment or not.
    site.nap = f"600.{os.getpid()}{time.monotonic_ns()}"
    site.tasks(FLEEING.format(nap=site.nap))
    return site


def living(site):
    return [pid for pid in {*saying(site.nap), *saying(str(site.path))} if alive(pid)]


def wait_until_they_flee(site, count):
    eventually(lambda: len(sleepers(site)) >= count * SLEEPERS, 60, "the tasks start")


def sleepers(site):
    return [pid for pid in saying(site.nap) if command(pid).startswith("sleep\0")]


def command(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def assert_none_lives(site, since):
    eventually(lambda: not living(site), ALLOWED - (time.monotonic() - since), "all are dead")
    assert not sleepers(site)


class Runs:
    """Several runs at once in threads of this process."""

    def __init__(self, site, count, timeout=120.0):
        self.site, self.count, self.results = site, count, []
        self.runner = AnsibleRunner(site.options)
        self.threads = [
            threading.Thread(target=self._run, args=(n + 1, timeout)) for n in range(count)
        ]
        for thread in self.threads:
            thread.start()

    def _run(self, number, timeout):
        order = self.site.order(run_id=number, timeout=timeout)
        self.results.append(self.runner.run(order, lambda event: None, self.site.cancel))

    def join(self):
        for thread in self.threads:
            thread.join(30)
        assert len(self.results) == self.count
        return {result.outcome for result in self.results}


@pytest.mark.parametrize("rounds", ROUNDS)
def test_a_timeout_leaves_none_alive(site, rounds):
    for _ in range(rounds // AT_ONCE):
        started = time.monotonic()
        runs = Runs(site, AT_ONCE, timeout=6.0)
        wait_until_they_flee(site, AT_ONCE)
        time.sleep(max(0.0, started + 6.0 - time.monotonic()))
        assert_none_lives(site, started + 6.0)
        assert runs.join() == {Outcome.TIMED_OUT}
        assert site.left_in_runs() == []


@pytest.mark.parametrize("rounds", ROUNDS)
def test_a_cancel_leaves_none_alive(site, rounds):
    for _ in range(rounds // AT_ONCE):
        site.cancel.clear()
        runs = Runs(site, AT_ONCE)
        wait_until_they_flee(site, AT_ONCE)
        site.cancel.set()
        assert_none_lives(site, time.monotonic())
        assert runs.join() == {Outcome.CANCELLED}
        assert site.left_in_runs() == []


@pytest.mark.parametrize("rounds", ROUNDS)
@pytest.mark.parametrize("part", PARTS)
def test_a_killed_part_of_a_run_leaves_none_alive(site, part, rounds):
    for _ in range(rounds // AT_ONCE):
        runs = Runs(site, AT_ONCE)
        wait_until_they_flee(site, AT_ONCE)
        since = time.monotonic()
        for pid in parts(site, part):
            os.kill(pid, signal.SIGKILL)
        assert_none_lives(site, since)
        assert runs.join() == {Outcome.FAILED}
        assert site.left_in_runs() == []


def parts(site, part):
    """The processes of this part: the outermost of each run."""
    found = [pid for pid in living(site) if PARTS[part] in command(pid)]
    inner = {pid for pid in found if parent(pid) in found}
    return [pid for pid in found if pid not in inner]


def parent(pid):
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


@pytest.mark.parametrize("rounds", ROUNDS)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_killed_server_leaves_none_alive(site, number, rounds):
    program = [sys.executable, run_server.__file__, str(site.path), site.options.isolation]
    for _ in range(rounds // AT_ONCE):
        with subprocess.Popen([*program, str(AT_ONCE), "120"]) as server:
            wait_until_they_flee(site, AT_ONCE)
            server.send_signal(number)
            assert_none_lives(site, time.monotonic())
        assert list(AnsibleRunner(site.options).end_leftovers([1, 2])) == []
        assert site.left_in_runs() == []


@pytest.mark.parametrize("later", [0.0, 0.05, 0.3])
def test_executors_killed_after_their_server_leave_none_alive(site, later):
    """At once, or while they are ending what ran: some of it is dead by then, and some is not."""
    program = [sys.executable, run_server.__file__, str(site.path), site.options.isolation]
    with subprocess.Popen([*program, "1", "120"]) as server:
        wait_until_they_flee(site, 1)
        executors = parts(site, "executor")
        server.kill()
        time.sleep(later)
        processes.send(executors, signal.SIGKILL)
        assert_none_lives(site, time.monotonic())


def test_what_nobody_could_end_is_ended_at_the_next_start(tmp_path):
    """Server, executor and worker killed at once, with no namespace: the marker finds the rest."""
    site = Site(tmp_path, isolation="subreaper")
    site.nap = f"600.{os.getpid()}{time.monotonic_ns()}"
    site.tasks(f"- shell: setsid sleep {site.nap} & sleep {site.nap}")
    program = [sys.executable, run_server.__file__, str(site.path), "subreaper"]
    with subprocess.Popen([*program, "1", "120"]) as server:
        eventually(lambda: len(sleepers(site)) >= 2, 60)
        victims = [server.pid, *parts(site, "executor"), *parts(site, "worker")]
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in victims:
                os.kill(pid, number)
    assert list(AnsibleRunner(site.options).end_leftovers([1])) == [1]
    assert not living(site)
    assert site.left_in_runs() == []


def test_what_a_task_leaves_in_the_background_ends_with_the_run(site):
    site.tasks(f"- shell: setsid sleep {site.nap} > /dev/null 2>&1 &")
    assert site.run().outcome == Outcome.OK
    assert not living(site)
