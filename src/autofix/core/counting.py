"""What an entry of the record counts for in the metrics: pure, so that they can't say otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from autofix.core.audit import AuditEntry, AuditEvent
from autofix.core.incidents import ENDED, State

#: What is decided about an incident, by the verb of its event.
_DECISIONS: Mapping[str, str] = {
    "acting": "act",
    "held": "hold",
    "awaiting_approval": "ask",
    "escalated": "escalate",
    "recovered": "leave",
}
_PAGES = frozenset({"sent", "failed", "unroutable"})


@dataclass(frozen=True)
class Count:
    """One more of `name` with these labels; `seconds` for what took a time."""

    name: str
    labels: Mapping[str, str]
    seconds: float | None = None


@dataclass(frozen=True)
class Tallies:
    """How many there are now. `live` by (state, severity); `queued` by what waits."""

    live: Mapping[tuple[str, str], int]
    queued: Mapping[str, int]


class Counter:
    """Remembers when runs started, to tell how long they took."""

    def __init__(self) -> None:
        self._started: dict[int, float] = {}

    def counts(self, entry: AuditEntry) -> Iterator[Count]:
        """What this entry adds; entries come in the record's order."""
        noun, _, verb = entry.event.action.partition(".")
        if noun == "incident":
            yield from _of_incident(entry.event, verb)
        elif noun == "run":
            yield from self._of_run(entry.event, verb)
        elif noun == "page" and verb in _PAGES:
            channel = str(entry.event.payload.get("channel", ""))
            yield Count("pages", {"channel": channel, "result": verb})
        elif entry.event.action == "access.denied":
            yield Count("denied", {})

    def _of_run(self, event: AuditEvent, verb: str) -> Iterator[Count]:
        number = event.run or 0
        kind = str(event.payload.get("kind", ""))
        labels = {"runbook": event.runbook, "kind": kind}
        if verb == "started":
            self._started[number] = event.at
        elif verb in ("finished", "lost"):
            began = self._started.pop(number, None)
            outcome = str(event.payload.get("outcome", verb))
            took = None if began is None else max(event.at - began, 0.0)
            yield Count("runs", {**labels, "outcome": outcome}, took)


def _of_incident(event: AuditEvent, verb: str) -> Iterator[Count]:
    if verb == "opened":
        yield Count("opened", {"runbook": event.runbook})
    if verb in _DECISIONS:
        reason = str(event.payload.get("guard", "")) or verb
        yield Count("decisions", {"decision": _DECISIONS[verb], "reason": reason})
    if verb in ENDED and verb != State.CLOSED:
        yield Count("ended", {"runbook": event.runbook, "state": verb})
