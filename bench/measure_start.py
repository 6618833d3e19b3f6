"""How long the command line takes to answer."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from bench import Row, seconds

AUTOFIX = str(Path(sys.executable).with_name("autofix"))


def measure() -> Iterator[Row]:
    for words in (["--help"], ["--version"], ["run", "--help"]):
        command = [AUTOFIX, *words]
        took = seconds(lambda: subprocess.run(command, check=True, capture_output=True), times=7)  # noqa: B023
        aim = "< 300 ms" if words == ["--help"] else ""
        yield Row(f"autofix {' '.join(words)}", took * 1000, "ms", aim, "median of 7")
    empty = [sys.executable, "-c", "pass"]
    took = seconds(lambda: subprocess.run(empty, check=True), times=7)
    yield Row("python -c pass", took * 1000, "ms", "", "what the interpreter alone takes")
