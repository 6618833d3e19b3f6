"""What somebody may do about an incident, and what is to be done first."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from autofix.core.again import Remedy
from autofix.core.choices import Choices, choices
from autofix.core.incidents import Incident, Origin, State
from autofix.core.runbooks import Approvers
from autofix.core.runs import Outcome, Run, RunKind, RunState

S = State
STEPS = (Remedy("soft.yml"), Remedy("raise.yml", "lower.yml"))
RAN = Run(
    7, 1, "r", "h", RunKind.FIX, 1, 1, "raise.yml", RunState.FINISHED, started_at=1.0,
    finished_at=2.0, outcome=Outcome.FAILED,
)  # fmt: skip


def incident(state: State, **more: object) -> Incident:
    made = Incident(1, "r", "h", "", state, Origin.PROBE, "P1", 0.0, 0.0, requested_by="probe x")
    return replace(made, **more)  # type: ignore[arg-type]


def of(state: State, *, operate: bool = True, approve: bool = True, **more: object) -> Choices:
    found = incident(state, **more)
    return choices(found, STEPS, (RAN,), "ann", operate=operate, approve=approve)


def given(may: Choices) -> set[str]:
    named = [each.name for each in fields(may) if each.name != "duty"]
    return {name for name in named if getattr(may, name)}


MORE = {"acknowledge", "triage", "workaround", "comment"}


@pytest.mark.parametrize(
    ("state", "acts", "duty"),
    [
        (S.OPEN, MORE, "wait"),
        (S.HELD, MORE, "wait"),
        (S.AWAITING_APPROVAL, MORE | {"approve", "reject"}, "approve"),
        (S.FIXING, MORE, "watch"),
        (S.VERIFYING, MORE, "watch"),
        (S.ROLLING_BACK, MORE, "watch"),
        (S.ESCALATED, MORE | {"resolve", "retry", "roll_back"}, "take"),
        (S.ACKNOWLEDGED, MORE | {"resolve", "retry", "roll_back"}, "mend"),
        (S.HEALED, {"close", "comment"}, "accept"),
        (S.DONE, {"close", "comment"}, "accept"),
        (S.RECOVERED, {"close", "comment"}, "accept"),
        (S.RESOLVED, {"close", "comment"}, "accept"),
        (S.CLOSED, {"comment"}, "nothing"),
    ],
)
def test_what_may_be_done_in_each_state(state: State, acts: set[str], duty: str) -> None:
    may = of(state)
    assert (given(may), may.duty) == (acts, duty)


@pytest.mark.parametrize("state", list(State))
def test_who_may_only_look_has_no_buttons(state: State) -> None:
    assert given(of(state, operate=False, approve=False)) == set()


def test_what_is_done_is_not_offered_again() -> None:
    may = of(S.ACKNOWLEDGED, acknowledged_at=1.0, triaged_at=1.0, worked_around_at=1.0)
    assert given(may) == {"resolve", "retry", "roll_back", "comment"}


@pytest.mark.parametrize("asked", ["ann", "ann (token ci)", "alert prom, replayed by ann"])
def test_nobody_approves_what_he_asked_for(asked: str) -> None:
    may = of(S.AWAITING_APPROVAL, requested_by=asked)
    assert (may.approve, may.reject, may.duty) == (False, True, "other_approves")


def test_an_operator_who_is_no_approver_is_told_that_others_approve() -> None:
    may = of(S.AWAITING_APPROVAL, approve=False)
    assert (may.approve, may.reject, may.duty) == (False, False, "other_approves")


@pytest.mark.parametrize(
    ("approvers", "may_approve"),
    [(Approvers(("bob",)), False), (Approvers(("ann",)), True), (Approvers((), ("dba",)), True)],
)
def test_only_who_is_on_the_runbooks_list_approves(approvers: Approvers, may_approve: bool) -> None:
    may = choices(
        incident(S.AWAITING_APPROVAL), STEPS, (), "ann (token ci)",
        operate=True, approve=True, approvers=approvers, groups=("dba",),
    )  # fmt: skip
    assert (may.approve, may.reject) == (may_approve, True)
    assert may.duty == ("approve" if may_approve else "other_approves")


def test_what_was_approved_a_moment_ago_is_not_approved_twice() -> None:
    may = of(S.AWAITING_APPROVAL, approved={"1.0": "bob"})
    assert (may.approve, may.reject, may.duty) == (False, False, "wait")


def test_the_steps_that_may_be_tried_again_and_undone() -> None:
    may = of(S.ESCALATED)
    assert (may.retry, may.roll_back) == ((0, 1), (1,))


def test_what_starts_again_in_a_moment_is_not_started_twice() -> None:
    may = of(S.ESCALATED, due_at=5.0)
    assert (may.retry, may.roll_back, may.duty) == ((), (), "watch")


def test_without_its_runbook_nothing_of_it_can_be_run() -> None:
    for state in (S.ESCALATED, S.AWAITING_APPROVAL):
        may = choices(incident(state), (), (RAN,), "ann", operate=True, approve=True)
        assert (may.retry, may.roll_back, may.approve) == ((), (), False)
    assert may.reject
