"""Every guard as a table of sentences: situation → what it says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autofix.core.conditions import parse
from autofix.core.decisions import Act, AwaitApproval, Escalate, Hold, decide
from autofix.core.guards import Situation
from autofix.core.incidents import Incident, Origin, State
from autofix.core.pauses import Pause
from autofix.core.runbooks import Attempts, Guards, Runbook, Step, Verify

NOW = 1_000_000.0
RUNBOOK = Runbook(
    "redis-memory-high",
    "Redis memory above 90 %",
    fix=(
        Step("rewrite.yml", when=parse("aof_enabled")),
        Step("evict.yml"),
        Step("raise.yml", approval="always"),
    ),
    verify=Verify("redis", parse("used_memory_ratio < 0.85")),
    guards=Guards(cooldown=1800, attempts=Attempts(3, 86400), at_once=1, hold_limit=900),
)
INCIDENT = Incident(
    7, "redis-memory-high", "r1", "", State.OPEN, Origin.PROBE, "P1", NOW, NOW,
    facts={"aof_enabled": False, "used_memory_ratio": 0.95},
)  # fmt: skip
CALM = Situation(NOW)


def decided(situation: Situation = CALM, incident: Incident = INCIDENT, book: Runbook = RUNBOOK):
    return decide(book, incident, situation, incident.facts)


def test_with_nothing_in_the_way_it_acts_with_the_first_step_that_applies() -> None:
    decision = decided()
    assert isinstance(decision, Act)
    assert decision.step == 1
    assert "step 1 (rewrite.yml) does not apply" in decision.skipped[0]
    assert "aof_enabled = false" in decision.skipped[0]


@pytest.mark.parametrize(
    ("situation", "guard", "words"),
    [
        (
            replace(CALM, pauses=(Pause(NOW, "root", "maintenance"),)),
            "pause",
            "everything paused by root: maintenance",
        ),
        (replace(CALM, pauses=(Pause(NOW, "ann"),)), "pause", "everything paused by ann"),
        (
            replace(CALM, pauses=(Pause(NOW, "ann", "upgrade", "redis-memory-high"),)),
            "pause",
            "redis-memory-high paused by ann: upgrade",
        ),
        (replace(CALM, pauses=(Pause(NOW, "ann", host="r1"),)), "pause", "r1 paused by ann"),
        (
            replace(CALM, locked_by="run 3 of mysql-lag (incident 2)"),
            "host_lock",
            "r1 is being worked on by run 3 of mysql-lag (incident 2)",
        ),
        (
            replace(CALM, owed="the afterwards restore.yml of incident 6"),
            "owed",
            "on r1, the afterwards restore.yml of incident 6 must finish first",
        ),
        (
            replace(CALM, last_ended=NOW - 600),
            "cooldown",
            "cooldown for another 20m: the last incident here ended 10m ago",
        ),
        (
            replace(CALM, working_hosts=frozenset({"r2"})),
            "at_once",
            "redis-memory-high already works on r2 (at_once: 1)",
        ),
    ],
)
def test_each_guard_holds_with_its_reason(situation: Situation, guard: str, words: str) -> None:
    decision = decided(situation)
    assert isinstance(decision, Hold)
    assert (decision.guard, decision.reason) == (guard, words)
    assert decision.until > NOW


@pytest.mark.parametrize(
    "situation",
    [
        replace(CALM, pauses=(Pause(NOW, "ann", runbook="another"),)),
        replace(CALM, pauses=(Pause(NOW, "ann", runbook="redis-memory-high", host="r2"),)),
        replace(CALM, last_ended=NOW - 1801),
        replace(CALM, attempts=2),
        replace(CALM, working_hosts=frozenset({"r1"})),
    ],
)
def test_what_does_not_concern_it_lets_it_pass(situation: Situation) -> None:
    assert isinstance(decided(situation), Act)


def test_the_breaker_opens_after_three_attempts_and_a_person_decides() -> None:
    decision = decided(replace(CALM, attempts=3))
    assert isinstance(decision, Escalate)
    assert decision.guard == "breaker"
    assert decision.reason == "breaker open: 3 attempts on r1 within 1d (at most 3)"


def test_back_within_the_cooldown_is_flapping_and_told_to_a_person() -> None:
    decision = decided(replace(CALM, last_ended=NOW - 60))
    assert isinstance(decision, Hold)
    assert decision.page


def test_a_person_may_accept_the_cooldown_but_nothing_else() -> None:
    asked = replace(INCIDENT, origin=Origin.PERSON, accepted=("cooldown",))
    assert isinstance(decided(replace(CALM, last_ended=NOW - 60), asked), Act)
    assert isinstance(decided(replace(CALM, pauses=(Pause(NOW, "root"),)), asked), Hold)
    assert isinstance(decided(replace(CALM, attempts=3), asked), Escalate)


def test_cooldown_and_breaker_never_hold_the_next_step_of_the_same_incident() -> None:
    under_way = replace(INCIDENT, fix_started_at=NOW - 5)
    assert isinstance(decided(replace(CALM, attempts=9, last_ended=NOW - 1), under_way), Act)


def test_nothing_is_held_longer_than_the_limit_without_a_page() -> None:
    held = replace(INCIDENT, state=State.HELD, held_since=NOW - 899)
    decision = decided(replace(CALM, pauses=(Pause(NOW, "root"),)), held)
    assert isinstance(decision, Hold)
    assert not decision.page
    assert decision.until == NOW + 1
    later = decided(replace(CALM, now=NOW + 1, pauses=(Pause(NOW, "root"),)), held)
    assert isinstance(later, Hold)
    assert later.page


def test_a_step_that_needs_approval_waits_for_it_and_then_acts() -> None:
    third = replace(INCIDENT, step=2)
    assert isinstance(decided(incident=third), AwaitApproval)
    asked = frozenset({"approval 1.2 raise.yml"})
    decision = decided(incident=replace(third, approved={"1.2": "bob"}, paged_for=asked))
    assert isinstance(decision, Act)
    assert "approved by bob" in decision.reason


def test_an_approval_counts_for_its_step_and_attempt_only() -> None:
    for approved in ({"1.1": "bob"}, {"2.2": "bob"}):
        assert isinstance(
            decided(incident=replace(INCIDENT, step=2, approved=approved)), AwaitApproval
        )


def test_a_rehearsal_needs_no_approval() -> None:
    assert isinstance(decided(incident=replace(INCIDENT, step=2, check=True)), Act)


def test_with_no_step_left_a_person_is_called() -> None:
    decision = decided(incident=replace(INCIDENT, step=3))
    assert isinstance(decision, Escalate)
    assert decision.reason == "every step was tried"


def test_a_step_whose_condition_is_unknown_is_passed_over() -> None:
    only = replace(RUNBOOK, fix=(Step("rewrite.yml", when=parse("aof_enabled")),))
    unseen = replace(INCIDENT, facts={"reachable": False})
    decision = decided(incident=unseen, book=only)
    assert isinstance(decision, Escalate)
    assert "aof_enabled = unknown" in decision.reason
