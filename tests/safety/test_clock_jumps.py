"""SAFETY 19: the clock on the wall jumps by an hour or a day, forth and back, while autofix serves.

Nothing is run twice and nothing is stuck until the wall has caught up: not even when the server is
killed in between, and its next start finds a record that is ahead of the wall. (Which slot of a
schedule fires is tested with the schedules.)
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from crashkit.cases import Forged
from crashkit.scenes import JUMPING, scenes


@pytest.fixture(scope="module")
def forge() -> Iterator[Forged]:
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="autofix-", dir=memory if memory.is_dir() else None))
    with Forged(folder) as forge:
        yield forge
    shutil.rmtree(folder)


@pytest.mark.parametrize(
    "stories",
    [5, pytest.param(200, marks=[pytest.mark.soak, pytest.mark.timeout(3600)])],
)
def test_the_wall_jumps_and_the_server_is_killed_in_between(forge: Forged, stories: int) -> None:
    jumped, died = [], 0
    for seed in range(JUMPING, JUMPING + stories):
        deaths = [f"run.event:{seed % 7 + 1}", f"commit.after:{seed % 50 + 1}"]
        verdict = forge.case(seed, *(deaths if seed % 4 else []))
        assert verdict["complaints"] == [], verdict
        died += sum(verdict["died"])
        jumped += [scene.which for scene in scenes(seed) if scene.what == "jump"]
    assert {float(each) for each in jumped} == {-86400.0, -3600.0, 3600.0, 86400.0}
    print(f"{stories} stories, {len(jumped)} jumps, {died} deaths")
