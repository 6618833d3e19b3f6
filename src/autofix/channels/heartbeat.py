"""A sign of life to an outside dead-man's switch, which alarms when the signs stay away."""

from __future__ import annotations

from autofix.channels.heartbeat_options import HeartbeatOptions
from autofix.channels.http import Wire
from autofix.core.inert import inert

#: Healthchecks keeps this much of what is sent along.
NOTE_BYTES = 10_000


class Heartbeat:
    """One switch. Nothing is learnt from its answer but that it was heard."""

    def __init__(self, options: HeartbeatOptions) -> None:
        self.options = options
        self._wire = Wire(options, options.url)

    @property
    def place(self) -> str:
        """Which switch, fit to be shown."""
        return self._wire.place

    def beat(self, trouble: str = "") -> str:
        """Give the sign, or tell the trouble; what was done. ChannelError when nobody heard."""
        if trouble and self.options.style == "plain":
            return "no sign was given"
        url = self._wire.url
        if trouble:
            path, mark, query = url.partition("?")
            url = f"{path.rstrip('/')}/fail{mark}{query}"
        note = inert(trouble, NOTE_BYTES // 8, lines=True).encode("utf-8", "replace")
        answer = self._wire.ask(
            self.options.method.upper(), note, timeout=self.options.timeout, url=url
        )
        return f"HTTP {answer.status}"
