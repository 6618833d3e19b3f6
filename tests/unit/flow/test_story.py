"""The flow end to end in memory: told as stories."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autofix.core.conditions import parse
from autofix.core.incidents import State
from autofix.core.pauses import Pause
from autofix.core.runbooks import Step
from autofix.core.runs import Outcome, RunResult
from autofix.errors import HeldError
from autofix.flow import approvals, people, stopping
from autofix.testing.switch import FakeSwitch
from unit.flow.world import BOOK, World, lose_during, with_guards


def test_the_gentlest_step_that_heals_ends_the_story() -> None:
    world = World()
    world.hands.does["rewrite.yml"] = world.well("r1")
    world.ill()
    assert world.incident().state is State.VERIFYING
    world.pass_time(10)
    assert world.incident().state is State.HEALED
    assert world.hands.played == ["rewrite.yml"]
    assert world.bell.rung == []


def test_when_the_first_step_is_not_enough_the_second_is_tried_and_put_right_afterwards() -> None:
    world = World()
    world.hands.does["evict.yml"] = world.well("r1")
    world.ill()
    world.pass_time(40)
    assert world.incident().state is State.HEALED
    assert world.hands.played == ["rewrite.yml", "evict.yml", "restore.yml"]
    evict, restore = world.hands.orders[1:]
    assert (evict.variables["target"], evict.variables["was"]) == (0.8, 0.95)
    assert restore.variables["target"] == 0.8
    assert restore.variables["report"] == {"did": "evict.yml"}
    assert evict.variables["facts"]["ratio"] == 0.95


def test_a_fix_that_does_not_stay_is_no_fix() -> None:
    world = World(replace(BOOK, fix=(Step("rewrite.yml"),)))
    world.hands.does["rewrite.yml"] = world.well("r1")
    world.ill()
    world.pass_time(6)
    world.patient.state["r1"] = {"ratio": 0.95}  # back within the hold
    world.pass_time(30)
    assert world.incident().state is State.ESCALATED
    assert "not gone within 20s" in world.incident().reason


def test_when_nothing_helps_the_last_step_is_rolled_back_and_a_person_paged() -> None:
    world = World()
    world.ill()
    world.pass_time(120)
    assert world.incident().state is State.ESCALATED
    assert world.hands.played == [
        "rewrite.yml", "evict.yml", "restore.yml", "raise.yml", "lower.yml",
    ]  # fmt: skip
    (page,) = world.bell.rung
    for words in ("ratio: 0.95 before, 0.95 now", "rewrite.yml → ok", "What it means.",
                  "autofix incidents ack 1", "raise.yml"):  # fmt: skip
        assert words in page.text
    assert page.title.startswith("[P1] Redis memory above 90 % on r1:")


def test_exit_code_0_of_a_failed_verification_never_counts_as_healed() -> None:
    world = World()
    world.ill()
    world.pass_time(120)
    assert all(run.outcome is Outcome.OK for run in world.runs())
    assert "incident.healed" not in world.actions()


def test_a_failed_run_is_no_cure_even_if_the_symptom_went_away() -> None:
    world = World(replace(BOOK, fix=(Step("rewrite.yml"), Step("evict.yml"))))

    def fail(order: object) -> RunResult:
        world.patient.state["r1"] = {"ratio": 0.5}
        return RunResult(Outcome.FAILED, "a task failed", 2)

    world.hands.does["rewrite.yml"] = fail
    world.ill()
    assert world.incident().state is State.ESCALATED
    assert "the symptom is gone, but the run ended failed" in world.incident().reason
    assert world.hands.played == ["rewrite.yml"]


def test_an_unreachable_host_is_left_to_a_person() -> None:
    world = World()
    world.hands.does["rewrite.yml"] = lambda _: RunResult(Outcome.UNREACHABLE, "no route")
    world.ill()
    assert world.incident().state is State.ESCALATED
    assert world.hands.played == ["rewrite.yml"]


def test_a_target_that_cant_be_looked_at_after_the_run_is_left_to_a_person() -> None:
    world = World()

    def blind(_: object) -> None:
        world.patient.state["r1"] = "connection refused"

    world.hands.does["rewrite.yml"] = blind
    world.ill()
    world.pass_time(25)
    assert world.incident().state is State.ESCALATED
    assert "connection refused" in world.incident().reason
    assert world.hands.played == ["rewrite.yml"]


def test_a_symptom_that_goes_away_by_itself_is_recovered_and_never_healed() -> None:
    world = World(with_guards(at_once=1))
    world.ctx.switch = FakeSwitch(Pause(0, "root"))
    world.ill()
    assert world.incident().state is State.HELD
    world.patient.state["r1"] = {"ratio": 0.4}
    world.look("r1")
    assert world.incident().state is State.RECOVERED
    assert world.hands.orders == []


def test_the_same_failure_seen_a_hundred_times_is_one_incident() -> None:
    world = World()
    world.patient.state["r1"] = {"ratio": 0.95}
    for _ in range(100):
        world.look("r1")
    assert len(world.incidents()) == 1


def test_a_symptom_back_within_the_cooldown_is_held_and_paged_once() -> None:
    world = World()
    world.hands.does["rewrite.yml"] = world.well("r1")
    world.ill()
    world.pass_time(11)
    world.look("r1")
    world.ill()
    world.pass_time(60)
    assert world.incident(2).state is State.HELD
    assert world.incident(2).reason.startswith("cooldown:")
    assert len(world.bell.rung) == 1
    world.pass_time(260)
    assert world.hands.played.count("rewrite.yml") == 2
    assert world.incident(2).state in (State.VERIFYING, State.HEALED)


def test_after_three_attempts_the_breaker_opens_and_nothing_runs() -> None:
    world = World(with_guards(cooldown=0))
    for number in (1, 2, 3):
        world.ill()
        world.pass_time(400)
        people.resolve(world.ctx, number, "ann")
    played = len(world.hands.orders)
    world.ill()
    world.pass_time(60)
    assert world.incident(4).state is State.ESCALATED
    assert world.incident(4).reason.startswith("breaker open on r1: 3 attempts within 1d")
    assert len(world.hands.orders) == played
    assert len(world.bell.rung) == 4


def test_resolving_the_breakers_incident_closes_the_breaker() -> None:
    world = World(with_guards(cooldown=0))
    for number in (1, 2, 3):
        world.ill()
        world.pass_time(150)
        people.resolve(world.ctx, number, "ann")
    world.ill()
    world.clock.advance(1)
    people.resolve(world.ctx, 4, "ann")
    world.hands.does["rewrite.yml"] = world.well("r1")
    world.ill()
    world.pass_time(11)
    assert world.incident(5).state is State.HEALED


def test_at_once_keeps_the_other_hosts_waiting() -> None:
    world = World(with_guards(at_once=1))
    for host in ("r1", "r2", "r3"):
        world.patient.state[host] = {"ratio": 0.95}
    world.look("r1", "r2", "r3")
    world.settle()
    states = sorted(each.state for each in world.incidents())
    assert states == [State.HELD, State.HELD, State.VERIFYING]
    held = [each.reason for each in world.incidents() if each.state is State.HELD]
    assert all("already works on" in reason for reason in held)


def test_one_host_is_never_worked_on_twice_at_once_by_different_runbooks() -> None:
    other = replace(BOOK, name="redis-other", guards=replace(BOOK.guards, cooldown=0))
    world = World(BOOK, other)
    seen: list[str | None] = []

    def meanwhile(_: object) -> None:
        first, world.book = world.book, other
        signal = world.run_by("ann")
        world.book = first
        seen.append(signal.reason)

    world.hands.does["rewrite.yml"] = meanwhile
    world.ill()
    assert seen == ["r1 is being worked on by run 1 of redis-memory-high (incident 1)"]


def test_a_pause_holds_what_was_planned_and_a_resume_lets_it_go() -> None:
    world = World()
    stopping.pause(world.ctx, "ann", reason="upgrade")
    world.ill()
    assert world.incident().reason == "pause: everything paused by ann: upgrade"
    assert world.hands.orders == []
    assert stopping.resume(world.ctx, "ann").lifted
    world.hands.does["rewrite.yml"] = world.well("r1")
    world.pass_time(15)
    assert world.incident().state is State.HEALED


def test_held_too_long_is_told_to_a_person_once() -> None:
    world = World()
    world.ctx.switch = FakeSwitch(Pause(0, "root"))
    world.ill()
    world.pass_time(890, step=10)
    assert world.bell.rung == []
    world.pass_time(600, step=10)
    assert len(world.bell.rung) == 1
    assert "held by pause" in world.bell.rung[0].title


def test_the_second_channel_takes_the_page_when_the_first_fails() -> None:
    world = World(replace(BOOK, fix=(Step("rewrite.yml"),)))
    world.bell.broken = "connection refused"
    world.ill()
    world.pass_time(25)
    assert len(world.second.rung) == 1
    assert world.actions().count("page.failed") == 1
    assert world.actions().count("page.sent") == 1


def test_with_all_channels_down_it_is_tried_until_one_works() -> None:
    world = World(replace(BOOK, fix=(Step("rewrite.yml"),)))
    world.bell.broken = world.second.broken = "down"
    world.ill()
    world.pass_time(200)
    assert world.bell.rung == world.second.rung == []
    world.bell.broken = ""
    world.pass_time(300)
    assert len(world.bell.rung) == 1


def test_a_step_with_approval_waits_pages_and_goes_on_with_a_yes() -> None:
    world = World(replace(BOOK, fix=(Step("raise.yml", approval="always"),)))
    world.ill()
    assert world.incident().state is State.AWAITING_APPROVAL
    assert "autofix incidents approve 1" in world.bell.rung[0].text
    world.pass_time(2000, step=100)
    assert world.hands.orders == []
    world.hands.does["raise.yml"] = world.well("r1")
    approvals.approve(world.ctx, 1, "bob")
    world.pass_time(15)
    assert world.incident().state is State.HEALED


def test_nobody_approves_what_they_asked_for_themselves() -> None:
    world = World(replace(BOOK, fix=(Step("raise.yml", approval="always"),)))
    world.patient.state["r1"] = {"ratio": 0.95}
    world.run_by("ann")
    with pytest.raises(HeldError, match="ann asked for incident 1"):
        approvals.approve(world.ctx, 1, "ann")
    assert "incident.approval_refused" in world.actions()
    approvals.approve(world.ctx, 1, "bob")
    world.settle()
    assert world.hands.played == ["raise.yml"]


def test_a_rejected_step_goes_to_a_person() -> None:
    world = World(replace(BOOK, fix=(Step("raise.yml", approval="always"),)))
    world.ill()
    approvals.reject(world.ctx, 1, "bob", "not today")
    assert world.incident().state is State.ESCALATED
    assert world.hands.orders == []


def test_a_person_is_refused_at_once_with_the_guards_reason() -> None:
    world = World()
    stopping.pause(world.ctx, "bob", host="r1", reason="disk swap")
    signal = world.run_by("ann")
    assert signal.reason == "r1 paused by bob: disk swap"
    assert world.incidents() == []
    assert "signal.ignored" in world.actions()


def test_a_person_may_start_the_fix_again_on_an_escalated_incident() -> None:
    world = World()
    world.ill()
    world.pass_time(120)
    people.acknowledge(world.ctx, 1, "ann")
    world.hands.does["rewrite.yml"] = world.well("r1")
    world.run_by("ann")
    world.pass_time(15)
    assert world.incident().state is State.HEALED
    assert world.incident().attempt == 2


def test_a_rehearsal_runs_in_check_mode_and_changes_nothing_else() -> None:
    world = World()
    world.patient.state["r1"] = {"ratio": 0.95}
    world.run_by("ann", check=True)
    assert [order.check for order in world.hands.orders] == [True]
    assert world.incident().state is State.DONE
    assert world.incident().reason.startswith("would run")
    world.ill()
    assert world.incident(2).state is State.VERIFYING, "it must not have counted for a cooldown"


def test_a_runbook_without_verification_ends_done_and_is_never_called_healed() -> None:
    world = World(replace(BOOK, verify=None, triggers=(), fix=(Step("backup.yml"),)))
    world.run_by("ann")
    assert world.incident().state is State.DONE
    assert "incident.healed" not in world.actions()


def test_a_lost_run_is_not_repeated_and_the_next_step_follows() -> None:
    world = World(replace(BOOK, fix=(Step("rewrite.yml"), Step("evict.yml"))))
    lose_during(world, "rewrite.yml")
    world.hands.does["evict.yml"] = world.well("r1")
    world.pass_time(30)
    assert world.hands.played == ["rewrite.yml", "evict.yml"]
    assert world.incident().state is State.HEALED


def test_a_lost_run_of_an_idempotent_runbook_is_repeated_once() -> None:
    world = World(replace(BOOK, idempotent=True, fix=(Step("rewrite.yml"),)))
    lose_during(world, "rewrite.yml")
    world.hands.does["rewrite.yml"] = world.well("r1")
    world.pass_time(30)
    assert world.hands.played == ["rewrite.yml", "rewrite.yml"]
    assert world.incident().state is State.HEALED


def test_afterwards_survives_a_crash_of_its_fix() -> None:
    world = World(replace(BOOK, fix=(Step("evict.yml", afterwards="restore.yml"),)))
    lose_during(world, "evict.yml")
    world.pass_time(30)
    assert world.hands.played == ["evict.yml", "restore.yml"]
    assert world.incident().state is State.ESCALATED


def test_a_failed_afterwards_is_told_to_a_person() -> None:
    world = World(replace(BOOK, fix=(Step("evict.yml", afterwards="restore.yml"),)))
    world.hands.does["evict.yml"] = world.well("r1")
    world.hands.does["restore.yml"] = lambda _: RunResult(Outcome.FAILED, "no such host", 2)
    world.ill()
    world.pass_time(30)
    assert world.incident().state is State.HEALED
    assert "restore.yml was owed afterwards and ended failed" in world.bell.rung[0].title


def test_a_probe_that_cant_look_pages_once_and_nothing_runs() -> None:
    world = World()
    world.patient.state["r1"] = "connection refused"
    for _ in range(10):
        world.look("r1")
        world.settle()
    assert len(world.bell.rung) == 1
    assert "can't see r1" in world.bell.rung[0].title
    assert world.incidents() == []


def test_no_step_applies_is_a_persons_matter() -> None:
    world = World(replace(BOOK, fix=(Step("rewrite.yml", when=parse("aof_enabled")),)))
    world.ill()
    assert world.incident().state is State.ESCALATED
    assert "no step of the runbook applies" in world.incident().reason


def test_every_change_of_state_stands_on_the_record_in_order() -> None:
    world = World(replace(BOOK, fix=(Step("rewrite.yml"),)))
    world.hands.does["rewrite.yml"] = world.well("r1")
    world.ill()
    world.pass_time(15)
    assert world.actions() == [
        "incident.opened", "signal.matched", "incident.acting", "run.planned", "run.claimed",
        "run.started", "run.finished", "incident.verifying", "incident.looked", "incident.looked",
        "incident.healed",
    ]  # fmt: skip
