"""The clock that autofix goes by: the wall's, but never back."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from autofix.core.audit import AuditEvent
from autofix.core.durations import human
from autofix.core.marks import SET_BACK, Mark
from autofix.flow.context import log
from autofix.ports import Store

#: A record that lies further ahead than this was written by a clock that was wrong, not set back.
AHEAD = 2 * 86400.0


class SystemClock:
    """The clock on the wall, which never goes back: what is due must not wait for an hour that
    somebody took off the clock. It runs ahead until the wall has caught up."""

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wall, self._steady = wall, steady
        self._ahead = wall() - steady()
        self._lock = threading.Lock()

    def now(self) -> float:
        with self._lock:
            steady = self._steady()
            self._ahead = max(self._ahead, self._wall() - steady)
            return steady + self._ahead

    def at_least(self, moment: float) -> None:
        """Go on from here, if the wall is behind it."""
        with self._lock:
            self._ahead = max(self._ahead, moment - self._steady())

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def go_on(clock: SystemClock, store: Store) -> None:
    """A server that starts goes on where the record ends, if the wall was set back meanwhile.

    Else everything that is due would wait until the wall has caught up. A record from days ahead
    is a mistake that must not last for ever: there the wall is right.
    """
    with store.reading() as reads:
        entries = reads.audit(newest_first=True, limit=1)
    gap = entries[0].event.at - clock.now() if entries else 0.0
    if gap > AHEAD:
        log.error(
            "the record ends %s ahead of this machine's clock, which is believed: "
            "look at both (date; autofix audit list), what is due then waits until then",
            human(gap),
        )
        _set_back(clock, store, gap)
    elif gap > 1:
        log.warning("the clock was set back by %s: going on from where the record ends", human(gap))
        clock.at_least(entries[0].event.at)


def _set_back(clock: SystemClock, store: Store, gap: float) -> None:
    """Times of the record go back here: whoever searches it by time must know by how much."""
    now, told = clock.now(), {"seconds": -round(gap, 1)}
    with store.transaction() as tx:
        before = tx.mark(SET_BACK)
        all_in_all = gap + (before.data["seconds"] if before else 0.0)
        tx.set_mark(Mark(SET_BACK, now, {"seconds": all_in_all}))
        tx.record(AuditEvent(now, "autofix", "clock.moved", payload=told))
