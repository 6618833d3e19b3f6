"""What makes a server's death noticed: its tick, its sentinel, and the heartbeat to the outside."""

from __future__ import annotations

import threading

from autofix.app.chores import Chore
from autofix.app.pulse import Pulse
from autofix.app.sentry import Sentry
from autofix.app.site import Site
from autofix.app.ticking import Ticker
from autofix.core.watching import SERVING, STANDBY, STOPPING
from autofix.flow.context import Context
from autofix.options import Options


class Vigil:
    """One server's, from its start to its end, whether it leads or stands by."""

    def __init__(self, site: Site, owner: str) -> None:
        self._site = site
        self._ticker = Ticker(site.settings.state, owner, site.file, site.clock.now)
        self._sentry: Sentry | None = None

    @property
    def age(self) -> float:
        """Seconds since the loop last went round."""
        return self._ticker.age

    def beat(self) -> None:
        """The loop has gone round once more."""
        self._ticker.beat()

    def stand_by(self) -> None:
        """The same while another server leads."""
        self._ticker.be(STANDBY)
        self._ticker.beat()

    def begin(self, ctx: Context, over: threading.Event) -> list[Chore]:
        """We lead: the heartbeat starts; the chores that keep a sentinel informed and alive."""
        self._ticker.be(SERVING)
        self._sentry = sentry = Sentry(ctx, self._site.file, self._site.settings.state)
        Pulse(ctx, self._heartbeat, lambda: self._ticker.age, over).start()
        return [
            Chore("sentinel", 5.0, lambda: sentry.keep(self._site.settings.sentinel.enabled)),
            Chore("what is open", 10.0, sentry.leave),
            Chore("what the sentinel sent", 30.0, sentry.take_up),
        ]

    def _heartbeat(self) -> Options | None:
        return self._site.settings.parts.get("heartbeat")

    def ending(self) -> None:
        """Running playbooks are being brought to rest, which may take a while."""
        self._ticker.be(STOPPING)

    def ended(self) -> None:
        """They are: what is left open now stays so."""
        if self._sentry is not None:
            self._sentry.leave_surely()

    def stopped(self, by: str) -> None:
        """Stopped on purpose: no cause for alarm."""
        self._ticker.stopped(by)
