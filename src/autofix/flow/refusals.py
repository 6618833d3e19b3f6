"""Posts that are not let in: the first of a minute are written down, a flood of them is counted."""

from __future__ import annotations

import threading
from dataclasses import dataclass

#: Within so many seconds at most so many are written down of one kind: of senders that showed who
#: they are, and of strangers, who may send what they like.
SPAN, OF_OURS, OF_STRANGERS = 60.0, 60, 10
#: So many kinds are told apart within one span; all others are one.
KINDS = 500


@dataclass
class _Count:
    since: float
    written: int = 0
    passed_over: int = 0


class Refusals:
    """What was written in this span; safe from many threads. Nothing is lost by forgetting it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[tuple[str, ...], _Count] = {}

    def take(self, kind: tuple[str, ...], now: float, *, ours: bool) -> int | None:
        """None: this one is only counted. Else it is to be written down, with how many of its kind
        were only counted before it."""
        with self._lock:
            count = self._count(kind, now)
            if count.written >= (OF_OURS if ours else OF_STRANGERS):
                count.passed_over += 1
                return None
            count.written += 1
            more, count.passed_over = count.passed_over, 0
            return more

    def _count(self, kind: tuple[str, ...], now: float) -> _Count:
        if kind not in self._counts and len(self._counts) >= KINDS:
            self._counts = {
                each: one for each, one in self._counts.items() if 0 <= now - one.since < SPAN
            }
            if len(self._counts) >= KINDS:
                kind = ()
        count = self._counts.setdefault(kind, _Count(now))
        if not 0 <= now - count.since < SPAN:
            count.since, count.written = now, 0
        return count
