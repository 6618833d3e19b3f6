"""SAFETY 16: the N-th write, fsync, rename or connect fails, for every N: never a silent success.

The kernel fails the calls (tests/crashkit/border.py) while a story is told on the real store. Then
it is told to its end without failures, and everything that was promised must be there.
"""

from __future__ import annotations

import errno
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autofix.errors import StoreError
from crashkit.border import Fault, under_fault, works
from crashkit.cases import Forged
from crashkit.scenes import BRIEF
from storekit import open_sqlite, opened

#: What a call fails with, and how many in a row: a bad moment, a full disk, a killed process.
FAULTS = {
    "EIO": {"number": errno.EIO, "count": 1},
    "ENOSPC": {"number": errno.ENOSPC, "count": 1},
    "full for a while": {"number": errno.ENOSPC, "count": 40},
    "kill -9": {"number": -signal.SIGKILL, "count": 1},
}


@pytest.fixture(scope="module")
def forge() -> Iterator[Forged]:
    if why := works():
        pytest.skip(why)
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="autofix-", dir=memory if memory.is_dir() else None))
    with Forged(folder) as forge:
        yield forge
    shutil.rmtree(folder)


def goes_on_after(forge: Forged, seed: int, first: int, **fault: int) -> dict[str, Any]:
    """One case: the verdict, which must be without a complaint."""
    verdict = forge.case(seed, fault={"first": first, **fault})
    assert verdict["complaints"] == [], (first, fault, verdict["failed"], verdict["complaints"])
    expected = -signal.SIGKILL if fault["number"] < 0 and verdict["failed"] else 0
    assert verdict["code"] == expected, verdict
    return verdict


def every(forge: Forged, seed: int, stride: int, **fault: int) -> tuple[int, int]:
    """N = 1, 1 + stride, … until none fails; (how many cases, how many calls a story makes)."""
    first, cases = 1, 0
    while True:
        verdict = goes_on_after(forge, seed, first, **fault)
        if not verdict["failed"]:
            return cases, verdict["calls"]
        cases, first = cases + 1, first + stride


@pytest.mark.parametrize("kind", FAULTS)
def test_a_brief_story_whose_nth_call_fails(forge: Forged, kind: str) -> None:
    stride = 41 + 4 * list(FAULTS).index(kind)
    cases, calls = every(forge, BRIEF, stride, **FAULTS[kind])
    assert cases > 2, calls


HOLDER = """
import sqlite3, sys
held = sqlite3.connect(sys.argv[1])
held.execute("SELECT count(*) FROM audit").fetchall()
print("held", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("file", ["autofix.db", "autofix.db-wal", "autofix.db-shm"])
def test_a_file_that_could_not_be_opened_once_is_not_read_only_for_ever(
    tmp_path: Path, file: str
) -> None:
    """SQLite then opens it for reading only, says nothing, and never looks again."""
    if why := works():
        pytest.skip(why)
    database = tmp_path / "state" / "autofix.db"
    open_sqlite(database.parent).close()
    said = tmp_path / "said"

    def work() -> None:
        store = open_sqlite(database.parent)
        opened(store)
        store.engine.dispose()  # what is opened next is opened anew
        gate.touch()
        for number in range(4):
            try:
                opened(store, host=f"h{number}")
                answer = "written"
            except StoreError as error:
                answer = str(error)
            with said.open("a") as out:
                out.write(answer + "\n")

    gate = tmp_path / "gate"
    # Somebody else has it open, so that the files are there.
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        fault = Fault(1, errno.EMFILE, only=f"openat */{file}", when=gate.exists)
        assert under_fault(work, database.parent, fault) == 0
        holder.communicate()
    answers = said.read_text().splitlines()
    assert len(fault.failed) == 1
    assert answers[-2:] == ["written", "written"], answers


@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize(("seed", "stride"), [(BRIEF, 1), (3, 7)])
@pytest.mark.soak
@pytest.mark.timeout(4 * 3600)
def test_every_call_of_a_story(forge: Forged, kind: str, seed: int, stride: int) -> None:
    cases, calls = every(forge, seed, stride, **FAULTS[kind])
    print(f"{kind}: {cases} cases among {calls} calls in the story of seed {seed}")
    assert cases >= calls // stride - 6
