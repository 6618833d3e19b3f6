"""Judging a symptom after a run, and what follows: tables of sentences."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autofix.core.conditions import parse
from autofix.core.incidents import Looks
from autofix.core.runbooks import Verify
from autofix.core.runs import Outcome
from autofix.core.verification import Judgement, Next, after_rollback, after_step, judge

VERIFY = Verify("redis", parse("ratio < 0.85"), within=120, hold=30, every=5)


def walk(looks: list[tuple[float, bool | None]], verify: Verify = VERIFY) -> Judgement:
    """Judge look after look (seconds since the run, holds?); the last judgement."""
    state, judgement = Looks(0.0), Judgement.WAIT
    for at, holds in looks:
        assert judgement is Judgement.WAIT, "judged before the looks were over"
        judged = judge(verify, state, holds, "saw", at)
        state, judgement = judged.looks, judged.judgement
    return judgement


@pytest.mark.parametrize(
    ("looks", "judgement"),
    [
        ([(0, True)], Judgement.WAIT),
        ([(0, True), (30, True)], Judgement.HEALED),
        ([(0, True), (20, False), (25, True), (50, True)], Judgement.WAIT),
        ([(0, True), (20, False), (25, True), (55, True)], Judgement.HEALED),
        ([(0, True), (20, None), (25, True), (50, True)], Judgement.WAIT),
        ([(0, False), (119, True), (149, True)], Judgement.HEALED),
        ([(0, False), (119, True), (130, False)], Judgement.NOT_HEALED),
        ([(0, False), (120, False)], Judgement.NOT_HEALED),
        ([(0, False), (120, None)], Judgement.BLIND),
        ([(0, None), (60, None)], Judgement.WAIT),
    ],
)
def test_the_symptom_must_be_gone_in_time_and_stay_gone(
    looks: list[tuple[float, bool | None]], judgement: Judgement
) -> None:
    assert walk(looks) is judgement


@given(st.lists(st.sampled_from([False, None]), min_size=1, max_size=60))
def test_what_was_never_seen_gone_is_never_healed(seen: list[bool | None]) -> None:
    state = Looks(0.0)
    for step, holds in enumerate(seen):
        judged = judge(VERIFY, state, holds, "saw", step * 5.0)
        state = judged.looks
        assert judged.judgement is not Judgement.HEALED
        if judged.judgement is Judgement.WAIT:
            assert judged.next_look is not None
            assert judged.next_look > step * 5.0


@given(st.lists(st.sampled_from([True, False, None]), min_size=1, max_size=60))
def test_healed_means_good_at_every_look_of_the_hold(seen: list[bool | None]) -> None:
    state = Looks(0.0)
    for step, holds in enumerate(seen):
        judged = judge(VERIFY, state, holds, "saw", step * 5.0)
        state = judged.looks
        if judged.judgement is Judgement.HEALED:
            assert seen[step - 6 : step + 1] == [True] * 7
        if judged.judgement is not Judgement.WAIT:
            break


@pytest.mark.parametrize(
    ("outcome", "judgement", "rollback", "more", "follows"),
    [
        (Outcome.OK, Judgement.HEALED, False, True, Next.HEALED),
        (Outcome.OK, Judgement.HEALED, True, True, Next.HEALED),
        (Outcome.OK, Judgement.NOT_HEALED, False, True, Next.NEXT_STEP),
        (Outcome.OK, Judgement.NOT_HEALED, False, False, Next.ESCALATE),
        (Outcome.OK, Judgement.NOT_HEALED, True, True, Next.ROLL_BACK),
        (Outcome.OK, Judgement.BLIND, False, True, Next.ESCALATE),
        (Outcome.FAILED, Judgement.HEALED, False, True, Next.ESCALATE),
        (Outcome.FAILED, Judgement.NOT_HEALED, False, True, Next.NEXT_STEP),
        (Outcome.FAILED, Judgement.NOT_HEALED, True, True, Next.ROLL_BACK),
        (Outcome.TIMED_OUT, Judgement.NOT_HEALED, False, True, Next.NEXT_STEP),
        (Outcome.UNREACHABLE, Judgement.NOT_HEALED, True, True, Next.ESCALATE),
        (Outcome.CANCELLED, Judgement.NOT_HEALED, False, True, Next.ESCALATE),
        (Outcome.CANCELLED, Judgement.NOT_HEALED, True, True, Next.ROLL_BACK),
        (Outcome.ABORTED, Judgement.NOT_HEALED, False, True, Next.ESCALATE),
        (Outcome.ABORTED, Judgement.NOT_HEALED, True, True, Next.ROLL_BACK),
        (Outcome.ABORTED, Judgement.HEALED, True, True, Next.ROLL_BACK),
        (Outcome.ABORTED, Judgement.HEALED, False, True, Next.ESCALATE),
        (Outcome.ABORTED, Judgement.BLIND, False, True, Next.ESCALATE),
        (Outcome.ABORTED, Judgement.BLIND, True, True, Next.ROLL_BACK),
        (Outcome.LOST, Judgement.HEALED, False, True, Next.ESCALATE),
        (Outcome.LOST, Judgement.NOT_HEALED, False, True, Next.NEXT_STEP),
        (Outcome.LOST, Judgement.NOT_HEALED, False, False, Next.ESCALATE),
    ],
)
def test_what_follows_a_step(
    outcome: Outcome, judgement: Judgement, rollback: bool, more: bool, follows: Next
) -> None:
    found, why = after_step(outcome, judgement, has_rollback=rollback, more_steps=more)
    assert found is follows
    assert why


def test_only_an_ok_run_ever_heals() -> None:
    healing = {
        outcome
        for outcome in Outcome
        for rollback in (True, False)
        if after_step(outcome, Judgement.HEALED, has_rollback=rollback, more_steps=True)[0]
        is Next.HEALED
    }
    assert healing == {Outcome.OK}


def test_a_lost_run_is_repeated_only_where_that_is_harmless() -> None:
    for may_repeat, follows in ((True, Next.AGAIN), (False, Next.NEXT_STEP)):
        found, _ = after_step(
            Outcome.LOST, Judgement.NOT_HEALED, has_rollback=False, more_steps=True,
            may_repeat=may_repeat,
        )  # fmt: skip
        assert found is follows


def test_after_a_rollback_of_a_cancelled_step_a_person_decides() -> None:
    found, _ = after_rollback(Outcome.CANCELLED, Judgement.NOT_HEALED, more_steps=True)
    assert found is Next.ESCALATE


def test_after_a_rollback_of_an_aborted_step_a_person_decides() -> None:
    found, why = after_rollback(Outcome.ABORTED, Judgement.NOT_HEALED, more_steps=True)
    assert found is Next.ESCALATE
    assert why == "the run was stopped by abort_if"
