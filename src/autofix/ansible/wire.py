"""The wire between the callback in Ansible and the server: numbered JSON lines, bounded.

The callback (which cannot import this package's other rooms cheaply) writes one JSON object per
line with a growing `n`; the last line is `end`. A line that is too long or torn is counted as
missing, and then the run is no success.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

#: The callback's own limits keep a line far below this.
LONGEST_LINE = 1024 * 1024

Message = Mapping[str, Any]


@dataclass
class WireReader:
    """Bytes in, messages out; holds at most one line. `missing` says if anything went astray."""

    expected: int = 1
    ended: bool = False
    broken: bool = False
    _pieces: list[bytes] = field(default_factory=list)
    _size: int = 0

    @property
    def missing(self) -> bool:
        return self.broken or not self.ended

    def feed(self, chunk: bytes) -> Iterator[Message]:
        *lines, rest = chunk.split(b"\n")
        for line in lines:
            self._keep(line)
            message = self._take()
            if message is not None:
                yield message
        self._keep(rest)

    def _keep(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size > LONGEST_LINE:
            self._pieces.clear()  # and wait for its end
        elif piece:
            self._pieces.append(piece)

    def _take(self) -> Message | None:
        line, size = b"".join(self._pieces), self._size
        self._pieces.clear()
        self._size = 0
        message = _decoded(line) if size <= LONGEST_LINE else None
        if message is None or message.get("n") != self.expected or self.ended:
            self.broken = True
        self.expected += 1
        if message is not None and message.get("kind") == "end":
            self.ended = True
            return None
        return message


def _decoded(line: bytes) -> Message | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if isinstance(value, dict) and isinstance(value.get("kind"), str):
        return value
    return None
