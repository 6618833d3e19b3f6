"""A dead-man's switch such as healthchecks: it alarms when no sign came within period and grace,
or when a trouble was told.

with dead_mans_switch(period=60, grace=60) as switch:
    ...
    assert switch.alarmed_after(began) < 180
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from servers.http import Answer, Asked, HttpServer


class Switch:
    def __init__(self, period: float, grace: float) -> None:
        self.period, self.grace = period, grace
        self.signs: list[float] = []
        self.alarmed_at: float | None = None
        self.why = ""
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._server = HttpServer(self._answer)
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"{self._server.url}/ping/0c2b1d5e-7f3a-4f6c-9a54-2f9d6f2b7c11"

    def _answer(self, asked: Asked) -> Answer:
        if asked.path.endswith("/fail"):
            self._alarm(asked.body.decode(errors="replace"))
        else:
            with self._lock:
                self.signs.append(time.monotonic())
        return Answer(200, b"OK")

    def _watch(self) -> None:
        while not self._over.wait(0.1):
            with self._lock:
                late = self.signs and time.monotonic() - self.signs[-1] > self.period + self.grace
            if late:
                self._alarm("no sign")

    def _alarm(self, why: str) -> None:
        with self._lock:
            if self.alarmed_at is None:
                self.alarmed_at, self.why = time.monotonic(), why

    def close(self) -> None:
        self._over.set()
        self._thread.join()
        self._server.close()


@contextmanager
def dead_mans_switch(*, period: float, grace: float) -> Iterator[Switch]:
    switch = Switch(period, grace)
    try:
        yield switch
    finally:
        switch.close()
