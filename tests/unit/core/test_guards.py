"""Every guard as a table of sentences: situation → what it says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autofix.core.breakers import Breaker, BreakerState
from autofix.core.calendars import Calendar
from autofix.core.conditions import parse
from autofix.core.decisions import (
    Act,
    AwaitApproval,
    Escalate,
    Hold,
    asked_key,
    decide,
    unquieted,
)
from autofix.core.freezes import Freeze
from autofix.core.guards import Situation
from autofix.core.incidents import Incident, Origin, State
from autofix.core.limits import GroupAtWork, Limits
from autofix.core.pauses import Pause
from autofix.core.runbooks import Approval, Attempts, Guards, Runbook, Step, Verify
from autofix.core.silences import Silence

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
OPEN = Breaker(BreakerState.OPEN, "3 attempts within 1d (at most 3)", NOW + 600)
SILENCE = Silence(4, NOW - 60, "ann", "upgrade", NOW - 60, NOW + 7200)
FREEZE = Freeze(NOW - 60, NOW + 7200, "the year's end")
NEVER = Calendar("office", "UTC", {})
MONDAYS = Calendar("office", "UTC", {0: ((540, 1080),)})  # NOW is a Monday, 13:46:40 UTC
TUESDAYS = Calendar("office", "UTC", {1: ((540, 1080),)})
IN_THE_OFFICE = replace(RUNBOOK, guards=replace(RUNBOOK.guards, hours="office"))
NOT_ON_THE_PRIMARY = replace(
    RUNBOOK, guards=replace(RUNBOOK.guards, unless=parse("host.role == 'primary'"))
)


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
        (
            replace(CALM, silences=(SILENCE,)),
            "silence",
            "silence 4 (everything) by ann for another 2h: upgrade",
        ),
        (
            replace(
                CALM,
                silences=(SILENCE, replace(SILENCE, id=5, group="redis", until=NOW + 9000)),
                groups=frozenset({"redis"}),
            ),
            "silence",
            "silence 5 (group redis) by ann for another 2h 30m: upgrade",
        ),
        (
            replace(CALM, freezes=(FREEZE,)),
            "freeze",
            "a freeze for another 2h, nothing is done by itself: the year's end",
        ),
        (
            replace(
                CALM, freezes=(replace(FREEZE, groups=("redis",)),), groups=frozenset({"redis"})
            ),
            "freeze",
            "a freeze for another 2h, nothing is done by itself: the year's end",
        ),
        (
            replace(CALM, waits_for=("host-down on r1 (incident 3, escalated)",)),
            "depends_on",
            "waits for host-down on r1 (incident 3, escalated)",
        ),
        (
            replace(CALM, busy_hosts=frozenset({"r2", "r3"}), limits=Limits(hosts_at_once=2)),
            "hosts_at_once",
            "autofix already works on r2, r3 (limits: hosts_at_once 2)",
        ),
        (
            replace(CALM, busy_groups=(GroupAtWork("redis", 6, frozenset({"r2"})),)),
            "percent_of_group",
            "autofix already works on r2 of the 6 hosts of redis (limits: percent_of_group 30%)",
        ),
        (
            replace(CALM, started=tuple(NOW - 3000 + n for n in range(60))),
            "runs_per_hour",
            "60 runs within the last hour (limits: runs_per_hour 60)",
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
        replace(CALM, breaker=Breaker(BreakerState.HALF_OPEN, "ann reset it")),
        replace(CALM, silences=(SILENCE,), now=SILENCE.until),
        replace(CALM, silences=(replace(SILENCE, labels={"team": "db"}),)),
        replace(CALM, silences=(replace(SILENCE, group="mysql"),), groups=frozenset({"redis"})),
        replace(CALM, freezes=(replace(FREEZE, runbooks=("another",)),)),
        replace(CALM, freezes=(replace(FREEZE, hosts=("r2",), groups=("mysql",)),)),
        replace(CALM, freezes=(FREEZE,), now=FREEZE.until),
        replace(CALM, busy_hosts=frozenset({"r2"}), limits=Limits(hosts_at_once=2)),
        replace(CALM, busy_hosts=frozenset({"r1"}), limits=Limits(hosts_at_once=1)),
        replace(CALM, busy_groups=(GroupAtWork("redis", 7, frozenset({"r2"})),)),
        replace(CALM, busy_groups=(GroupAtWork("redis", 2, frozenset({"r1"})),)),
        replace(CALM, started=(NOW,) * 59),
        replace(CALM, working_hosts=frozenset({"r1"})),
    ],
)
def test_what_does_not_concern_it_lets_it_pass(situation: Situation) -> None:
    assert isinstance(decided(situation), Act)


def test_an_open_breaker_leaves_it_to_a_person() -> None:
    decision = decided(replace(CALM, breaker=OPEN))
    assert isinstance(decision, Escalate)
    assert decision.guard == "breaker"
    assert decision.reason == (
        "breaker open on r1: 3 attempts within 1d (at most 3); in 10m one more is let through"
    )


def test_a_half_open_breaker_lets_one_attempt_through_on_trial() -> None:
    half = replace(CALM, breaker=Breaker(BreakerState.HALF_OPEN, "ann reset it"))
    decision = decided(half)
    assert isinstance(decision, Act)
    assert decision.trial
    assert "the breaker is half-open, ann reset it" in decision.reason
    next_step = decided(half, replace(INCIDENT, fix_started_at=NOW - 5))
    assert isinstance(next_step, Act)
    assert not next_step.trial


def test_back_within_the_cooldown_is_flapping_and_told_to_a_person() -> None:
    decision = decided(replace(CALM, last_ended=NOW - 60))
    assert isinstance(decision, Hold)
    assert decision.page


def test_a_person_may_accept_the_cooldown_but_nothing_else() -> None:
    asked = replace(INCIDENT, origin=Origin.PERSON, accepted=("cooldown",))
    assert isinstance(decided(replace(CALM, last_ended=NOW - 60), asked), Act)
    assert isinstance(decided(replace(CALM, pauses=(Pause(NOW, "root"),)), asked), Hold)
    assert isinstance(decided(replace(CALM, breaker=OPEN), asked), Escalate)


def test_cooldown_and_breaker_never_hold_the_next_step_of_the_same_incident() -> None:
    under_way = replace(INCIDENT, fix_started_at=NOW - 5)
    assert isinstance(decided(replace(CALM, breaker=OPEN, last_ended=NOW - 1), under_way), Act)


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
    asked = frozenset({asked_key(RUNBOOK, replace(INCIDENT, step=2), 2)})
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


@pytest.mark.parametrize(
    ("calendar", "words"),
    [
        (TUESDAYS, "office is closed and opens in 19h 13m"),
        (NEVER, "office is closed and never opens"),
        (None, "there is no calendar office in the settings"),
    ],
)
def test_out_of_hours_it_waits_for_the_calendar(calendar: Calendar | None, words: str) -> None:
    closed = replace(CALM, calendar=calendar)
    decision = decided(closed, book=IN_THE_OFFICE)
    assert isinstance(decision, Hold)
    assert (decision.guard, decision.reason) == ("hours", words)
    asked = replace(INCIDENT, origin=Origin.PERSON, requested_by="ann")
    assert isinstance(decided(closed, asked, IN_THE_OFFICE), Act)
    again = replace(INCIDENT, requested_by="ann")  # a probe's incident that a person starts again
    assert isinstance(decided(closed, again, IN_THE_OFFICE), Act)


def test_within_its_hours_it_acts() -> None:
    assert isinstance(decided(replace(CALM, calendar=MONDAYS), book=IN_THE_OFFICE), Act)


def test_unless_holds_while_it_is_true_and_while_it_is_unknown() -> None:
    def said(role: str | None) -> Act | AwaitApproval | Escalate | Hold:
        names = {"host": {"role": role}}
        return decided(replace(CALM, names=names), book=NOT_ON_THE_PRIMARY)

    yes, unknown = said("primary"), said(None)
    assert isinstance(yes, Hold)
    assert yes.reason == "not while host.role == 'primary' (host.role = \"primary\")"
    assert isinstance(unknown, Hold)
    assert unknown.reason.startswith("could not tell whether host.role == 'primary'")
    assert isinstance(said("replica"), Act)


def test_what_unless_can_never_tell_is_left_to_a_person() -> None:
    held = replace(INCIDENT, state=State.HELD, held_since=NOW - 900)
    assert isinstance(decided(CALM, held, NOT_ON_THE_PRIMARY), Escalate)


def test_a_silence_tells_nobody_however_long_it_takes() -> None:
    held = replace(INCIDENT, state=State.HELD, held_since=NOW - 100_000)
    decision = decided(replace(CALM, silences=(SILENCE,)), held)
    assert isinstance(decision, Hold)
    assert decision.quiet
    assert not decision.page


def test_the_time_under_a_silence_does_not_count_to_the_hold_limit() -> None:
    held = replace(
        INCIDENT,
        state=State.HELD,
        held_since=NOW - 7300,
        updated_at=NOW - 7200,
        reason="silence: x",
    )
    assert unquieted(held, NOW).held_since == NOW - 100
    other = replace(held, reason="pause: x")
    assert unquieted(other, NOW) == other


def test_a_freeze_and_too_many_runs_are_told_at_once_and_a_person_may_accept_them() -> None:
    for situation in (replace(CALM, freezes=(FREEZE,)), replace(CALM, started=(NOW,) * 60)):
        decision = decided(situation)
        assert isinstance(decision, Hold)
        assert decision.page
        asked = replace(INCIDENT, origin=Origin.PERSON, accepted=("freeze", "runs_per_hour"))
        assert isinstance(decided(situation, asked), Act)
        assert isinstance(decided(situation, replace(asked, accepted=())), Hold)


def test_too_many_runs_wait_until_enough_of_them_are_an_hour_ago() -> None:
    started = tuple(NOW - 3500 + n for n in range(62))
    decision = decided(replace(CALM, started=started))
    assert isinstance(decision, Hold)
    assert decision.until == NOW + 102  # the third oldest is an hour old then


def test_a_percentage_of_the_hosts_of_its_triggers_at_once() -> None:
    tenth = replace(RUNBOOK, guards=replace(RUNBOOK.guards, at_once_percent=10.0))
    working = frozenset({"r2"})
    held = decided(replace(CALM, working_hosts=working, armed=19), book=tenth)
    assert isinstance(held, Hold)
    assert held.reason.endswith("(at_once: 10% of 19 hosts)")
    assert isinstance(decided(replace(CALM, working_hosts=working, armed=20), book=tenth), Act)
    assert isinstance(decided(replace(CALM, armed=3), book=tenth), Act)


@pytest.mark.parametrize(
    ("asks", "env", "waits"),
    [
        ("host.env == 'prod'", "prod", True),
        ("host.env == 'prod'", "test", False),
        ("host.env == 'prod'", None, True),
        ("host.env", "test", True),
        ("always", "test", True),
        ("never", "prod", False),
    ],
)
def test_approval_hangs_on_an_expression_and_unknown_asks(
    asks: str, env: str | None, waits: bool
) -> None:
    approval: Approval = asks if asks in ("always", "never") else parse(asks)
    names = {"host": {"env": env}, "inputs": {}}
    for book in (
        replace(RUNBOOK, fix=(Step("a.yml"),), guards=replace(RUNBOOK.guards, approval=approval)),
        replace(RUNBOOK, fix=(Step("a.yml", approval=approval),)),
    ):
        decision = decide(book, INCIDENT, CALM, names)
        assert isinstance(decision, AwaitApproval if waits else Act)


def test_an_approval_that_nobody_gives_in_time_is_left_to_a_person() -> None:
    asked = frozenset({asked_key(RUNBOOK, replace(INCIDENT, step=2), 2)})
    waits = replace(
        INCIDENT, state=State.AWAITING_APPROVAL, step=2, paged_for=asked, updated_at=NOW - 3599
    )
    assert isinstance(decided(incident=waits), AwaitApproval)
    over = replace(waits, updated_at=NOW - 3600)
    decision = decided(incident=over)
    assert isinstance(decision, Escalate)
    assert decision.guard == "approval"
    assert decision.reason == (
        "nobody approved within 1h: step 3 (raise.yml) needs a person's approval"
    )
    assert isinstance(decided(replace(CALM, silences=(SILENCE,)), over), Hold)
    assert isinstance(decided(replace(CALM, working_hosts=frozenset({"r2"})), over), Escalate)


def test_what_waits_long_is_looked_at_less_often() -> None:
    paused = replace(CALM, pauses=(Pause(NOW, "ann"),))
    first, later = decided(paused), decided(paused, replace(INCIDENT, held_since=NOW - 200))
    assert isinstance(first, Hold)
    assert isinstance(later, Hold)
    assert first.until - NOW == 2
    assert 10 <= later.until - NOW <= 20  # each at a moment of its own
