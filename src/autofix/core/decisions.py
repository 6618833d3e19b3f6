"""Act, hold, wait for approval or escalate: the decision about one incident, with its reason."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from autofix.core.breakers import BreakerState
from autofix.core.conditions import Condition
from autofix.core.durations import human
from autofix.core.guards import Brake, Situation, first_brake
from autofix.core.incidents import Incident, State
from autofix.core.runbooks import Runbook


@dataclass(frozen=True)
class Act:
    """Start this step (0-based) now. `skipped` says why earlier steps were passed over; `trial`:
    it is the one attempt that a half-open breaker lets through."""

    step: int
    reason: str
    skipped: tuple[str, ...] = ()
    trial: bool = False


@dataclass(frozen=True)
class Hold:
    """Not now. `until`: when to look again. `page`: a person is told (once per guard); `quiet`:
    the time so held does not count to `hold_limit`."""

    guard: str
    reason: str
    until: float
    page: bool = False
    quiet: bool = False


@dataclass(frozen=True)
class AwaitApproval:
    """A person must say yes, until then at the latest."""

    step: int
    reason: str
    until: float


@dataclass(frozen=True)
class Escalate:
    guard: str
    reason: str


Decision = Act | Hold | AwaitApproval | Escalate


@dataclass(frozen=True)
class NextStep:
    """The step to try next, or None when none is left; and why others were passed over."""

    index: int | None
    skipped: tuple[str, ...] = ()


def next_step(runbook: Runbook, start: int, scope: Mapping[str, Any]) -> NextStep:
    """The first step from `start` on whose `when` is true. Unknown is not true."""
    skipped: list[str] = []
    for index in range(start, len(runbook.fix)):
        step = runbook.fix[index]
        if step.when is None or step.when.holds(scope) is True:
            return NextStep(index, tuple(skipped))
        skipped.append(
            f"step {index + 1} ({step.playbook}) does not apply: {step.when.explain(scope)}"
        )
    return NextStep(None, tuple(skipped))


def decide(
    runbook: Runbook, incident: Incident, situation: Situation, scope: Mapping[str, Any]
) -> Decision:
    """What to do about an incident that may start its next step now."""
    found = next_step(runbook, incident.step, scope)
    brake = first_brake(runbook, incident, situation)
    if brake is not None and brake.quiet:
        return _braked(brake, runbook, incident, situation)
    if found.index is None:
        return Escalate("steps", _nothing_left(incident, found))
    asks = needs_approval(runbook, incident, found.index, scope)
    if asks and _overdue(runbook, incident, found.index, situation.now):
        within = human(runbook.guards.approval_within)
        return Escalate("approval", f"nobody approved within {within}: {asks}")
    if brake is not None:
        return _braked(brake, runbook, incident, situation)
    if asks:
        return AwaitApproval(found.index, asks, situation.now + runbook.guards.approval_within)
    half_open = situation.breaker.state is BreakerState.HALF_OPEN
    trial = half_open and incident.fix_started_at is None and not incident.check
    why = _why_act(runbook, incident, found.index)
    why = f"{why}; the breaker is half-open, {situation.breaker.why}" if trial else why
    return Act(found.index, why, found.skipped, trial)


def needs_approval(
    runbook: Runbook, incident: Incident, step: int, scope: Mapping[str, Any]
) -> str:
    """Why this step must be approved, empty when it need not be.

    It is asked for each step and attempt anew; a rehearsal needs none. Unknown asks.
    """
    if incident.check or approved_by(runbook, incident, step):
        return ""
    here = f"step {step + 1} ({runbook.fix[step].playbook}) needs a person's approval"
    for asks in (runbook.fix[step].approval, runbook.guards.approval):
        if asks == "always":
            return here
        if isinstance(asks, Condition) and asks.holds(scope) is not False:
            return f"{here}: {asks.explain(scope)}"
    return ""


def _overdue(runbook: Runbook, incident: Incident, step: int, now: float) -> bool:
    """Nobody said yes in time to what was asked when it began to wait."""
    waits = incident.state is State.AWAITING_APPROVAL and incident.step == step
    asked = asked_key(runbook, incident, step) in incident.paged_for
    return waits and asked and now >= incident.updated_at + runbook.guards.approval_within


def held_by(incident: Incident) -> str:
    """The guard that a held incident's reason begins with."""
    return incident.reason.partition(":")[0]


