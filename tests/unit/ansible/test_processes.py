"""Processes are found by their parents and by their marker, and ended to the last one."""

import os
import signal
import subprocess
import sys
import time

import pytest

from autofix.ansible import processes
from servers.site import alive, eventually


@pytest.fixture
def started():
    """Start shell commands; whatever they leave is killed at the end."""
    running = []

    def start(script, **environment):
        process = subprocess.Popen(
            ["sh", "-c", script],
            env={"PATH": os.environ["PATH"], **environment},
            start_new_session=True,
        )
        running.append(process)
        return process

    yield start
    for process in running:
        with_children = [process.pid, *processes.descendants(process.pid)]
        processes.send(with_children, signal.SIGKILL)
        process.wait()


def test_descendants_are_found_through_sessions(started):
    process = started("setsid sleep 60 & sleep 60 & wait")
    eventually(lambda: len(processes.descendants(process.pid)) == 2)


def test_a_zombie_is_not_alive(started):
    process = started("true")
    eventually(lambda: not alive(process.pid))
    assert process.pid not in processes.descendants(os.getpid())


def test_the_marker_is_compared_whole(started):
    wanted, other = started("sleep 60", AUTOFIX_RUN="s:1"), started("sleep 60", AUTOFIX_RUN="s:11")
    eventually(lambda: set(processes.marked(["s:1", "s:11"])) >= {wanted.pid, other.pid})
    assert set(processes.marked(["s:1"]).values()) == {"s:1"}
    assert other.pid not in processes.marked(["s:1"])
    assert processes.marked([]) == {}


def test_gentle_ones_end_by_sigterm_and_stubborn_ones_by_sigkill(started):
    process = started("trap '' TERM; sleep 60 & while true; do sleep 1; done", AUTOFIX_RUN="t:1")
    eventually(lambda: len(processes.descendants(process.pid)) >= 2)
    began = time.monotonic()

    def look():
        process.poll()
        return processes.marked(["t:1"])

    seen = processes.end_all(look, grace=0.2, limit=5)
    assert process.pid in seen
    assert not look()
    assert 0.2 <= time.monotonic() - began < 3


def test_a_process_dies_with_its_parent():
    """The child of a killed process is killed by the kernel, and knows when it came too late."""
    child = (
        "import os, signal, sys, time; from autofix.ansible.processes import die_with_parent as d;"
        "print(d(signal.SIGKILL, int(sys.argv[1])), os.getpid(), flush=True); time.sleep(60)"
    )
    parent = (
        "import os, subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1],"
        "str(os.getpid())])"
    )
    with subprocess.Popen(
        [sys.executable, "-c", parent, child], stdout=subprocess.PIPE, text=True
    ) as process:
        there, pid = process.stdout.readline().split()
        assert there == "True"
        process.kill()
        eventually(lambda: not alive(int(pid)), 2)
    told = subprocess.run(
        [sys.executable, "-c", child.replace("time.sleep(60)", "0"), "1"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.startswith("False") or os.getpid() == 1
