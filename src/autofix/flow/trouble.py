"""When the store can't be written, or read: a person hears of it past the store."""

from __future__ import annotations

import socket

from autofix.core.audit import AuditEvent
from autofix.core.inert import inert
from autofix.core.pages import Page
from autofix.errors import Deposed, StoreError
from autofix.flow.context import Context, log
from autofix.flow.outbox import send

#: Seconds of trouble before a person is called, between two calls, and between two tries to write.
PATIENCE, REPEAT, RETRY = 5.0, 900.0, 5.0
SEVERITY = "P1"


class Trouble:
    """Remembers since when writing fails; tries again, calls a person, and notes the end of it."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._since: float | None = None
        self._why = ""
        self._failed_at = 0.0
        self._tried_at = 0.0
        self._called_at: float | None = None

    def failed(self, error: StoreError) -> None:
        """Something could not be written or read."""
        if isinstance(error, Deposed):
            return  # nothing is wrong with the store: another server leads
        if self._since is None:
            self._since = self._ctx.clock.now()
            log.error("the store fails, nothing new starts: %s", error)
        self._failed_at, self._why = self._ctx.clock.now(), str(error)

    @property
    def there(self) -> bool:
        return self._since is not None

    def tend(self) -> None:
        """Is it over? If not, for how long may it stay unsaid? May take as long as channels do."""
        now = self._ctx.clock.now()
        if self._since is None or now - self._tried_at < RETRY:
            return
        self._tried_at = now
        # One that writes, and fails all the same, holds something that can't be read.
        if now - self._failed_at >= RETRY and self._over(now):
            return
        called = self._called_at
        long_enough = now - self._since >= PATIENCE
        said = called is not None and now - called < REPEAT
        if long_enough and not said and self._call(now):
            self._called_at = now

    def _over(self, now: float) -> bool:
        since = self._since
        payload = {"since": since, "reason": self._why, "person_called": self._called_at}
        event = AuditEvent(now, self._ctx.owner, "store.recovered", payload=payload)
        try:
            with self._ctx.store.transaction() as tx:
                tx.record(event)
        except StoreError as error:
            self._why = str(error)
            return False
        log.info("the store can be written again")
        self._since, self._called_at = None, None
        return True

    def _call(self, now: float) -> bool:
        """By the default policy's channels, in order; without the outbox, which is in the store."""
        policy = self._ctx.book.policies.get("default")
        for name in policy.channels if policy else ():
            answer, error = send(
                self._ctx.book.channels.get(name), self._page(now), name, self._ctx.lanes
            )
            if not error:
                log.warning("a person was called by %s: %s", name, answer)
                return True
            log.error("a person could not be called by %s: %s", name, error)
        return False

    def _page(self, now: float) -> Page:
        where, words = socket.gethostname(), self._ctx.book.words
        text = words.gettext(
            "autofix on {host} can't work with its store: {why}\n"
            "What needs it is not started until it can: no run without a record.\n\n"
            "Look at the disk's room and the store's file (store: in autofix.yaml), then:\n"
            "autofix status"
        ).format(host=where, why=inert(self._why, 500))
        title = words.gettext(
            "[{severity}] autofix on {host} can't work with its store: what needs it waits"
        ).format(severity=SEVERITY, host=where)
        key = f"autofix:store:{where}"
        return Page(0, None, "default", (), SEVERITY, title, text, key, now, None)
