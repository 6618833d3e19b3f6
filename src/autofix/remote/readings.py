"""Questions to a server about what was seen over time."""

from __future__ import annotations

from autofix.core.charted import Readings
from autofix.remote.looks import Room


class ReadingsRoom(Room):
    def readings(self, incident: int) -> Readings:
        return self.client.get(Readings, "incidents", incident, "readings")

    def recent(self, runbook: str, host: str, subject: str = "", since: float = 0.0) -> Readings:
        return self.client.get(
            Readings, "runbooks", runbook, "readings", host=host, subject=subject, since=since
        )
