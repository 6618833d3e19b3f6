"""Who was turned away, on the record: the first at once, those that follow as a count.

A flood of denials must not fill the record: of each who and what one entry a minute, and not more
than `AT_MOST` entries a minute in all; the rest is counted under one.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace

from autofix.core.audit import AuditEvent
from autofix.core.inert import inert
from autofix.core.roles import Principal
from autofix.errors import StoreError
from autofix.flow.context import log
from autofix.ports import Clock, Store

#: Seconds for which the same denial is only counted.
EVERY = 60.0
AT_MOST = 30
UNKNOWN = "unknown"


@dataclass(frozen=True)
class Tally:
    """One who and what: since when, and how often beside the first."""

    since: float
    who: str
    what: str
    why: str
    address: str
    more: int = 0
    told: bool = True  # the first of them is on the record

    def event(self, now: float, times: int) -> AuditEvent:
        payload = {"what": self.what, "reason": self.why, "address": self.address, "times": times}
        return AuditEvent(now, self.who, "access.denied", payload=payload)


class Denials:
    """Shared by the door and all desks of a process; safe from any thread."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._lock = threading.Lock()
        self._tallies: dict[tuple[str, ...], Tally] = {}

    def denied(self, who: str, what: str, why: str, *, address: str = "") -> None:
        """Never fails: that somebody is turned away does not hang on the store."""
        now = self._clock.now()
        tally = Tally(now, inert(who, 120), inert(what, 120), inert(why, 300), inert(address, 64))
        with self._lock:
            events = [*self._over(now), *self._counted(tally)]
        self._write(events)

    def of_principal(self, principal: Principal, what: str, why: str) -> None:
        self.denied(principal.actor, what, why)

    def tell(self) -> None:
        """Write down the counts whose minute is over: for a server's chores."""
        now = self._clock.now()
        with self._lock:
            events = self._over(now)
        self._write(events)

    def tell_all(self) -> None:
        """Write down every count: before the end."""
        with self._lock:
            events = self._over(float("inf"))
        self._write([replace(event, at=self._clock.now()) for event in events])

    def _counted(self, tally: Tally) -> list[AuditEvent]:
        key: tuple[str, ...] = (tally.who, tally.what, tally.address)
        if key not in self._tallies and len(self._tallies) >= AT_MOST:
            key = ()
            tally = replace(tally, who=UNKNOWN, what="many", address="", told=False)
        known = self._tallies.get(key)
        if known is not None or not tally.told:
            last = known or tally
            self._tallies[key] = replace(last, why=tally.why, more=last.more + 1)
            return []
        self._tallies[key] = tally
        return [tally.event(tally.since, 1)]

    def _over(self, now: float) -> list[AuditEvent]:
        done = [key for key, each in self._tallies.items() if not 0 <= now - each.since < EVERY]
        gone = [self._tallies.pop(key) for key in done]
        return [each.event(now, each.more) for each in gone if each.more]

    def _write(self, events: Sequence[AuditEvent]) -> None:
        if not events:
            return
        try:
            with self._store.transaction() as tx:
                for event in events:
                    tx.record(event)
        except StoreError as error:
            log.error("a denial could not be written down: %s", error)