def silent(incident: Incident) -> bool:
    """Is it held so that nobody is told?"""
    return incident.state is State.HELD and held_by(incident) in QUIET


def unquieted(incident: Incident, now: float) -> Incident:
    """The same with the time it was held quietly taken out: that does not count to `hold_limit`."""
    if not silent(incident) or incident.held_since is None:
        return incident
    return replace(incident, held_since=incident.held_since + now - incident.updated_at)


def approved_by(runbook: Runbook, incident: Incident, step: int) -> str:
    """Who said yes to this very step. One that was changed since is asked for anew."""
    if asked_key(runbook, incident, step) not in incident.paged_for:
        return ""
    return incident.approved.get(approval_key(incident, step), "")


def asked_key(runbook: Runbook, incident: Incident, step: int) -> str:
    """The mark in `paged_for` of having asked for this: the playbook, and all that goes with it."""
    asked = runbook.fix[step]
    given = sorted((name, repr(each.raw)) for name, each in asked.vars.items())
    what = repr((asked.playbook, given, asked.rollback, asked.afterwards))
    mark = hashlib.sha256(what.encode(errors="replace")).hexdigest()[:12]
    return f"approval {approval_key(incident, step)} {asked.playbook} {mark}"


def approval_key(incident: Incident, step: int) -> str:
    return f"{incident.attempt}.{step}"


def _nothing_left(incident: Incident, found: NextStep) -> str:
    tried = "every step was tried" if incident.step else "no step of the runbook applies"
    return f"{tried}: {'; '.join(found.skipped)}" if found.skipped else tried


def _why_act(runbook: Runbook, incident: Incident, index: int) -> str:
    step = runbook.fix[index]
    approved = approved_by(runbook, incident, index)
    said = f"step {index + 1} of {len(runbook.fix)}: {step.playbook}"
    return f"{said}, approved by {approved}" if approved else said


def _braked(
    brake: Brake, runbook: Runbook, incident: Incident, situation: Situation
) -> Hold | Escalate:
    if brake.final:
        return Escalate(brake.guard, brake.reason)
    now = situation.now
    since = incident.held_since if incident.held_since is not None else now
    limit = since + runbook.guards.hold_limit
    again = (
        brake.until
        if brake.until is not None
        else now + _recheck(incident, now - since, situation.backlog)
    )
    too_long = now >= limit and not incident.check and not brake.quiet
    if incident.check and now >= limit:
        return Escalate(brake.guard, brake.reason)  # a rehearsal does not wait for ever
    if not too_long and not brake.quiet:
        again = min(again, limit)
    until = max(min(again, now + LONGEST), now + MIN_WAIT)
    return Hold(brake.guard, brake.reason, until, page=brake.page or too_long, quiet=brake.quiet)


def _recheck(incident: Incident, held: float, backlog: float) -> float:
    """Less often the longer it lasts and the more there are: ten thousand that wait must not keep
    us from our work. Each at a moment of its own, though all were held at the same one."""
    longest = max(min(held / 10, SLOWEST), backlog * SLOWEST)
    own = incident.id * GOLDEN % 1.0
    return max(RECHECK, longest * (1 - own / 2))


#: Guards whose holds are quiet.
QUIET = ("silence",)
#: How soon a hold without a known end is looked at again at first, and in the end, in seconds.
RECHECK, SLOWEST = 2.0, 120.0
#: Multiples of it lie evenly between 0 and 1, however many there are.
GOLDEN = 0.6180339887498949
#: Even a known end is looked at so often: the files may have changed.
LONGEST = 300.0
MIN_WAIT = 0.2
