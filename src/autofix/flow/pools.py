"""Background work, bounded by kind, each thing under way at most once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

from autofix.flow.context import log
from autofix.flow.workers import Workers

#: Threads by kind of work. Pages get threads of their own: paging must never wait for looking.
SIZES = {"decide": 8, "look": 8, "run": 16, "page": 4, "probe": 16}
#: Threads of a lane: a kind of two words, such as `page mail`, which is made when first needed.
LANE = 2


class Pools:
    """Thread pools by kind; a key that is under way is not started a second time."""

    def __init__(self, sizes: Mapping[str, int] = SIZES) -> None:
        self._pools = {kind: Workers(size, kind) for kind, size in sizes.items()}
        self._busy: set[str] = set()
        self._lock = threading.Lock()
        self._closed = False

    def start(self, kind: str, key: str, work: Callable[[], None]) -> bool:
        """False when this key is under way, the kernel gives no thread, or the pools are closed:
        then it is not started later either."""
        with self._lock:
            if self._closed or key in self._busy:
                return False
            self._busy.add(key)
            if not self._pool(kind).put((key, lambda: self._run(key, work))):
                self._busy.discard(key)
                log.error("%s can't be started: the kernel gives no thread", key)
                return False
        return True

    def _pool(self, kind: str) -> Workers:
        if kind not in self._pools and " " in kind:
            self._pools[kind] = Workers(LANE, kind)
        return self._pools[kind]

    def _over(self, key: str) -> None:
        with self._lock:
            self._busy.discard(key)

    def _run(self, key: str, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception:  # noqa: BLE001 - logged; one failed thing stops no other
            # It is still due in the store, so the next tick tries again.
            log.exception("%s failed", key)
        finally:
            self._over(key)

    def busy(self, kind: str = "") -> int:
        """How much is under way, of one kind or in all."""
        with self._lock:
            return sum(key.startswith(kind) for key in self._busy)

    def close(self, *, wait: bool, seconds: float = 60.0) -> None:
        """Nothing more is started; what waits for a thread is still due in the store. With `wait`,
        what is under way is waited for, so many seconds at most."""
        with self._lock:
            self._closed = True
            pools = list(self._pools.values())
        for pool in pools:
            for key in pool.close():
                self._over(key)
        until = time.monotonic() + seconds
        for pool in pools if wait else ():
            pool.join(until)
