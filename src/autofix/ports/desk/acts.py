"""Acts, each on the record under the principal's name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from autofix.core.alerts import Delivery
from autofix.core.incidents import Incident
from autofix.core.readings import Reading
from autofix.core.record_checks import RecordCheck
from autofix.core.runs import Run
from autofix.core.signals import Signal
from autofix.core.silences import Silence
from autofix.core.stories import (
    BreakerReset,
    Paused,
    Resumed,
)


class ActsDesk(Protocol):
    """Acts, each on the record under the principal's name."""

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
        """Ask for a run on each host; what becomes of it shows in the signal, then the incident.

        An empty list of hosts is refused; of several each waits for its turn. `accept`: as
        `--yes`. `from_text`: the inputs are texts that a person typed, read by their type.
        """

    def cancel(self, run: int, reason: str = "") -> Run: ...
    def acknowledge(self, incident: int) -> Incident: ...
    def acknowledge_page(self, page: int) -> list[Incident]: ...
    def triage(self, incident: int, note: str = "") -> Incident: ...
    def workaround(self, incident: int, note: str = "") -> Incident: ...
    def approve(self, incident: int, asked: str = "") -> Incident:
        """Yes to the step that waits; with `asked` (`attempt.step`: `1.0`) to no other."""

    def reject(self, incident: int, note: str = "") -> Incident: ...
    def resolve(self, incident: int, note: str = "") -> Incident: ...
    def close(self, incident: int, note: str = "") -> Incident: ...
    def comment(self, incident: int, text: str) -> Incident: ...
    def retry(self, incident: int, step: int = 1, *, accept: bool = False) -> Incident:
        """Start the fix of an incident that a person has again, at this step (from 1)."""

    def roll_back(self, incident: int, step: int) -> Incident:
        """Have undone what this step (from 1) did, on an incident that a person has."""

    def pause(
        self,
        *,
        runbook: str = "",
        host: str = "",
        reason: str = "",
        cancel_running: bool = False,
    ) -> Paused: ...
    def resume(self, *, runbook: str = "", host: str = "") -> Resumed: ...

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
    ) -> Silence: ...
    def end_silence(self, number: int) -> int:
        """How many incidents it held that are decided anew."""

    def reset_breaker(
        self, runbook: str, host: str, subject: str = "", reason: str = ""
    ) -> BreakerReset: ...
    def look(
        self, probe: str, host: str, options: Mapping[str, Any], timeout: float = 10.0
    ) -> list[Reading]: ...
    def check_record(self) -> RecordCheck:
        """Begin to verify the whole record beside everything else; one that goes on is joined."""

    def replay_alert(self, number: int) -> Delivery:
        """Judge it anew, as if it had come now."""

    def test_alert(self, source: str, body: str, headers: Mapping[str, str]) -> Delivery:
        """What it would mean now; nothing is written and nothing fires. `id` is 0."""
