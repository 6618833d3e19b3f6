"""A queue of writers: one at a time, first come first served."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable


class Turns:
    """Like a lock, but fair, and its holder can see whether somebody waits for it.

    `unwanted` is called with the turn taken when a waiter was interrupted (Ctrl-C) just as it
    became its turn; it has to pass the turn on.
    """

    def __init__(self, unwanted: Callable[[], None]) -> None:
        self._unwanted = unwanted
        self._lock = threading.Lock()
        self._queue: deque[threading.Lock] = deque()
        self._taken = False

    def take(self, patience: float) -> bool:
        """Wait for our turn; False when it did not come within `patience` seconds."""
        with self._lock:
            if not self._taken:
                self._taken = True
                return True
            mine = threading.Lock()
            mine.acquire()
            self._queue.append(mine)
        try:
            came = mine.acquire(timeout=max(0.0, patience))
        except BaseException:
            if not self._leave_queue(mine):
                self._unwanted()
            raise
        return came or not self._leave_queue(mine)

    def _leave_queue(self, mine: threading.Lock) -> bool:
        """False when the turn was handed to us just now."""
        with self._lock:
            try:
                self._queue.remove(mine)
            except ValueError:
                return False
            return True

    def give(self) -> None:
        """Our turn is over."""
        with self._lock:
            if self._queue:
                self._queue.popleft().release()
            else:
                self._taken = False

    def hand_on(self) -> bool:
        """Give the turn to who waits for it; False, and it is still ours, when nobody does."""
        with self._lock:
            if not self._queue:
                return False
            self._queue.popleft().release()
            return True
