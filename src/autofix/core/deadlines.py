"""How an incident stands against its deadlines: running, near, missed or met."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from autofix.core.durations import human
from autofix.core.incidents import Incident
from autofix.core.severities import Kind
from autofix.core.words import ENGLISH, Words


class DeadlineState(StrEnum):
    RUNNING = "running"
    NEAR = "near"
    MISSED = "missed"
    MET = "met"


@dataclass(frozen=True)
class Deadline:
    """One promise about one incident. `met_at` may lie behind `due_at`: met too late is missed."""

    kind: Kind
    near_at: float
    due_at: float
    state: DeadlineState
    met_at: float | None = None

    @property
    def open(self) -> bool:
        return self.met_at is None

    def words(self, now: float, words: Words = ENGLISH) -> str:
        """`answer due in 12m`, `answer missed 5m ago`, `answer met`, `answer met 5m late`."""
        kind, span = words.pgettext("deadline", str(self.kind)), abs(now - self.due_at)
        if self.met_at is not None:
            span = self.met_at - self.due_at
            late = words.gettext("{deadline} met {span} late")
            said = late if span > 0 else words.gettext("{deadline} met")
        elif self.state is DeadlineState.MISSED:
            said = words.gettext("{deadline} missed {span} ago")
        else:
            said = words.gettext("{deadline} due in {span}")
        return said.format(deadline=kind, span=human(max(span, 0.0)))


def met_at(incident: Incident, kind: Kind) -> float | None:
    """When this was done. What comes later includes what comes before it, and the end all."""
    done = {
        Kind.ANSWER: incident.answered_at,
        Kind.TRIAGE: incident.triaged_at,
        Kind.WORKAROUND: incident.worked_around_at,
        Kind.SOLUTION: incident.ended_at,
    }
    order = list(Kind)
    later = (done[each] for each in order[order.index(kind) :])
    return min((at for at in later if at is not None), default=None)


def deadlines_of(incident: Incident, now: float) -> list[Deadline]:
    """Every deadline of the incident, in the order in which they are due."""
    found = []
    for kind in Kind:
        promised = incident.deadlines.get(kind, ())
        if len(promised) == 2:  # else a row that somebody edited by hand: nothing may stop for it
            near, due = promised
            met = met_at(incident, kind)
            found.append(Deadline(kind, near, due, _state(near, due, met, now), met))
    return sorted(found, key=lambda each: each.due_at)


def _state(near: float, due: float, met: float | None, now: float) -> DeadlineState:
    if met is not None:
        return DeadlineState.MET if met <= due else DeadlineState.MISSED
    if now >= due:
        return DeadlineState.MISSED
    return DeadlineState.NEAR if now >= near else DeadlineState.RUNNING


def met_now(incident: Incident, now: float) -> dict[str, float]:
    """What was met at this very moment, and when it was due: the record of it for reports."""
    return {
        str(each.kind): each.due_at for each in deadlines_of(incident, now) if each.met_at == now
    }


def next_deadline(incident: Incident, now: float) -> Deadline | None:
    """The one to look at: the first that is still open."""
    return next((each for each in deadlines_of(incident, now) if each.open), None)


def mark(deadline: Deadline) -> str:
    """What stands in `paged_for` once this was told."""
    return f"deadline {deadline.kind} {deadline.state}"


def untold(incident: Incident, now: float) -> list[Deadline]:
    """Open deadlines that are near or missed by now and of which nobody has been told so."""
    return [
        each
        for each in deadlines_of(incident, now)
        if each.open
        and each.state is not DeadlineState.RUNNING
        and mark(each) not in incident.paged_for
    ]


def next_moment(incident: Incident, now: float) -> float | None:
    """When a deadline is to be told of next: now, if one already is; None when none is left."""
    if incident.check or not incident.live:
        return None
    waits = [_next(each, incident, now) for each in deadlines_of(incident, now) if each.open]
    return min((moment for moment in waits if moment is not None), default=None)


def _next(deadline: Deadline, incident: Incident, now: float) -> float | None:
    if deadline.state is DeadlineState.RUNNING:
        return deadline.near_at
    if mark(deadline) not in incident.paged_for:
        return now
    return deadline.due_at if deadline.state is DeadlineState.NEAR else None
