"""Crash points: each stands once in the code and in the docs, dies as told, and costs nothing."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from autofix import crashpoints

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "autofix"
CALL = re.compile(r'crashpoints\.reach\(\s*"([^"]+)"\s*\)')


def test_every_point_is_placed_exactly_once_and_no_other() -> None:
    placed = [name for file in SOURCE.rglob("*.py") for name in CALL.findall(file.read_text())]
    assert sorted(placed) == sorted(crashpoints.POINTS)


@pytest.mark.parametrize("name", crashpoints.POINTS)
def test_every_point_is_documented_in_its_words(name: str) -> None:
    docs = (ROOT / "docs" / "reliability.md").read_text()
    assert f"| `{name}` | {crashpoints.POINTS[name]} |" in docs


PASSES = """
from autofix import crashpoints
for number in range(1, 4):
    crashpoints.reach("run.event")
    crashpoints.reach("run.claimed")
    print(number, flush=True)
"""


def passing(wish: str) -> subprocess.CompletedProcess[str]:
    kept = {key: value for key, value in os.environ.items() if key != crashpoints.VARIABLE}
    environment = {**kept, crashpoints.VARIABLE: wish} if wish else kept
    return subprocess.run(
        [sys.executable, "-c", PASSES],
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize(
    ("wish", "passed"), [("run.claimed", ""), ("run.claimed:1", ""), ("run.claimed:3", "1\n2\n")]
)
def test_a_process_dies_at_the_pass_that_was_asked_for(wish: str, passed: str) -> None:
    done = passing(wish)
    assert (done.returncode, done.stdout) == (-signal.SIGKILL, passed)


def test_without_the_variable_nothing_happens() -> None:
    assert passing("").stdout == "1\n2\n3\n"
    assert crashpoints.reach is crashpoints._pass_by


@pytest.mark.parametrize("wish", ["run.clamed", "run.claimed:x", "run.claimed:1:jump", ":2"])
def test_a_wish_that_means_nothing_is_refused_in_one_line(wish: str) -> None:
    done = passing(wish)
    assert done.returncode == 1
    assert wish in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_process_can_be_stopped_instead() -> None:
    kept = {key: value for key, value in os.environ.items() if key != crashpoints.VARIABLE}
    environment = {**kept, crashpoints.VARIABLE: "run.claimed:2:stop"}
    with subprocess.Popen(
        [sys.executable, "-c", PASSES], env=environment, stdout=subprocess.PIPE, text=True,
        stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        _, status = os.waitpid(process.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        process.send_signal(signal.SIGCONT)
        assert process.communicate()[0] == "1\n2\n3\n"
