"""What the sentinel writes: a sign of its own life, what it said, and what it sent.

The store has one writer, the server; it takes these up when it is back.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable
from pathlib import Path

from autofix import __version__
from autofix.app.sentinel import files
from autofix.app.sentinel.arms import Arms, Delivery
from autofix.core.pages import Page
from autofix.core.watching import Call, Memory

log = logging.getLogger("autofix.sentinel")

#: How much is kept of what was sent.
SENT_BYTES = 256 * 1024


class Notes:
    """`sentinel.json` and `sentinel.sent` in a state folder."""

    def __init__(self, state: Path, wall: Callable[[], float]) -> None:
        self._state, self._wall = state, wall
        self._number = 0

    def remembered(self) -> tuple[Memory, str]:
        """What an earlier sentinel said here, and the channel that took its last page."""
        value = files.read_object(self._state / files.MEMORY) or {}
        said, number, first = value.get("said"), value.get("number"), value.get("first")
        now = self._wall()
        # How long ago it was; a clock that was set back must not keep us silent.
        ages = {
            str(key): max(now - at, 0.0)
            for key, at in (said.items() if isinstance(said, dict) else ())
            if isinstance(at, int | float)
        }
        self._number = number if isinstance(number, int) else 0
        memory = Memory(said={key: -age for key, age in ages.items()})
        return memory, first if isinstance(first, str) else ""

    def write_down(self, call: Call, page: Page, delivery: Delivery) -> None:
        """For the next server, which puts it into the record, once by its growing number."""
        self._number = max(self._number + 1, int(self._wall() * 1000))
        line = {
            "n": self._number, "at": self._wall(), "kind": str(call.kind), "title": page.title,
            "channel": delivery.channel, "words": list(delivery.words),
            "passed": [each.id for each in call.passed],
        }  # fmt: skip
        try:
            _append(self._state / files.SENT, json.dumps(line))
        except OSError as error:
            log.error("what was sent can't be written down: %s", error)

    def sign(
        self, memory: Memory, lived: float, first: str, arms: Arms, server: str, child: bool
    ) -> None:
        said = {key: self._wall() - (lived - at) for key, at in memory.said.items()}
        value = {
            "at": self._wall(), "pid": os.getpid(), "version": __version__, "child": child,
            "said": said, "number": self._number, "first": first, "server": server,
            "channels": list(arms.order), "enabled": arms.enabled,
        }  # fmt: skip
        try:
            files.replace_text(self._state / files.MEMORY, json.dumps(value))
        except OSError as error:
            log.error("%s can't be written: %s", self._state / files.MEMORY, error.strerror)


def _append(path: Path, line: str) -> None:
    """One line, on the disk. The older half goes when there are too many."""
    if path.exists() and path.stat().st_size > SENT_BYTES:
        kept = path.read_text(errors="replace").splitlines()
        files.replace_text(path, "\n".join(kept[len(kept) // 2 :]) + "\n")
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(line + "\n")
        file.flush()
        os.fsync(file.fileno())
