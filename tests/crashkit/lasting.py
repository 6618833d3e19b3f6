"""What outlives a killed process: a clock, and what the world outside has seen, line by line."""

from __future__ import annotations

import json
import os
import struct
from pathlib import Path
from typing import Any

from autofix.app.clock import SystemClock


class LastingClock:
    """Its hands stand in a file: whoever takes it up goes on at the moment of death."""

    def __init__(self, file: Path, start: float = 1_790_000_000.0) -> None:
        self._file = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
        if not os.fstat(self._file).st_size:
            self.set(start)

    def now(self) -> float:
        found: float = struct.unpack("d", os.pread(self._file, 8, 0))[0]
        return found

    def set(self, at: float) -> None:
        os.pwrite(self._file, struct.pack("d", at), 0)

    def sleep(self, seconds: float) -> None:
        self.set(self.now() + seconds)

    advance = sleep


class Traces:
    """Append-only files of JSON lines; a line is written whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, name: str, **line: Any) -> None:
        handle = os.open(self._folder / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(handle, json.dumps(line).encode() + b"\n")
        finally:
            os.close(handle)

    def all(self, name: str) -> list[dict[str, Any]]:
        file = self._folder / name
        if not file.exists():
            return []
        return [json.loads(line) for line in file.read_text().splitlines()]


class JumpingClock(SystemClock):
    """The server's own clock, on a wall that jumps as the traces tell."""

    def __init__(self, steady: LastingClock, traces: Traces) -> None:
        self._lasting, self._traces = steady, traces
        super().__init__(self._on_the_wall, steady.now)

    def _on_the_wall(self) -> float:
        jumps: list[float] = [line["by"] for line in self._traces.all("jumped")]
        return self._lasting.now() + sum(jumps)

    def sleep(self, seconds: float) -> None:
        self._lasting.sleep(seconds)
