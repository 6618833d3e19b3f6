"""Questions to a server."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from autofix.core import cursors
from autofix.core.alerts import Delivery
from autofix.core.audit import AuditEntry
from autofix.core.breakers import Standing
from autofix.core.incidents import Incident, State
from autofix.core.overview import Overview
from autofix.core.pages import Page
from autofix.core.pauses import Pause
from autofix.core.record_checks import RecordCheck
from autofix.core.roles import Principal
from autofix.core.runs import RunEvent
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
from autofix.remote.answers import misunderstood
from autofix.remote.client import JSON, Client
from autofix.remote.codec import decode

Item = TypeVar("Item")
#: The most that a server gives at once.
MOST = 1000
#: Seconds that the whole record may take to be computed again, and a look at a host to answer.
VERIFYING, SLOW = 3600.0, 90.0


@dataclass(frozen=True)
class Numbered:
    """An event of a run with its number."""

    number: int
    event: RunEvent


class Room:
    """`principal` is who asks, as far as it is known here; the server decides who that is."""

    def __init__(self, client: Client, principal: Principal) -> None:
        self.client, self.principal = client, principal

    def _items(self, kind: type[Item], found: Any) -> list[Item]:
        try:
            if not isinstance(found, dict) or not isinstance(found.get("items"), list):
                raise ValueError("it is no list")
            return [decode(kind, each) for each in found["items"]]
        except ValueError as error:
            raise misunderstood(self.client.server, str(error)) from None

    def _all(self, kind: type[Item], *parts: str | int, **query: Any) -> list[Item]:
        return self._items(kind, self.client.get(JSON, *parts, **query))

    def _listed(
        self, kind: type[Item], noun: str, before: int | None, limit: int, **query: Any
    ) -> list[Item]:
        """As many as are asked for, however many the server gives at once."""
        cursor = None if before is None else cursors.encode(noun, before)
        found: list[Item] = []
        while len(found) < limit:
            most = min(limit - len(found), MOST)
            page = self.client.get(JSON, noun, cursor=cursor, limit=most, **query)
            found += self._items(kind, page)
            cursor = page.get("next")
            if not cursor:
                break
        return found


class Looks(Room):
    def status(self) -> Status:
        return self.client.get(Status, "status")

    def overview(self, limit: int = 50) -> Overview:
        return self.client.get(Overview, "overview", limit=limit)

    def runbooks(self) -> list[RunbookCard]:
        return self._all(RunbookCard, "runbooks")

    def runbook(self, name: str) -> RunbookCard:
        return self.client.get(RunbookCard, "runbooks", name)

    def why(self, runbook: str, host: str) -> Answer:
        return self.client.get(Answer, "runbooks", runbook, "why", host=host)

    def hosts(self) -> list[str]:
        return self._all(str, "hosts")

    def probes(self) -> list[ProbeCard]:
        return self._all(ProbeCard, "probes")

    def incidents(
        self,
        *,
        states: Iterable[State] | None = None,
        runbook: str = "",
        host: str = "",
        severity: str = "",
        before: int | None = None,
        limit: int = 50,
    ) -> list[Incident]:
        state = None if states is None else sorted(states)
        if state == []:
            return []  # in none of the states: a query can't say that
        narrowed = {"runbook": runbook, "host": host, "severity": severity}
        return self._listed(Incident, "incidents", before, limit, state=state, **narrowed)

    def incident(
        self, number: int, *, before: int | None = None, entries: int = 1000
    ) -> IncidentStory:
        many = entries if entries != MOST else None
        return self.client.get(IncidentStory, "incidents", number, before=before, entries=many)

    def signal(self, number: int) -> Signal:
        return self.client.get(Signal, "signals", number)

    def pages(
        self,
        *,
        incident: int | None = None,
        runbook: str = "",
        waiting: bool = False,
        before: int | None = None,
        limit: int = 50,
    ) -> list[Page]:
        narrowed = {"incident": incident, "runbook": runbook, "waiting": waiting}
        return self._listed(Page, "pages", before, limit, **narrowed)

    def page(self, number: int) -> PageStory:
        return self.client.get(PageStory, "pages", number)

    def alerts(
        self, *, source: str = "", before: int | None = None, limit: int = 50
    ) -> list[Delivery]:
        return self._listed(Delivery, "alerts", before, limit, source=source)

    def alert(self, number: int) -> Delivery:
        return self.client.get(Delivery, "alerts", number)

    def silences(
        self,
        *,
        everything: bool = False,
        over: bool = False,
        before: int | None = None,
        limit: int = 1000,
    ) -> list[Silence]:
        return self._listed(Silence, "silences", before, limit, all=everything, over=over)

    def pauses(self) -> list[Pause]:
        return self._all(Pause, "pauses")

    def breakers(self) -> list[Standing]:
        return self._all(Standing, "breakers")

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
        narrowed = {"actor": actor, "action": action, "runbook": runbook, "host": host}
        asked = {**narrowed, "incident": incident, "since": since, "until": until}
        if newest_first and not after:
            return self._listed(AuditEntry, "audit", before, limit, **asked)
        found = [each for each in self._walked(before, after, asked) if each.seq > after]
        return found[:limit] if newest_first else found[::-1][:limit]

    def _walked(
        self, before: int | None, after: int, asked: Mapping[str, Any]
    ) -> Iterator[AuditEntry]:
        """Newest first, back to the page that reaches `after`: a server goes no other way."""
        while True:
            found = self._listed(AuditEntry, "audit", before, MOST, **asked)
            yield from found
            if len(found) < MOST or found[-1].seq <= after:
                return
            before = found[-1].seq

    def audit_entry(self, number: int) -> AuditEntry:
        return self.client.get(AuditEntry, "audit", number)

    def verify_audit(self) -> Mapping[str, Any]:
        return self.client.get(dict[str, Any], "audit", "verify", timeout=VERIFYING)

    def record_check(self) -> RecordCheck:
        return self.client.get(RecordCheck, "audit", "check")

    def export_audit(self, form: str) -> Iterator[str]:
        with self.client.lines("audit", "export", accept="*/*", format=form) as lines:
            yield from lines
