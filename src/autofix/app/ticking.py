"""The server's tick: a file that shows from outside that the engine's loop goes round."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from autofix import __version__
from autofix.app.sentinel import files
from autofix.core.watching import STOPPED, Tick
from autofix.flow.context import log

#: Seconds between two ticks.
EVERY = 1.0


class Ticker:
    """Written by whoever must be seen to go on, never by a thread beside it."""

    def __init__(
        self, state: Path, owner: str, project: Path, now: Callable[[], float] = time.time
    ) -> None:
        self._path = state / files.TICK
        self._now = now
        pid = os.getpid()
        began, _ = files.process_state(pid)
        self._tick = {
            **asdict(Tick("", 0.0, pid, owner, files.boot_id(), "starting", "", began)),
            "version": __version__, "project": str(project),
        }  # fmt: skip
        self._last = float("-inf")
        self._said = ""
        self._ticked = False

    @property
    def age(self) -> float:
        """Seconds since the loop last went round."""
        return time.monotonic() - self._last

    def beat(self) -> None:
        """The loop has gone round; cheap when it was written a moment ago. Never raises."""
        if self.age >= EVERY:
            self._write()

    def be(self, state: str) -> None:
        """The next tick says so; at once if it is news."""
        if self._tick["state"] != state:
            self._tick["state"] = state
            self._write()

    def stopped(self, by: str) -> None:
        """Stopped on purpose: no cause for alarm."""
        if self._ticked:
            self._tick |= {"state": STOPPED, "by": by}
            self._write()

    def _write(self) -> None:
        self._last, self._ticked = time.monotonic(), True
        self._tick["at"] = self._now()
        try:
            files.replace_text(self._path, json.dumps(self._tick))
            self._said = ""
        except OSError as error:
            # A full disk is no silence: the file's time still says that we are there.
            with suppress(OSError):
                os.utime(self._path)
            if str(error) != self._said:
                self._said = str(error)
                log.error("the tick can't be written: %s", error)
