"""An incident's story as a trace: one span for all of it, one for each thing within. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from autofix.core.audit import AuditEntry, AuditEvent
from autofix.core.incidents import ENDED
from autofix.core.inert import inert

#: States of an incident in which it waits for something, each a span of its own.
_WAITS = ("held", "awaiting_approval", "verifying", "escalated")
#: What ends such a wait: every move of the incident.
_MOVES = frozenset(
    {"acting", "held", "awaiting_approval", "verifying", "not_healed", "rolling_back", "escalated",
     "acknowledged", "retried", "approved", "rejected", *ENDED}
)  # fmt: skip


@dataclass(frozen=True)
class Span:
    """Times are seconds since the epoch; `parent` names the span around it, empty for the root.

    `key` is unique within the trace.
    """

    key: str
    name: str
    start: float
    end: float
    parent: str = ""
    failed: bool = False
    attributes: Mapping[str, Any] = field(default_factory=dict)


ROOT = "incident"


def trace_id(store: str, incident: int) -> int:
    """The same 128 bits for the same incident, whoever exports it."""
    return _number(f"{store}/{incident}", 16)


def span_id(store: str, incident: int, key: str) -> int:
    """64 bits, likewise."""
    return _number(f"{store}/{incident}/{key}", 8)


def _number(text: str, size: int) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:size], "big") or 1


def ended(event: AuditEvent) -> bool:
    """Is this the entry after which an incident's story can be told? Closing adds nothing."""
    noun, _, verb = event.action.partition(".")
    return noun == "incident" and verb in ENDED and verb != "closed"


def spans(record: Sequence[AuditEntry]) -> list[Span]:
    """The trace of one incident's entries, in the record's order; empty without its opening."""
    ordered = sorted(record, key=lambda entry: entry.seq)
    opened = next((e for e in ordered if e.event.action == "incident.opened"), None)
    if opened is None:
        return []
    within = [*_waits(ordered), *_pairs(ordered, "run", "started", ("finished", "lost"), _run)]
    within += _pairs(ordered, "page", "queued", ("sent", "dropped"), _page)
    end = max([opened.event.at, *(entry.event.at for entry in ordered), *(s.end for s in within)])
    return [_root(ordered, opened.event, end), *(replace(each, parent=ROOT) for each in within)]


def _root(ordered: Sequence[AuditEntry], opened: AuditEvent, end: float) -> Span:
    last = next((e.event for e in reversed(ordered) if ended(e.event)), opened)
    escalated = any(entry.event.action == "incident.escalated" for entry in ordered)
    attributes = {
        "autofix.incident": opened.incident or 0,
        "autofix.runbook": opened.runbook,
        "autofix.host": opened.host,
        "autofix.subject": inert(str(opened.payload.get("subject", "")), 200),
        "autofix.state": last.action.partition(".")[2],
        "autofix.reason": inert(str(last.payload.get("reason", "")), 500),
        "autofix.opened.reason": inert(str(opened.payload.get("reason", "")), 500),
    }
    name = f"{opened.runbook} on {opened.host}"
    return Span(ROOT, name, opened.at, end, failed=escalated, attributes=attributes)


def _waits(ordered: Sequence[AuditEntry]) -> Iterator[Span]:
    waiting: AuditEntry | None = None
    for entry in ordered:
        noun, _, verb = entry.event.action.partition(".")
        if noun != "incident" or verb not in _MOVES:
            continue
        if waiting is not None:
            yield _wait(waiting, entry)
        waiting = entry if verb in _WAITS else None


def _wait(begun: AuditEntry, over: AuditEntry) -> Span:
    what = begun.event.action.partition(".")[2]
    reason = inert(str(begun.event.payload.get("reason", "")), 500)
    attributes = {
        "autofix.reason": reason,
        "autofix.guard": str(begun.event.payload.get("guard", "")),
        "autofix.then": over.event.action.partition(".")[2],
    }
    return Span(f"{what}.{begun.seq}", what, begun.event.at, over.event.at, attributes=attributes)


def _pairs(
    ordered: Sequence[AuditEntry],
    noun: str,
    first: str,
    last: tuple[str, ...],
    made: Callable[[AuditEntry, AuditEntry], Span],
) -> Iterator[Span]:
    """What has a beginning and an end of its own: runs by their number, pages by their title."""
    begun: dict[Any, AuditEntry] = {}
    for entry in ordered:
        found, _, verb = entry.event.action.partition(".")
        if found != noun:
            continue
        which = entry.event.run if noun == "run" else entry.event.payload.get("title")
        if verb == first:
            begun[which] = entry
        elif verb in last and which in begun:
            yield made(begun.pop(which), entry)


def _run(begun: AuditEntry, over: AuditEntry) -> Span:
    told, result = begun.event.payload, over.event.payload
    outcome = str(result.get("outcome", "lost"))
    attributes = {
        "autofix.run": begun.event.run or 0,
        "autofix.playbook": str(told.get("playbook", "")),
        "autofix.kind": str(told.get("kind", "")),
        "autofix.step": told.get("step", 0),
        "autofix.outcome": outcome,
        "autofix.reason": inert(str(result.get("reason", "")), 500),
    }
    times = begun.event.at, over.event.at
    failed = outcome != "ok"
    name = f"run {told.get('playbook', '')}"
    return Span(f"run.{begun.seq}", name, *times, failed=failed, attributes=attributes)


def _page(begun: AuditEntry, over: AuditEntry) -> Span:
    verb = over.event.action.partition(".")[2]
    channel = str(over.event.payload.get("channel", ""))
    attributes = {"autofix.channel": channel, "autofix.result": verb}
    times = begun.event.at, over.event.at
    return Span(f"page.{begun.seq}", "page", *times, attributes=attributes)
