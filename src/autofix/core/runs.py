"""A run: one execution of one playbook against one host, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from statistics import median
from typing import Any


class RunKind(StrEnum):
    FIX = "fix"
    ROLLBACK = "rollback"
    AFTERWARDS = "afterwards"


class RunState(StrEnum):
    """planned → claimed → started → finished | lost; a planned run may also be dropped."""

    PLANNED = "planned"
    CLAIMED = "claimed"
    STARTED = "started"
    FINISHED = "finished"
    LOST = "lost"
    DROPPED = "dropped"  # planned, and then not owed any more


RUN_MOVES: Mapping[RunState, frozenset[RunState]] = {
    RunState.PLANNED: frozenset({RunState.CLAIMED, RunState.DROPPED}),
    RunState.CLAIMED: frozenset({RunState.STARTED, RunState.FINISHED, RunState.LOST}),
    # Back to planned: a pause came between the claim and its start, and nothing was started.
    RunState.STARTED: frozenset({RunState.FINISHED, RunState.LOST, RunState.PLANNED}),
    RunState.FINISHED: frozenset(),
    RunState.LOST: frozenset(),
    RunState.DROPPED: frozenset(),
}


class Outcome(StrEnum):
    """How a run ended. Only OK lets verification call the step a fix."""

    OK = "ok"  # rc 0 and the statistics say every targeted host ran
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    UNREACHABLE = "unreachable"
    CANCELLED = "cancelled"
    ABORTED = "aborted"  # the runbook's abort_if held while it ran
    LOST = "lost"  # the owner died: what happened is unknown


@dataclass(frozen=True)
class RunEvent:
    """One thing that happened in a run, from a channel that host output can't write to.

    `kind`: start | play | task | ok | changed | failed | unreachable | skipped | ignored |
    output | stats | notice. Text is data from the host: show it inertly.
    """

    kind: str
    at: float
    play: str = ""
    task: str = ""
    host: str = ""
    text: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class RunResult:
    """What the runner hands back: the outcome with its reason, never an exception."""

    outcome: Outcome
    reason: str  # one line for people
    rc: int | None = None
    stats: Mapping[str, Mapping[str, int]] = field(default_factory=dict)  # host -> ok, changed, …
    report: Mapping[str, Any] = field(default_factory=dict)  # what the playbook reported
    truncated: bool = False  # output was cut at the cap


@dataclass(frozen=True)
class RunOrder:
    """What the runner is asked to do. `host` is a canonical inventory name, never empty.

    `variables` becomes the playbook's one leaf `event_json`. `timeout` in seconds. `token` is
    the fencing token of the host lock.
    """

    run_id: int
    playbook: str  # path relative to the playbooks folder
    host: str
    variables: Mapping[str, Any]
    timeout: float
    check: bool = False
    token: int = 0


@dataclass(frozen=True)
class Run:
    """One row: one execution of one playbook. Unique by (incident, kind, step, attempt)."""

    id: int
    incident: int
    runbook: str
    host: str
    kind: RunKind
    step: int
    attempt: int
    playbook: str
    state: RunState = RunState.PLANNED
    variables: Mapping[str, Any] = field(default_factory=dict)
    timeout: float = 600.0
    check: bool = False
    planned_at: float = 0.0
    due_at: float | None = None  # None: not yet due (afterwards wait for the verification)
    started_at: float | None = None
    finished_at: float | None = None
    owner: str = ""
    lease_until: float | None = None
    token: int = 0
    cancel_requested: str = ""  # who asked and why; empty: nobody
    outcome: Outcome | None = None
    reason: str = ""
    result: Mapping[str, Any] = field(default_factory=dict)  # rc, stats, report, truncated
    version: int = 0

    def with_(self, **changes: Any) -> Run:
        """The same run with fields changed; a state change must be a legal move."""
        state = changes.get("state", self.state)
        if state != self.state and state not in RUN_MOVES[self.state]:
            raise ValueError(f"run {self.id}: {self.state} → {state} is not a legal move")
        return replace(self, **changes)

    def anew(self, now: float, **changes: Any) -> Run:
        """A new planned run with the same target and variables, due now."""
        fresh = Run(
            0,
            self.incident,
            self.runbook,
            self.host,
            self.kind,
            self.step,
            self.attempt,
            self.playbook,
            variables=self.variables,
            timeout=self.timeout,
            check=self.check,
            planned_at=now,
            due_at=now,
        )
        return replace(fresh, **changes)

    @property
    def live(self) -> bool:
        """Claimed or started: something may be running on the host."""
        return self.state in (RunState.CLAIMED, RunState.STARTED)


@dataclass(frozen=True)
class UsualLength:
    """Seconds that a playbook takes as a rule; None: no run of it went well yet."""

    seconds: float | None


#: What is usual is told by so many runs.
LAST = 20


def usual(lengths: Sequence[float]) -> float | None:
    """Seconds that it takes as a rule; None when it never went well."""
    return median(lengths) if lengths else None
