"""Lanes: each channel has its own way out, so that one that hangs holds up no other."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass

from autofix.core.delivery import rest
from autofix.core.escalation import CHANNEL_TIMEOUT

#: How many pages one channel is given at the same time.
AT_ONCE = 2


@dataclass(frozen=True)
class Health:
    failures: int = 0  # in a row
    until: float = 0.0  # rests until then


class Lanes:
    """What is on its way by which channel, and which channels failed lately. Nothing here needs to
    outlive the process: after a start every channel is tried again."""

    def __init__(self, timeout: float = CHANNEL_TIMEOUT) -> None:
        self.timeout = timeout
        self.patience = timeout * 5 / 6  # what a channel is given: it gives up before we do
        self._lock = threading.Lock()
        self._health: dict[str, Health] = {}
        self._inside: Counter[str] = Counter()
        self._pages: set[int] = set()

    def take(self, page_id: int) -> bool:
        """False: this page is on its way already."""
        with self._lock:
            if page_id in self._pages:
                return False
            self._pages.add(page_id)
            return True

    def done(self, page_id: int) -> None:
        with self._lock:
            self._pages.discard(page_id)

    def on_its_way(self, page_id: int) -> bool:
        with self._lock:
            return page_id in self._pages

    def enter(self, name: str) -> bool:
        """False: as many tries as may be are inside this channel, hanging."""
        with self._lock:
            if self._inside[name] >= AT_ONCE:
                return False
            self._inside[name] += 1
            return True

    def leave(self, name: str) -> None:
        with self._lock:
            self._inside[name] -= 1

    def failed(self, name: str, now: float) -> None:
        with self._lock:
            before = self._health.get(name, Health())
            if before.failures and now < before.until:
                return  # of the same outage: what was under way at the same time
            failures = before.failures + 1
            self._health[name] = Health(failures, now + rest(failures))

    def worked(self, name: str) -> None:
        with self._lock:
            self._health.pop(name, None)

    def resting(self) -> dict[str, float]:
        """Until when each channel that failed lately rests."""
        with self._lock:
            return {name: health.until for name, health in self._health.items()}
