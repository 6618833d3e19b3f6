"""In a rush of signals: first write down what comes, then think about it.

Who sends an alert waits until it is committed, and gives up after a few seconds; a decision can
wait. So work on what came before gives way for moments while many are coming in.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

#: So many signals within one SPAN (seconds) are a rush; a piece of work gives way at most so long.
MANY, SPAN, AT_MOST = 25, 0.25, 0.5
PAUSE = 0.02


class Rush:
    """Counts arrivals by spans of time; safe from many threads."""

    def __init__(
        self,
        steady: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._steady, self._sleep = steady, sleep
        self._lock = threading.Lock()
        self._span, self._count, self._before = 0, 0, 0

    def arrived(self) -> None:
        """A signal is here, and is being written down."""
        with self._lock:
            self._move()
            self._count += 1

    @property
    def on(self) -> bool:
        """Many have come in this span or in the one before."""
        with self._lock:
            self._move()
            return max(self._count, self._before) >= MANY

    def give_way(self) -> None:
        """Return when the rush is over, or after AT_MOST: what came must be worked on, too."""
        end = self._steady() + AT_MOST
        while self.on and self._steady() < end:
            self._sleep(PAUSE)

    def _move(self) -> None:
        span = int(self._steady() / SPAN)
        if span != self._span:
            self._before = self._count if span == self._span + 1 else 0
            self._span, self._count = span, 0
