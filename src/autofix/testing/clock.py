"""A clock whose hands a test moves."""

from __future__ import annotations

import threading


class FakeClock:
    """`now` stands still until `advance`; `sleep` moves the hands instead of waiting."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self._now = now
        self._lock = threading.Lock()

    def now(self) -> float:
        with self._lock:
            return self._now

    def sleep(self, seconds: float) -> None:
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        with self._lock:
            self._now += seconds
