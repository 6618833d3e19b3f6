"""An incident: one failure of one target handled by one runbook, and its legal moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any


class State(StrEnum):
    OPEN = "open"
    HELD = "held"
    AWAITING_APPROVAL = "awaiting_approval"
    FIXING = "fixing"
    VERIFYING = "verifying"
    ROLLING_BACK = "rolling_back"
    ESCALATED = "escalated"
    ACKNOWLEDGED = "acknowledged"
    HEALED = "healed"
    DONE = "done"
    RECOVERED = "recovered"
    RESOLVED = "resolved"
    CLOSED = "closed"


S = State

#: The one table of legal moves. A person who has an incident may start its fix
#: again, or have a step undone.
MOVES: Mapping[State, frozenset[State]] = {
    S.OPEN: frozenset({S.HELD, S.AWAITING_APPROVAL, S.FIXING, S.RECOVERED, S.ESCALATED}),
    S.HELD: frozenset({S.FIXING, S.AWAITING_APPROVAL, S.RECOVERED, S.ESCALATED}),
    S.AWAITING_APPROVAL: frozenset({S.FIXING, S.HELD, S.RECOVERED, S.ESCALATED}),
    S.FIXING: frozenset(
        {S.VERIFYING, S.DONE, S.HELD, S.AWAITING_APPROVAL, S.ROLLING_BACK, S.ESCALATED}
    ),
    S.VERIFYING: frozenset(
        {S.HEALED, S.FIXING, S.HELD, S.AWAITING_APPROVAL, S.ROLLING_BACK, S.ESCALATED}
    ),
    S.ROLLING_BACK: frozenset({S.FIXING, S.HELD, S.AWAITING_APPROVAL, S.ESCALATED, S.ACKNOWLEDGED}),
    S.ESCALATED: frozenset(
        {S.ACKNOWLEDGED, S.RESOLVED, S.FIXING, S.HELD, S.AWAITING_APPROVAL, S.ROLLING_BACK}
    ),
    S.ACKNOWLEDGED: frozenset(
        {S.RESOLVED, S.FIXING, S.HELD, S.AWAITING_APPROVAL, S.ESCALATED, S.ROLLING_BACK}
    ),
    S.HEALED: frozenset({S.CLOSED}),
    S.DONE: frozenset({S.CLOSED}),
    S.RECOVERED: frozenset({S.CLOSED}),
    S.RESOLVED: frozenset({S.CLOSED}),
    S.CLOSED: frozenset(),
}

#: Over: a new signal for the same target opens a new incident.
ENDED = frozenset({S.HEALED, S.DONE, S.RECOVERED, S.RESOLVED, S.CLOSED})
LIVE = frozenset(State) - ENDED
#: autofix is working on the host.
WORKING = frozenset({S.FIXING, S.VERIFYING, S.ROLLING_BACK})
#: Nothing was begun: when the symptom goes away by itself, so does the incident.
UNTOUCHED = frozenset({S.OPEN, S.HELD, S.AWAITING_APPROVAL})
#: A person has it.
WITH_A_PERSON = frozenset({S.ESCALATED, S.ACKNOWLEDGED})
#: Calls go on, level after level, until somebody answers.
ASKING = frozenset({S.ESCALATED, S.AWAITING_APPROVAL})
#: A person is asked for, and nobody has answered yet.
UNANSWERED = frozenset({S.ESCALATED, S.AWAITING_APPROVAL, S.HELD})


class Origin(StrEnum):
    PROBE = "probe"
    ALERT = "alert"
    SCHEDULE = "schedule"
    PERSON = "person"


@dataclass(frozen=True)
class Looks:
    """How far a verification has come: when it began and since when the symptom is gone."""

    started_at: float
    good_since: float | None = None
    count: int = 0
    last: str = ""  # what the last look saw, in words
    judged: str = ""  # the judgement, once there is one


@dataclass(frozen=True)
class Incident:
    """One row. Unique among live ones by (runbook, host, subject).

    `facts_before` are what was seen when it opened and never change; `facts` are the latest.
    `reason` says in words why it is in its state. `paged_for` names what was paged already.
    """

    id: int
    runbook: str
    host: str
    subject: str
    state: State
    origin: Origin
    severity: str
    opened_at: float
    updated_at: float
    due_at: float | None = None
    held_since: float | None = None
    fix_started_at: float | None = None  # the first run of this incident: it counts as an attempt
    ended_at: float | None = None
    requested_by: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    facts_before: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    trigger: int = 0  # which of the runbook's triggers fired
    step: int = 0  # the step tried now or next
    attempt: int = 1  # raised when a person starts the fix again
    reason: str = ""
    looks: Looks | None = None
    approved: Mapping[str, str] = field(default_factory=dict)  # "attempt.step" -> who
    accepted: tuple[str, ...] = ()  # guards the requester accepted with --yes ("cooldown")
    paged_for: frozenset[str] = frozenset()
    check: bool = False  # a rehearsal in Ansible's check mode
    was_ill: bool | None = None  # did the symptom stand before the first run? None: not known
    version: int = 0
    labels: Mapping[str, str] = field(default_factory=dict)  # the sender's: data, never a guard's
    answered_at: float | None = None  # a person took it
    triaged_at: float | None = None  # a person said what it is
    worked_around_at: float | None = None  # a person said that users are served again
    deadlines: Mapping[str, Sequence[float]] = field(default_factory=dict)  # kind: [near, due]
    deadline_at: float | None = None  # the next moment at which a deadline nears or passes
    call_at: float | None = None  # the next level is called then, or what was called is closed
    calls: int = 0  # levels called since a person was last asked for; 0: nobody was paged
    acknowledged_at: float | None = None  # the last time that somebody said so
    trial: bool = False  # the one attempt that a half-open breaker let through
    trial_passed: bool = False  # and it healed

    def with_(self, **changes: Any) -> Incident:
        """The same incident with fields changed; a state change must be a legal move."""
        state = changes.get("state", self.state)
        if state != self.state and state not in MOVES[self.state]:
            raise ValueError(f"incident {self.id}: {self.state} → {state} is not a legal move")
        if state != self.state:
            changes.setdefault("call_at", self._call_after(state, changes))
        return replace(self, **changes)

    def _call_after(self, state: State, changes: Mapping[str, Any]) -> float | None:
        """Nobody is called on for what moved on; pages about what is over are closed at once."""
        if state in ENDED and self.state not in ENDED and self.calls:
            moment: float = changes.get("updated_at", self.updated_at)
            return moment
        return self.call_at if state in ENDED else None

    @property
    def target(self) -> str:
        """The host, with the subject where there is one: `redis1 (6380)`."""
        return f"{self.host} ({self.subject})" if self.subject else self.host

    @property
    def asked_for(self) -> bool:
        """A person or the schedule wants this run, whatever the symptom does meanwhile.

        A person may also have started the fix of a probe's incident again: then the last asker is
        no probe (`probe redis`) and no sender of alerts (`alert alertmanager`).
        """
        ours = self.origin in (Origin.PROBE, Origin.ALERT)
        return not (ours and self.requested_by.startswith(("probe ", "alert ")))

    @property
    def by_person(self) -> bool:
        """A person asked for this run, or for the last one of this incident."""
        if self.origin is Origin.PERSON:
            return True
        ours = ("probe ", "alert ", "schedule")
        return bool(self.requested_by) and not self.requested_by.startswith(ours)

    @property
    def live(self) -> bool:
        return self.state in LIVE


@dataclass(frozen=True)
class AtWork:
    """An incident that autofix works on now, as far as the limits care."""

    incident: int
    runbook: str
    host: str
