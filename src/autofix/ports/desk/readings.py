"""Questions about what was seen over time."""

from __future__ import annotations

from typing import Protocol

from autofix.core.charted import Readings


class ReadingsDesk(Protocol):
    def readings(self, incident: int) -> Readings:
        """Of its target, from an hour before it opened to an hour after it ended, with what was
        done meanwhile."""

    def recent(self, runbook: str, host: str, subject: str = "", since: float = 0.0) -> Readings:
        """Of this target up to now, in few points, for a small chart. Without a subject: of the one
        that fires, else of the one that was seen last."""
