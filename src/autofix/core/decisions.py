"""Act, hold, wait for approval or escalate: the decision about one incident, with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from autofix.core.guards import Brake, Situation, first_brake
from autofix.core.incidents import Incident
from autofix.core.runbooks import Runbook


@dataclass(frozen=True)
class Act:
    """Start this step (0-based) now. `skipped` says why earlier steps were passed over."""

    step: int
    reason: str
    skipped: tuple[str, ...] = ()


@dataclass(frozen=True)
class Hold:
    """Not now. `until`: when to look again. `page`: a person is told (once per guard)."""

    guard: str
    reason: str
    until: float
    page: bool = False


@dataclass(frozen=True)
class AwaitApproval:
    step: int
    reason: str


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
    if found.index is None:
        return Escalate("steps", _nothing_left(incident, found))
    brake = first_brake(runbook, incident, situation)
    if brake is not None:
        return _braked(brake, runbook, incident, situation)
    if needs_approval(runbook, incident, found.index):
        step = runbook.fix[found.index]
        return AwaitApproval(
            found.index, f"step {found.index + 1} ({step.playbook}) needs a person's approval"
        )
    return Act(found.index, _why_act(runbook, incident, found.index), found.skipped)


def needs_approval(runbook: Runbook, incident: Incident, step: int) -> bool:
    """Approval is asked for each step and attempt anew. A rehearsal needs none."""
    if incident.check or approved_by(runbook, incident, step):
        return False
    return "always" in (runbook.fix[step].approval, runbook.guards.approval)


def approved_by(runbook: Runbook, incident: Incident, step: int) -> str:
    """Who said yes to this very playbook. A step that was changed since is asked for anew."""
    if asked_key(runbook, incident, step) not in incident.paged_for:
        return ""
    return incident.approved.get(approval_key(incident, step), "")


def asked_key(runbook: Runbook, incident: Incident, step: int) -> str:
    """The mark in `paged_for` of having asked for this."""
    return f"approval {approval_key(incident, step)} {runbook.fix[step].playbook}"


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
    since = incident.held_since if incident.held_since is not None else situation.now
    limit = since + runbook.guards.hold_limit
    again = brake.until if brake.until is not None else situation.now + RECHECK
    too_long = situation.now >= limit and not incident.check
    if not too_long:
        again = min(again, limit)
    return Hold(
        brake.guard, brake.reason, max(again, situation.now + MIN_WAIT), page=brake.page or too_long
    )


#: How soon a hold without a known end is looked at again, in seconds.
RECHECK = 2.0
MIN_WAIT = 0.2
