"""Background work, bounded by kind, each thing under way at most once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

from autofix.flow.context import log

#: Threads by kind of work. Pages get threads of their own: paging must never wait for looking.
SIZES = {"decide": 8, "look": 8, "run": 16, "page": 4, "probe": 16}
#: Threads of a lane: a kind of two words, such as `page mail`, which is made when first needed.
LANE = 2


class Pools:
    """Thread pools by kind; a key that is under way is not started a second time."""

    def __init__(self, sizes: Mapping[str, int] = SIZES) -> None:
        self._pools = {
            kind: ThreadPoolExecutor(size, thread_name_prefix=kind) for kind, size in sizes.items()
        }
        self._busy: set[str] = set()
        self._lock = threading.Lock()
        self._closed = False

    def start(self, kind: str, key: str, work: Callable[[], None]) -> bool:
        """False when this key is under way, or the pools are closed."""
        with self._lock:
            if self._closed or key in self._busy:
                return False
            future = self._pool(kind).submit(self._run, key, work)
            self._busy.add(key)
        future.add_done_callback(lambda done: self._over(key) if done.cancelled() else None)
        return True

    def _pool(self, kind: str) -> ThreadPoolExecutor:
        if kind not in self._pools and " " in kind:
            self._pools[kind] = ThreadPoolExecutor(LANE, thread_name_prefix=kind)
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

    def close(self, *, wait: bool) -> None:
        with self._lock:
            self._closed = True
        for pool in self._pools.values():
            pool.shutdown(wait=wait, cancel_futures=True)
