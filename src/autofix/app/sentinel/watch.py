"""The sentinel's loop: look, decide, page. It reads a few bytes every two seconds."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from autofix.app.sentinel import files
from autofix.app.sentinel.arms import Arms, Delivery
from autofix.app.sentinel.notes import Notes
from autofix.app.speaking import speaks
from autofix.core.pages import Page
from autofix.core.watching import (
    STOPPED,
    Call,
    Known,
    Memory,
    Seen,
    Tick,
    judge,
    may_leave,
    observe,
    told,
    unheard,
)
from autofix.core.watching_pages import compose

log = logging.getLogger("autofix.sentinel")

#: Seconds between two looks, between two signs of its own life, and between two tries to read
#: settings that could not be read at all.
POLL, SIGN_EVERY, READ_AGAIN = 2.0, 10.0, 60.0


class Helper(Protocol):
    """See `arms.Child`."""

    def load(self) -> Arms | str: ...
    def look(self) -> Known | str: ...
    def send(self, arms: Arms, page: Page, first: str) -> Delivery: ...


class Sentinel:
    """Watches one state folder. `child`: started by a server, it leaves when there is nothing left
    to watch."""

    def __init__(
        self,
        file: Path,
        state: Path,
        helper: Helper,
        *,
        child: bool,
        wall: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._file, self._state, self._helper, self._child = file, state, helper, child
        self._wall, self._steady = wall, steady
        self.arms = Arms()
        self._armed = ""  # the settings' stamp that the arms were made for
        self._read_again = float("inf")
        self._known, self._known_stamp = Known(), ""
        self._tick: Tick | None = None
        self._lived, self._looked_at, self._signed_at = 0.0, steady(), float("-inf")
        self._notes = Notes(state, wall)
        self.memory, self._first = Memory(), ""
        self.recall()
        self._boot = files.boot_id()

    @property
    def poll(self) -> float:
        return min(POLL, self.arms.rules.after / 4)

    def recall(self) -> None:
        """What an earlier sentinel here has said already."""
        self.memory, self._first = self._notes.remembered()

    def run(self, stopped: Callable[[float], bool]) -> None:
        """Until `stopped(seconds)`, which waits so long, says so; or until it may leave."""
        while self.step() and not stopped(self.poll):
            pass
        self._sign()

    def step(self) -> bool:
        """One look; False when nothing is left to watch."""
        self.arm()
        seen = self._look()
        before = self.memory
        self.memory = observe(self.memory, seen)
        call = judge(self.memory, seen, self.arms.rules) if self.arms.enabled else None
        if call is not None and not call.closing:
            seen = self._ask_store(seen)
            call = judge(self.memory, seen, self.arms.rules)
        if call is not None:
            self._page(call, seen)
        if self.memory.said != before.said or self._steady() - self._signed_at >= SIGN_EVERY:
            self._sign()
        return not self._may_leave(seen)

    def arm(self) -> None:
        """Read the settings when they changed; broken ones leave the last good ones in force."""
        stamp = _stamp((str(self._file), *self.arms.files))
        if stamp == self._armed and self._steady() < self._read_again:
            return
        found = self._helper.load()
        self._armed, self._read_again = stamp, float("inf")
        if isinstance(found, str):
            log.error("the settings can't be read, the last good ones stay: %s", found)
            self._read_again = self._steady() + READ_AGAIN
        elif found.faults and self.arms.channels:
            log.error("the settings are wrong, the last good ones stay: %s", found.faults[0])
        else:
            self.arms = found
            self._armed = _stamp((str(self._file), *found.files))

    def _look(self) -> Seen:
        now = self._steady()
        # What we did not see does not count: we may have been stopped ourselves, or the machine.
        self._lived += min(now - self._looked_at, 3 * self.poll)
        self._looked_at = now
        self._tick = files.read_tick(self._state) or self._tick
        stamp = _stamp((str(self._state / files.KNOWN),))
        if stamp != self._known_stamp and (fresh := files.read_known(self._state)) is not None:
            self._known, self._known_stamp = replace(fresh, leader=""), stamp
        return Seen(self._lived, self._wall(), self._tick, self._boot, self._known)

    def _ask_store(self, seen: Seen) -> Seen:
        """The newest truth, where the store can still be asked."""
        found = self._helper.look()
        if isinstance(found, str):
            log.warning("the store can't be asked, what was known before counts: %s", found)
            return seen
        ours = seen.tick.owner if seen.tick else ""
        other = found.leader if found.leader.startswith("serve ") else ""
        self._known = replace(found, leader="" if other == ours else other)
        return replace(seen, known=self._known)

    def _page(self, call: Call, seen: Seen) -> None:
        page = compose(
            call, self.memory, seen, host=socket.gethostname(), process=self._process(),
            last=self._time(seen.tick.at if seen.tick else 0.0), words=speaks(self.arms.language),
        )  # fmt: skip
        delivery = self._helper.send(self.arms, page, self._first if call.closing else "")
        self._notes.write_down(call, page, delivery)
        if delivery.channel:
            log.warning("paged by %s: %s", delivery.channel, page.title)
            self.memory, self._first = told(self.memory, call, seen), delivery.channel
        else:
            log.error("nobody was reached: %s", "; ".join(delivery.words))
            self.memory = unheard(self.memory, seen)

    def _process(self) -> str:
        """What became of the server's process, in words."""
        if self._tick is None or not self._tick.pid:
            return "its process is not known"
        began, letter = files.process_state(self._tick.pid)
        if not letter or letter == "Z" or self._tick.boot != self._boot:
            return f"its process {self._tick.pid} is gone"
        if self._tick.started and began != self._tick.started:
            return f"its process {self._tick.pid} is gone"
        doing = {"T": "stopped by a signal", "t": "held by a debugger", "D": "waiting for a disk"}
        return f"its process {self._tick.pid} is there, {doing.get(letter, 'but hangs')}"

    def _time(self, at: float) -> str:
        try:
            zone: tzinfo = ZoneInfo(self.arms.timezone)
        except (KeyError, ValueError, OSError):
            zone = UTC
        return datetime.fromtimestamp(at, zone).strftime("%Y-%m-%d %H:%M:%S %Z")

    def _sign(self) -> None:
        """A sign of its own life, and what must not be said twice by a successor."""
        self._signed_at = self._steady()
        server = self._tick.state if self._tick else ""
        self._notes.sign(self.memory, self._lived, self._first, self.arms, server, self._child)

    def _may_leave(self, seen: Seen) -> bool:
        if not self._child:
            return False
        stopped = seen.tick is not None and seen.tick.state == STOPPED
        if not self._state.is_dir() and (stopped or not self._file.exists()):
            return True  # the whole project is gone
        return not self.arms.enabled or may_leave(self.memory, seen, self.arms.rules)


def _stamp(paths: tuple[str, ...]) -> str:
    parts = []
    for path in paths:
        try:
            found = Path(path).stat()
            parts.append(f"{found.st_mtime_ns}.{found.st_ino}.{found.st_size}")
        except OSError:
            parts.append("-")
    return " ".join(parts)
