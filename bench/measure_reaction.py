"""From the failure to the first task's effect, side by side with `ansible-playbook` by hand."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from bench import Row
from bench.site import build

TIMES = 5
BIN = Path(sys.executable).parent


def measure() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        build(folder)
        by_hand, reacted = [], []
        with served(folder):
            for _ in range(TIMES):  # in turn, since the machine's speed drifts
                by_hand.append(_ansible_playbook(folder))
                reacted.append(_autofix(folder))
    yield Row(
        "ansible-playbook by hand → first effect", median(by_hand), "s", "", f"median of {TIMES}"
    )
    note = "cold start; a look every 1 s (0.5 s of it is waiting for the look)"
    yield Row("failure → first effect by autofix", median(reacted), "s", "", note)
    pairs = [ours / theirs for ours, theirs in zip(reacted, by_hand, strict=True)]
    yield Row("ratio, pair by pair", median(pairs), "x", "", "autofix / ansible-playbook")


def _ansible_playbook(folder: Path) -> float:
    effect = folder / "touched"
    effect.unlink(missing_ok=True)
    command = [BIN / "ansible-playbook", "-i", folder / "inventory", folder / "playbooks/touch.yml"]
    began = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    took = until(effect.exists) - began
    child.wait()
    effect.unlink()
    return took


def _autofix(folder: Path) -> float:
    effect, wanted = folder / "touched", folder / "wanted"
    effect.unlink(missing_ok=True)
    began = time.monotonic()
    wanted.touch()
    took = until(effect.exists) - began
    wanted.unlink()
    time.sleep(3)  # the incident ends and its trigger clears before the next one
    effect.unlink()
    return took


def until(condition: object, seconds: float = 60.0) -> float:
    """Wait for it; when it came true."""
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds:.0f} s")
        time.sleep(0.005)
    return time.monotonic()


@contextmanager
def served(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`autofix serve` on this project, while the block lasts."""
    log = folder / "serve.log"
    with log.open("wb") as out:
        server = subprocess.Popen(
            [BIN / "autofix", "-C", folder, "serve"],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
        )
    try:
        until(lambda: b"autofix serves" in log.read_bytes() or server.poll() is not None)
        if server.poll() is not None:
            raise RuntimeError(log.read_text()[-500:])
        yield server
    finally:
        server.terminate()
        server.wait(30)
