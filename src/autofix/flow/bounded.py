"""Work that may hang, done in a thread of its own and left behind when it takes too long."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from autofix.errors import AutofixError

Value = TypeVar("Value")

#: How many threads may hang for one key, and for all of them together.
PER_KEY, IN_ALL = 3, 64


class Hangs(AutofixError):
    """It did not come back in time, or too much hangs already."""


class _Call(Generic[Value]):
    """One piece of work, and what came of it."""

    def __init__(self, work: Callable[[], Value]) -> None:
        self._work = work
        self.values: list[Value] = []
        self.error: BaseException | None = None
        self.over = threading.Event()
        self.given_up = False

    def run(self) -> None:
        try:
            self.values.append(self._work())
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            self.error = error


@dataclass
class Bounded:
    """`within` gives what `work` gives, raises what it raises, or Hangs."""

    _hanging: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def hanging(self, key: str = "") -> int:
        """How many threads have not come back: of this key, or in all."""
        with self._lock:
            return self._hanging[key] if key else self._hanging.total()

    def within(self, seconds: float, key: str, work: Callable[[], Value]) -> Value:
        stuck = self.hanging(key)
        if stuck >= PER_KEY or self.hanging() >= IN_ALL:
            raise Hangs(f"{stuck or self.hanging()} looks have not come back")
        call = _Call(work)
        threading.Thread(target=self._run, args=(call, key), name=key, daemon=True).start()
        if not call.over.wait(seconds) and not self._give_up(call, key):
            raise Hangs(f"no answer within {seconds:g} s")
        if call.error is not None:
            raise call.error
        return call.values[0]

    def _run(self, call: _Call[Value], key: str) -> None:
        call.run()
        with self._lock:
            call.over.set()
            if call.given_up:
                self._hanging[key] -= 1
                self._hanging += Counter()  # forget what is at zero

    def _give_up(self, call: _Call[Value], key: str) -> bool:
        """True: it came back just now, after all."""
        with self._lock:
            if not call.over.is_set():
                call.given_up = True
                self._hanging[key] += 1
            return call.over.is_set()
