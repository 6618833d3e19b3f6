"""Acts, asked of a server: it writes them down under the name of whose token it is shown.

What starts something bears a key, so that it may be asked for again when the connection broke.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from autofix.core.alerts import Delivery
from autofix.core.incidents import Incident
from autofix.core.readings import Reading
from autofix.core.record_checks import RecordCheck
from autofix.core.runs import Run
from autofix.core.signals import Signal
from autofix.core.silences import Silence
from autofix.core.stories import BreakerReset, Paused, Resumed
from autofix.remote.client import JSON
from autofix.remote.looks import SLOW, Room

#: Seconds that a look may take, by the API's own bounds.
LONGEST_LOOK = 60.0


class Acts(Room):
    def start(
        self,
        runbook: str,
        hosts: Sequence[str],
        *,
        subject: str = "",
        inputs: Mapping[str, Any] | None = None,
        accept: bool = False,
        check: bool = False,
        from_text: bool = False,
    ) -> list[Signal]:
        body = {
            "hosts": list(hosts),
            "subject": subject,
            "inputs": dict(inputs or {}),
            "accept": accept,
            "check": check,
            "from_text": from_text,
        }
        found = self.client.act(
            JSON, "POST", "runbooks", runbook, "runs", body=body, once=True, timeout=SLOW
        )
        return self._items(Signal, found)

    def cancel(self, run: int, reason: str = "") -> Run:
        body = {"reason": reason}
        return self.client.act(Run, "POST", "runs", run, "cancel", body=body, once=True)

    def acknowledge(self, incident: int) -> Incident:
        return self._incident(incident, "acknowledge")

    def acknowledge_page(self, page: int) -> list[Incident]:
        found = self.client.act(JSON, "POST", "pages", page, "acknowledge", once=True)
        return self._items(Incident, found)

    def triage(self, incident: int, note: str = "") -> Incident:
        return self._incident(incident, "triage", note=note)

    def workaround(self, incident: int, note: str = "") -> Incident:
        return self._incident(incident, "workaround", note=note)

    def approve(self, incident: int, asked: str = "") -> Incident:
        return self._incident(incident, "approve", **({"asked": asked} if asked else {}))

    def reject(self, incident: int, note: str = "") -> Incident:
        return self._incident(incident, "reject", note=note)

    def resolve(self, incident: int, note: str = "") -> Incident:
        return self._incident(incident, "resolve", note=note)

    def close(self, incident: int, note: str = "") -> Incident:
        return self._incident(incident, "close", note=note)

    def comment(self, incident: int, text: str) -> Incident:
        return self._incident(incident, "comment", text=text)

    def retry(self, incident: int, step: int = 1, *, accept: bool = False) -> Incident:
        return self._incident(incident, "retry", step=step, accept=accept)

    def roll_back(self, incident: int, step: int) -> Incident:
        return self._incident(incident, "rollback", step=step)

    def _incident(self, number: int, verb: str, **body: str | int | bool) -> Incident:
        return self.client.act(
            Incident, "POST", "incidents", number, verb, body=body or None, once=True
        )

    def pause(
        self,
        *,
        runbook: str = "",
        host: str = "",
        reason: str = "",
        cancel_running: bool = False,
    ) -> Paused:
        """Without a key: that would have to be written to the store, which may be down."""
        scope = {"runbook": runbook, "host": host}
        body = {**scope, "reason": reason, "cancel_running": cancel_running}
        return self.client.act(Paused, "POST", "pauses", body=body)

    def resume(self, *, runbook: str = "", host: str = "") -> Resumed:
        scope = {"runbook": runbook, "host": host}
        return self.client.act(Resumed, "DELETE", "pauses", query=scope)

    def add_silence(
        self,
        *,
        until: float,
        reason: str,
        starts_at: float | None = None,
        runbook: str = "",
        host: str = "",
        group: str = "",
        labels: Mapping[str, str] | None = None,
    ) -> Silence:
        body = {
            "until": until,
            "reason": reason,
            "starts_at": starts_at,
            "runbook": runbook,
            "host": host,
            "group": group,
            "labels": dict(labels or {}),
        }
        return self.client.act(Silence, "POST", "silences", body=body, once=True)

    def end_silence(self, number: int) -> int:
        found = self.client.act(dict[str, int], "DELETE", "silences", number)
        return found.get("decided_anew", 0)

    def reset_breaker(
        self, runbook: str, host: str, subject: str = "", reason: str = ""
    ) -> BreakerReset:
        body = {"runbook": runbook, "host": host, "subject": subject, "reason": reason}
        return self.client.act(BreakerReset, "POST", "breakers", "reset", body=body, once=True)

    def look(
        self, probe: str, host: str, options: Mapping[str, Any], timeout: float = 10.0
    ) -> list[Reading]:
        body = {"host": host, "options": dict(options), "timeout": min(timeout, LONGEST_LOOK)}
        found = self.client.act(
            JSON, "POST", "probes", probe, "look", body=body, timeout=LONGEST_LOOK + SLOW
        )
        return self._items(Reading, found)

    def check_record(self) -> RecordCheck:
        return self.client.act(RecordCheck, "POST", "audit", "check")

    def replay_alert(self, number: int) -> Delivery:
        return self.client.act(Delivery, "POST", "alerts", number, "replay", once=True)

    def test_alert(self, source: str, body: str, headers: Mapping[str, str]) -> Delivery:
        asked = {"source": source, "body": body, "headers": dict(headers)}
        return self.client.act(Delivery, "POST", "alerts", "test", body=asked)
