"""How things stand at this moment, in bounded portions: what a person on call looks at first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from autofix.core.deadlines import next_deadline
from autofix.core.incidents import Incident
from autofix.core.pages import Page
from autofix.core.pauses import Pause
from autofix.core.record_checks import RecordCheck
from autofix.core.runs import Run
from autofix.core.triggers import Watch

#: What the record says when a person takes an incident.
TAKES = ("incident.acknowledged", "incident.rolling_back")


@dataclass(frozen=True)
class Holding:
    """One reason for which incidents are held: how many, and the number of the oldest."""

    reason: str
    count: int
    incident: int


@dataclass(frozen=True)
class Working:
    """A run at this moment. `steps`: of its runbook; 0 when that is not there any more. `usual`:
    seconds that its playbook takes as a rule; None when nobody can say."""

    run: Run
    steps: int = 0
    usual: float | None = None


@dataclass(frozen=True)
class Overview:
    """Each list has at most as many as were asked for; the counts are of all there are.

    `live`: open incidents by state and severity. `yours` wait for an approval that the asker may
    give, `unanswered` called somebody and nobody took them. `takers`: who has those that somebody
    took. `blind` could not be looked at often enough in a row to matter. `refused` are pages that a
    channel did not take. `late`: seconds since which something has been due. `files`: what of the
    last change of files is not in force (`at`, `problems`). The rest is as in `Status`.
    """

    server: str
    live: Mapping[str, Mapping[str, int]]
    queued: Mapping[str, int]
    worst: tuple[Incident, ...]
    yours: tuple[Incident, ...]
    unanswered: tuple[Incident, ...]
    running: tuple[Working, ...]
    held: tuple[Holding, ...]
    pauses: tuple[Pause, ...]
    silences: int
    refused: tuple[Page, ...]
    late: float
    audit_size: int
    files: Mapping[str, Any] | None = None
    settings: tuple[str, ...] = ()
    tick: Mapping[str, Any] | None = None
    sentinel: str = ""
    heartbeat: Mapping[str, Any] | None = None
    synthetic: Mapping[str, Any] | None = None
    doctor: Mapping[str, Any] | None = None
    sealed: Mapping[str, Any] | None = None
    seal_failing: str = ""
    checked: RecordCheck | None = None  # the last check of the record that is over
    witnesses: Mapping[str, Mapping[str, Any] | None] = field(default_factory=dict)
    timezone: str = "UTC"
    watched: Mapping[str, Any] = field(default_factory=dict)
    takers: Mapping[int, str] = field(default_factory=dict)
    blind: tuple[Watch, ...] = ()

    @property
    def open(self) -> int:
        """How many incidents are open."""
        return sum(sum(each.values()) for each in self.live.values())

    def of_state(self, state: str) -> int:
        return sum(self.live.get(state, {}).values())

    @property
    def severities(self) -> dict[str, int]:
        """How many are open of each severity, worst first."""
        found: dict[str, int] = {}
        for each in self.live.values():
            for severity, count in each.items():
                found[severity] = found.get(severity, 0) + count
        return dict(sorted(found.items()))


def urgency(incident: Incident, now: float) -> tuple[str, float, float]:
    """The order of those who look for what to do next: severity, the deadline that comes first or
    was missed longest, age."""
    due = next_deadline(incident, now)
    return incident.severity, due.due_at if due else float("inf"), incident.opened_at
