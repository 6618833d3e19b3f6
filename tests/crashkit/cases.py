"""Which deaths to forge: every crash point that a story passes, each at a pass of its own."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from autofix.crashpoints import POINTS

#: Passed only where Ansible runs, and a key signs: tried on the real server.
REAL_ONLY = ("executor.started", "checkpoint.signed")
#: Passed only by a server that finds what another one left behind.
IN_RECOVERY = tuple(name for name in POINTS if name.startswith("recover.") or name == "owed.again")
TESTS = Path(__file__).parents[1]


class Forged:
    """The forge as a process of its own: one case in, one verdict out."""

    def __init__(self, folder: Path) -> None:
        searched = [str(TESTS), *filter(None, [os.environ.get("PYTHONPATH")])]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "crashkit.forge", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(searched)},
        )

    def case(
        self, seed: int, *deaths: str, fault: Mapping[str, int] | None = None
    ) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(
            json.dumps({"seed": seed, "deaths": deaths, "fault": fault}) + "\n"
        )
        self._process.stdin.flush()
        found: dict[str, Any] = json.loads(self._process.stdout.readline())
        return found

    def __enter__(self) -> Forged:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.communicate()


def cases(seed: int, told: Mapping[str, Any], points: Sequence[str]) -> Iterator[list[str]]:
    """The deaths of this seed, from the verdict of its story told without any."""
    dice = random.Random(seed)
    passes, begun = told["passes"], told["begun"]
    for point in points:
        if point in IN_RECOVERY:
            killed = _killed_run(point, begun, dice)
            if killed:
                yield [killed, f"{point}:1"]
        elif passes.get(point):
            yield [f"{point}:{dice.randint(1, passes[point])}"]


def _killed_run(point: str, begun: Sequence[str], dice: random.Random) -> str:
    """A playbook in the middle of which the first server dies, so that this point is passed."""
    fitting = [
        number
        for number, playbook in enumerate(begun)
        if point != "owed.again" or playbook == "gentle-back.yml"
    ]
    # Each run of the story tells two events: at the second one it has begun to act.
    return f"run.event:{2 * dice.choice(fitting) + 2}" if fitting else ""
