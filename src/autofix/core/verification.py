"""Verification: is the symptom gone, and does it stay gone? And what follows from that."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from autofix.core.durations import human
from autofix.core.incidents import Looks
from autofix.core.runbooks import Verify
from autofix.core.runs import Outcome


class Judgement(StrEnum):
    HEALED = "healed"
    WAIT = "wait"
    NOT_HEALED = "not_healed"
    BLIND = "blind"  # the time is up and the target could not be looked at


@dataclass(frozen=True)
class Judged:
    judgement: Judgement
    reason: str
    looks: Looks
    next_look: float | None = None


def judge(verify: Verify, looks: Looks, holds: bool | None, saw: str, now: float) -> Judged:
    """One more look. `holds`: does `until` hold; None when it is not known. `saw`: in words.

    The symptom must be gone within `within` of the first look and then stay gone for `hold`, which
    may end later. A look that failed proves nothing and begins `hold` anew.
    """
    good_since = (looks.good_since if looks.good_since is not None else now) if holds else None
    looks = replace(looks, good_since=good_since, count=looks.count + 1, last=saw)
    if good_since is not None:
        return _good(verify, looks, good_since, now)
    deadline = looks.started_at + verify.within
    if now < deadline:
        return Judged(Judgement.WAIT, f"not yet: {saw}", looks, min(now + verify.every, deadline))
    if holds is None:
        return Judged(Judgement.BLIND, f"could not tell{_within(verify)}: {saw}", looks)
    return Judged(Judgement.NOT_HEALED, f"not gone{_within(verify)}: {saw}", looks)


def _within(verify: Verify) -> str:
    return f" within {human(verify.within)}" if verify.within else ""


def _good(verify: Verify, looks: Looks, good_since: float, now: float) -> Judged:
    held = now - good_since
    if held >= verify.hold:
        stayed = f", and stayed so for {human(held)}" if verify.hold else ""
        return Judged(Judgement.HEALED, f"{looks.last}{stayed}", looks)
    again = min(now + verify.every, good_since + verify.hold)
    return Judged(
        Judgement.WAIT, f"{looks.last}; must stay so for {human(verify.hold)}", looks, again
    )


class Next(StrEnum):
    """What follows a step."""

    HEALED = "healed"
    NEXT_STEP = "next_step"
    AGAIN = "again"
    ROLL_BACK = "roll_back"
    ESCALATE = "escalate"


def after_step(
    outcome: Outcome,
    judgement: Judgement,
    *,
    has_rollback: bool,
    more_steps: bool,
    may_repeat: bool = False,
) -> tuple[Next, str]:
    """What follows a run with this outcome and this verification: a table in one function.

    `may_repeat`: the runbook is idempotent and this step was not repeated yet; a lost run of it
    may start again.

    Only a run that was OK can have healed. A host that can't be reached, a person's cancel, a run
    that `abort_if` stopped, and a target that can't be looked at leave no ground for another step:
    a person decides.
    """
    if judgement is Judgement.HEALED and outcome is Outcome.OK:
        return Next.HEALED, "healed"
    if outcome is Outcome.UNREACHABLE:
        return Next.ESCALATE, "the host could not be reached"
    if outcome is Outcome.LOST and may_repeat and judgement is Judgement.NOT_HEALED:
        return Next.AGAIN, "the run was lost and the runbook is idempotent, so once more"
    if has_rollback and outcome is Outcome.ABORTED:
        return Next.ROLL_BACK, "the run was stopped by abort_if, so it is rolled back"
    if has_rollback:
        return Next.ROLL_BACK, "the step did not heal, so it is rolled back"
    return after_rollback(outcome, judgement, more_steps=more_steps)


def after_rollback(outcome: Outcome, judgement: Judgement, *, more_steps: bool) -> tuple[Next, str]:
    """What follows once the step is undone, or had nothing to undo."""
    if outcome is Outcome.UNREACHABLE:
        return Next.ESCALATE, "the host could not be reached"
    if outcome is Outcome.CANCELLED:
        return Next.ESCALATE, "the run was cancelled"
    if outcome is Outcome.ABORTED:
        return Next.ESCALATE, "the run was stopped by abort_if"
    if judgement is Judgement.BLIND:
        return Next.ESCALATE, "the target could not be looked at after the run"
    if judgement is Judgement.HEALED:
        return (
            Next.ESCALATE,
            f"the symptom is gone, but the run ended {outcome}: look at what it did",
        )
    if more_steps:
        return Next.NEXT_STEP, "this step did not heal, so the next one"
    return Next.ESCALATE, "the last step did not heal"
