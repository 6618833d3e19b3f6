"""A few threads that work off a queue. What is put in is done once, or refused at once."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

#: Its key, and what is to be done.
Job = tuple[str, Callable[[], None]]


class Workers:
    """Threads are started when there is work for them. A job never raises.

    When the kernel refuses a thread, those that are there do the work; when there is none, `put`
    says no and keeps nothing: a job that was refused must not run after all.
    """

    def __init__(self, size: int, name: str) -> None:
        self._size, self._name = size, name
        self._waiting: deque[Job] = deque()
        self._threads: list[threading.Thread] = []
        self._idle = 0
        self._closed = False
        self._changed = threading.Condition()

    def put(self, job: Job) -> bool:
        """False: there is no thread for it, or these workers are closed."""
        with self._changed:
            if self._closed or not self._enough_threads():
                return False
            self._waiting.append(job)
            self._changed.notify()
            return True

    def _enough_threads(self) -> bool:
        """Start one more if all are busy and there may be more."""
        if self._idle > len(self._waiting) or len(self._threads) >= self._size:
            return True
        number = len(self._threads) + 1
        thread = threading.Thread(target=self._work, name=f"{self._name}_{number}", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            return bool(self._threads)
        self._threads.append(thread)
        return True

    def _work(self) -> None:
        while job := self._next():
            job[1]()

    def _next(self) -> Job | None:
        with self._changed:
            self._idle += 1
            self._changed.wait_for(lambda: self._waiting or self._closed)
            self._idle -= 1
            return self._waiting.popleft() if self._waiting else None

    def close(self) -> list[str]:
        """Nothing more is taken; the keys of jobs that were never begun, and are forgotten."""
        with self._changed:
            self._closed = True
            forgotten = [key for key, _ in self._waiting]
            self._waiting.clear()
            self._changed.notify_all()
            return forgotten

    def join(self, until: float) -> bool:
        """Wait for what was begun, until this moment of the monotonic clock; False: not all."""
        for each in self._threads:
            each.join(max(0.0, until - time.monotonic()))
        return not any(each.is_alive() for each in self._threads)
