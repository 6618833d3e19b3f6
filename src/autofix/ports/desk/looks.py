"""Questions about what happens and how things stand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from autofix.core.alerts import Delivery
from autofix.core.audit import AuditEntry
from autofix.core.breakers import Standing
from autofix.core.incidents import Incident, State
from autofix.core.overview import Overview
from autofix.core.pages import Page
from autofix.core.pauses import Pause
from autofix.core.record_checks import RecordCheck
from autofix.core.roles import Principal
from autofix.core.signals import Signal
from autofix.core.silences import Silence
from autofix.core.stories import (
    Answer,
    IncidentStory,
    PageStory,
    ProbeCard,
    RunbookCard,
    Status,
)


class LooksDesk(Protocol):
    """Questions. Lists are newest first; `before` is the cursor: only numbers below it."""

    principal: Principal

    def status(self) -> Status: ...
    def overview(self, limit: int = 50) -> Overview:
        """What matters now, each list at most so long: quick, however much there is."""

    def runbooks(self) -> list[RunbookCard]: ...
    def runbook(self, name: str) -> RunbookCard: ...
    def why(self, runbook: str, host: str) -> Answer: ...
    def hosts(self) -> list[str]: ...
    def probes(self) -> list[ProbeCard]: ...
    def incidents(
        self,
        *,
        states: Iterable[State] | None = None,
        runbook: str = "",
        host: str = "",
        severity: str = "",
        before: int | None = None,
        limit: int = 50,
    ) -> list[Incident]: ...
    def incident(
        self, number: int, *, before: int | None = None, entries: int = 1000
    ) -> IncidentStory:
        """Of its record the newest `entries`, of those below number `before`, oldest first."""

    def signal(self, number: int) -> Signal: ...
    def pages(
        self,
        *,
        incident: int | None = None,
        runbook: str = "",
        waiting: bool = False,
        before: int | None = None,
        limit: int = 50,
    ) -> list[Page]: ...
    def page(self, number: int) -> PageStory: ...
    def alerts(
        self, *, source: str = "", before: int | None = None, limit: int = 50
    ) -> list[Delivery]: ...
    def alert(self, number: int) -> Delivery: ...
    def silences(
        self,
        *,
        everything: bool = False,
        over: bool = False,
        before: int | None = None,
        limit: int = 1000,
    ) -> list[Silence]:
        """Newest first: in force and to come; `everything`: those that are over, too; `over`:
        only those."""

    def pauses(self) -> list[Pause]: ...
    def breakers(self) -> list[Standing]: ...
    def audit(
        self,
        *,
        after: int = 0,
        before: int | None = None,
        limit: int = 100,
        actor: str = "",
        action: str = "",
        runbook: str = "",
        host: str = "",
        incident: int | None = None,
        since: float | None = None,
        until: float | None = None,
        newest_first: bool = True,
    ) -> list[AuditEntry]:
        """Of the time from `since` to before `until`, in seconds since 1970."""

    def audit_entry(self, number: int) -> AuditEntry: ...
    def verify_audit(self) -> Mapping[str, Any]:
        """The report of `autofix audit verify --json`."""

    def record_check(self) -> RecordCheck:
        """How far the check of the record is that goes on at the server, or what the last said."""

    def export_audit(self, form: str) -> Iterator[str]:
        """Lines of `autofix audit export --format FORM`."""
