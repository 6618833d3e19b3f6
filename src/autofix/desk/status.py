"""How things stand, gathered in one look."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from autofix.core.audit import AuditEntry
from autofix.core.deadlines import DeadlineState, deadlines_of
from autofix.core.incidents import LIVE, Incident
from autofix.core.pauses import merged
from autofix.core.runs import RunState
from autofix.core.stories import Status
from autofix.desk.place import Place
from autofix.flow import stopping
from autofix.flow.context import Context
from autofix.flow.notary import MARK
from autofix.flow.witnesses import mark_name
from autofix.ports import Reads

#: What is noted beside the record.
MARKS = ("heartbeat", "synthetic", "doctor")


def gathered(place: Place, ctx: Context) -> Status:
    files = ctx.switch.pauses()
    now = ctx.clock.now()
    with ctx.store.reading() as reads:
        live = reads.incidents(states=LIVE, limit=1000)
        found: dict[str, Any] = {
            "halted": next((each.words for each in files if each.scope == "everything"), ""),
            "rejected": rejected(reads),
            "pauses": tuple(merged(files, reads.pauses())),
            "silences": tuple(reads.silences(active_at=now)),
            "incidents": tuple(live),
            "deadlines": counted(live, now),
            "running": tuple(reads.runs(states=[RunState.CLAIMED, RunState.STARTED])),
            "owed": tuple(run for run in stopping.owed(reads) if run.due_at is not None),
            "pages_waiting": tuple(each for each in reads.pages(limit=1000) if each.due_at),
            "audit_size": reads.audit_head()[0],
            **marked(reads),
            **seal(reads, place.witnesses()),
        }
    settings = tuple(place.faults())
    return Status(server=ctx.store.leader(), settings=settings, **place.machine(), **found)


def rejected(reads: Reads) -> AuditEntry | None:
    """The latest changed files that the server did not take, unless good ones followed."""
    latest = [
        entry
        for action in ("settings.rejected", "settings.loaded", "server.started")
        for entry in reads.audit(action=action, newest_first=True, limit=1)
    ]
    newest = max(latest, key=lambda entry: entry.seq, default=None)
    return newest if newest and newest.event.action == "settings.rejected" else None


def marked(reads: Reads) -> dict[str, Any]:
    found = {name: reads.mark(name) for name in MARKS}
    return {name: {"at": mark.at, **mark.data} if mark else None for name, mark in found.items()}


def seal(reads: Reads, witnesses: Sequence[str]) -> Mapping[str, Any]:
    """The last checkpoint, and what is wrong with sealing and with witnesses."""
    last, failing = reads.last_checkpoint(), reads.mark(MARK)
    marks = {name: reads.mark(mark_name(name)) for name in witnesses}
    return {
        "sealed": {"size": last.size, "at": last.at, "key": last.key} if last else None,
        "seal_failing": failing.data["why"] if failing and failing.data["failed"] else "",
        "witnesses": {name: dict(mark.data) if mark else None for name, mark in marks.items()},
    }


def counted(incidents: Iterable[Incident], now: float) -> dict[str, int]:
    """How many open incidents have a deadline that is missed, and how many others a near one."""
    worst = Counter(_worst(incident, now) for incident in incidents)
    return {state: worst[state] for state in ("missed", "near")}


def _worst(incident: Incident, now: float) -> str:
    states = {each.state for each in deadlines_of(incident, now) if each.open}
    order = (DeadlineState.MISSED, DeadlineState.NEAR)
    return next((str(state) for state in order if state in states), "")
