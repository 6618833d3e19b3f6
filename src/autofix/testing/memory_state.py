"""What the in-memory store holds at one moment, and the questions it answers (`ports.Reads`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

from autofix.core.accounts import Answered, Kept, Session, Token, User
from autofix.core.acks import AckCode
from autofix.core.alerts import Delivery
from autofix.core.audit import GENESIS, AuditEntry
from autofix.core.batches import InWave
from autofix.core.breakers import Reset
from autofix.core.checkpoints import Archive, Checkpoint
from autofix.core.incidents import WORKING, AtWork, Incident, State
from autofix.core.marks import Mark
from autofix.core.pages import Member, Page, PageState
from autofix.core.pauses import Pause
from autofix.core.runs import Run, RunEvent, RunKind, RunState
from autofix.core.series import Sample
from autofix.core.signals import Signal, SignalState
from autofix.core.silences import Silence
from autofix.core.synthetic import NAME as SYNTHETIC
from autofix.core.triggers import Watch

Row = TypeVar("Row")
WatchKey = tuple[str, int, str, str]


@dataclass
class Data:
    """Everything stored. The values are frozen, so a shallow copy is a snapshot."""

    incidents: dict[int, Incident] = field(default_factory=dict)
    runs: dict[int, Run] = field(default_factory=dict)
    run_events: dict[int, tuple[RunEvent, ...]] = field(default_factory=dict)
    signals: dict[int, Signal] = field(default_factory=dict)
    pages: dict[int, Page] = field(default_factory=dict)
    watches: dict[WatchKey, Watch] = field(default_factory=dict)
    pauses: dict[tuple[str, str], Pause] = field(default_factory=dict)
    locks: dict[str, tuple[int, int, float]] = field(default_factory=dict)  # run, token, until
    slots: dict[tuple[str, str], bool] = field(default_factory=dict)
    audit: dict[int, AuditEntry] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)
    silences: dict[int, Silence] = field(default_factory=dict)
    resets: dict[tuple[str, str, str], Reset] = field(default_factory=dict)
    ack_codes: dict[str, AckCode] = field(default_factory=dict)
    marks: dict[str, Mark] = field(default_factory=dict)
    checkpoints: dict[int, Checkpoint] = field(default_factory=dict)
    archives: dict[int, Archive] = field(default_factory=dict)
    members: dict[int, Member] = field(default_factory=dict)
    deliveries: dict[int, Delivery] = field(default_factory=dict)
    once: dict[tuple[str, str], float] = field(default_factory=dict)
    tries: dict[str, tuple[float, ...]] = field(default_factory=dict)
    samples: dict[int, Sample] = field(default_factory=dict)
    users: dict[int, User] = field(default_factory=dict)
    tokens: dict[int, Token] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)
    kept: dict[str, Kept] = field(default_factory=dict)
    answers: dict[tuple[str, str], Answered] = field(default_factory=dict)  # by key and who

    def copy(self) -> Data:
        return Data(**{item.name: dict(getattr(self, item.name)) for item in fields(self)})

    def next(self, counter: str) -> int:
        """The next number; it only grows, whatever is forgotten."""
        self.counters[counter] = self.counters.get(counter, 0) + 1
        return self.counters[counter]


def newest(
    rows: dict[int, Row], fits: Callable[[Row], bool] | None, before: int | None, limit: int
) -> list[Row]:
    ids = (number for number in sorted(rows, reverse=True) if before is None or number < before)
    return [row for row in map(rows.__getitem__, ids) if fits is None or fits(row)][:limit]


def due_of(rows: Iterable[Any], now: float, limit: int, when: str = "due_at") -> list[Any]:
    found = [(getattr(row, when), row.id, row) for row in rows]
    due = sorted(each for each in found if each[0] is not None and each[0] <= now)
    return [row for _, _, row in due[:limit]]


class MemoryReads:
    """`ports.Reads` over one `Data`."""

    def __init__(self, data: Data) -> None:
        self._data = data

    def incident(self, incident_id: int) -> Incident | None:
        return self._data.incidents.get(incident_id)

    def live_incident(self, runbook: str, host: str, subject: str) -> Incident | None:
        same = self._same_target(runbook, host, subject)
        return next((incident for incident in same if incident.live), None)

    def _same_target(self, runbook: str, host: str, subject: str) -> list[Incident]:
        wanted = (runbook, host, subject)
        rows = self._data.incidents.values()
        return [row for row in rows if (row.runbook, row.host, row.subject) == wanted]

    def incidents(
        self,
        *,
        states: Iterable[State] | None = None,
        runbook: str = "",
        host: str = "",
        severity: str = "",
        before: int | None = None,
        limit: int = 100,
    ) -> list[Incident]:
        wanted = None if states is None else set(states)

        def fits(row: Incident) -> bool:
            in_state = wanted is None or row.state in wanted
            here = runbook in ("", row.runbook) and host in ("", row.host)
            return in_state and here and severity in ("", row.severity)

        return newest(self._data.incidents, fits, before, limit)

    def due_incidents(self, now: float, limit: int = 500) -> list[Incident]:
        return due_of((row for row in self._data.incidents.values() if row.live), now, limit)

    def next_due(self) -> float | None:
        live = [row for row in self._data.incidents.values() if row.live]
        runs, pages = self._data.runs.values(), self._data.pages.values()
        waiting = [
            *(moment for row in live for moment in (row.due_at, row.deadline_at)),
            *(row.call_at for row in self._data.incidents.values()),
            *(row.due_at for row in runs if row.state is RunState.PLANNED),
            *(row.due_at for row in pages if row.state is PageState.QUEUED),
        ]
        return min((moment for moment in waiting if moment is not None), default=None)

    def due_deadlines(self, now: float, limit: int = 500) -> list[Incident]:
        live = (row for row in self._data.incidents.values() if row.live)
        return due_of(live, now, limit, "deadline_at")

    def attempts(
        self, runbook: str, host: str, subject: str, since: float = 0.0, limit: int = 100
    ) -> list[Incident]:
        started = [
            row
            for row in self._same_target(runbook, host, subject)
            if not row.check and row.fix_started_at is not None and row.fix_started_at >= since
        ]
        return sorted(started, key=lambda row: (row.fix_started_at, row.id), reverse=True)[:limit]

    def wave(self, runbook: str) -> list[InWave]:
        every = [r for r in self._data.incidents.values() if r.runbook == runbook and not r.check]
        oldest = min((row.opened_at for row in every if row.live), default=None)
        return [
            InWave(row.id, row.host, row.state, row.fix_started_at, row.reason)
            for row in sorted(every, key=lambda row: row.id)
            if oldest is not None and (row.live or (row.ended_at or -1.0) >= oldest)
        ]

    def often_tried(self, at_least: int) -> list[tuple[str, str, str]]:
        everyone = self._data.incidents.values()
        rows = [row for row in everyone if not row.check and row.fix_started_at is not None]
        targets = Counter((row.runbook, row.host, row.subject) for row in rows)
        trials = {(row.runbook, row.host, row.subject) for row in rows if row.trial}
        return sorted(key for key in targets if targets[key] >= at_least or key in trials)

    def at_work(self) -> list[AtWork]:
        rows = sorted(self._data.incidents.items())
        return [AtWork(n, row.runbook, row.host) for n, row in rows if row.state in WORKING]

    def last_ended(self, runbook: str, host: str, subject: str) -> Incident | None:
        ended = [
            row
            for row in self._same_target(runbook, host, subject)
            if not row.check and row.fix_started_at is not None and not row.live
        ]

        def when(row: Incident) -> tuple[float, int]:
            return (row.updated_at if row.ended_at is None else row.ended_at, row.id)

        return max(ended, key=when, default=None)

    def host_lock(self, host: str) -> int | None:
        lock = self._data.locks.get(host)
        return lock[0] if lock else None

    def lock_until(self, host: str) -> float | None:
        held = self._data.locks.get(host)
        return held[2] if held else None

    def lapsed_locks(self, now: float) -> list[tuple[str, int]]:
        locks = sorted(self._data.locks.items())
        return [(host, run) for host, (run, _, until) in locks if until <= now]

    def watch(self, runbook: str, trigger: int, host: str, subject: str) -> Watch | None:
        return self._data.watches.get((runbook, trigger, host, subject))

    def watches(self, runbook: str = "", host: str = "") -> list[Watch]:
        rows = self._data.watches
        wanted = [key for key in sorted(rows) if runbook in ("", key[0]) and host in ("", key[2])]
        return [rows[key] for key in wanted]

    def signals(self, *, received: bool = False, limit: int = 100) -> list[Signal]:
        if not received:
            return newest(self._data.signals, None, None, limit)
        rows = (self._data.signals[number] for number in sorted(self._data.signals))
        return [row for row in rows if row.state is SignalState.RECEIVED][:limit]

    def signal(self, signal_id: int) -> Signal | None:
        return self._data.signals.get(signal_id)

    def pauses(self) -> list[Pause]:
        rows = self._data.pauses.values()
        return sorted(rows, key=lambda row: (-row.at, row.runbook, row.host))

    def silences(
        self,
        *,
        active_at: float | None = None,
        standing_at: float | None = None,
        over_at: float | None = None,
        before: int | None = None,
        limit: int = 100_000,
    ) -> list[Silence]:
        def fits(row: Silence) -> bool:
            return (
                (active_at is None or row.active(active_at))
                and (standing_at is None or not row.over(standing_at))
                and (over_at is None or row.over(over_at))
            )

        return newest(self._data.silences, fits, before, limit)

    def reset(self, runbook: str, host: str, subject: str) -> Reset | None:
        return self._data.resets.get((runbook, host, subject))

    def starts(self, since: float) -> list[float]:
        fixes = (r for r in self._data.runs.values() if r.kind is RunKind.FIX and not r.check)
        moments = (run.started_at for run in fixes if run.runbook != SYNTHETIC)
        return sorted(at for at in moments if at is not None and at >= since)

    def mark(self, name: str) -> Mark | None:
        return self._data.marks.get(name)

    def checkpoints(self, *, after: int = 0, limit: int = 1000) -> list[Checkpoint]:
        rows = self._data.checkpoints
        return [rows[size] for size in sorted(rows) if size > after][:limit]

    def last_checkpoint(self) -> Checkpoint | None:
        rows = self._data.checkpoints
        return rows[max(rows)] if rows else None

    def archives(self) -> list[Archive]:
        return [self._data.archives[first] for first in sorted(self._data.archives)]

    def audit_head(self) -> tuple[int, str]:
        last = next(reversed(self._data.audit.values()), None)
        return (last.seq, last.hash) if last else (0, GENESIS)

    def audit(
        self,
        *,
        after: int = 0,
        before: int | None = None,
        limit: int = 1000,
        actor: str = "",
        action: str = "",
        runbook: str = "",
        host: str = "",
        incident: int | None = None,
        since: float | None = None,
        until: float | None = None,
        newest_first: bool = False,
    ) -> list[AuditEntry]:
        rows = self._data.audit.values()
        found = [
            row
            for row in (reversed(rows) if newest_first else rows)
            if row.seq > after
            and (before is None or row.seq < before)
            and actor in ("", row.event.actor)
            and action in ("", row.event.action)
            and runbook in ("", row.event.runbook)
            and host in ("", row.event.host)
            and incident in (None, row.event.incident)
            and (since is None or row.event.at >= since)
            and (until is None or row.event.at < until)
        ]
        return found[:limit]
