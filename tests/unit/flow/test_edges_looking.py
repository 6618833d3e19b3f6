"""What is known grows old: the target is looked at before acting, and a page is sent once."""

from __future__ import annotations

from dataclasses import replace

from autofix.core.conditions import parse
from autofix.core.incidents import State
from autofix.core.runbooks import ProbeTrigger, Runbook, Step
from autofix.flow import observing, stopping
from autofix.flow.decide import decide_due
from autofix.scheduling.observer import Observer
from unit.flow.world import BOOK, World, with_guards, with_steps

ILL, WELL = {"ratio": 0.95}, {"ratio": 0.4}
REFUSED = "connection refused"


def by_port(for_: float = 0.0) -> Runbook:
    """The runbook with a trigger that tells failures apart by their port."""
    when, port = parse("ratio > 0.9"), parse("port")
    return replace(BOOK, triggers=(ProbeTrigger("redis", "redis", when, for_=for_, subject=port),))


def test_a_symptom_that_went_away_between_two_steps_spares_the_next_one() -> None:
    world = World(with_steps(Step("soft.yml"), Step("harsh.yml")))
    world.ill()
    stopping.pause(world.ctx, "bob")
    world.pass_time(60)
    assert world.incident().state is State.HELD
    world.patient.state["r1"] = WELL
    world.look("r1")
    world.pass_time(60)
    stopping.resume(world.ctx, "bob")
    world.pass_time(10)
    assert world.hands.played == ["soft.yml"]
    assert world.incident().state is State.RECOVERED


def test_a_symptom_that_went_away_unseen_during_a_pause_starts_nothing() -> None:
    world = World()
    stopping.pause(world.ctx, "bob")
    world.ill()
    world.patient.state["r1"] = WELL
    stopping.resume(world.ctx, "bob")
    world.pass_time(5)
    assert world.hands.played == []
    assert world.incident().state is State.RECOVERED


def test_a_planned_run_that_waited_for_hours_does_not_run_on_a_healthy_host() -> None:
    world = World()
    world.patient.state["r1"] = ILL
    world.look("r1")
    decide_due(world.ctx, 1)
    assert world.incident().state is State.FIXING
    stopping.pause(world.ctx, "bob")
    world.pass_time(5 * 3600, step=60)
    world.patient.state["r1"] = WELL
    world.look("r1")
    stopping.resume(world.ctx, "bob")
    world.pass_time(5)
    assert world.hands.played == []
    assert world.incident().state is State.RECOVERED


def test_a_target_that_cant_be_looked_at_after_a_hold_is_not_repaired() -> None:
    world = World()
    stopping.pause(world.ctx, "bob")
    world.ill()
    world.patient.state["r1"] = REFUSED
    stopping.resume(world.ctx, "bob")
    world.pass_time(5)
    assert world.hands.played == []
    assert REFUSED in world.incident().reason


def test_a_target_that_stays_out_of_sight_after_a_hold_is_told_to_a_person() -> None:
    world = World()
    stopping.pause(world.ctx, "bob")
    world.ill()
    world.patient.state["r1"] = REFUSED
    stopping.resume(world.ctx, "bob")
    world.pass_time(1000, step=10)
    assert world.hands.played == []
    assert world.incident().state is State.ESCALATED
    assert len(world.bell.rung) == 1


def test_a_second_outage_of_a_target_with_subjects_pages_again() -> None:
    world = World(by_port())
    for outage in (1, 2):
        world.patient.state["r1"] = REFUSED
        for _ in range(5):
            world.look("r1")
            world.settle()
        assert len(world.bell.rung) == outage
        world.pass_time(301)
        world.patient.state["r1"] = {"ratio": 0.5, "port": 6379}
        world.look("r1")


def test_a_failed_look_breaks_the_for_of_every_subject() -> None:
    world = World(by_port(for_=60))
    ill = {**ILL, "port": 6379}
    for seen in (ill, REFUSED, ill):
        world.patient.state["r1"] = seen
        world.look("r1")
        world.clock.advance(31)
    assert world.incidents() == []
    world.clock.advance(30)
    world.look("r1")
    assert [each.subject for each in world.incidents()] == ["6379"]


def test_two_failed_looks_written_together_count_as_two() -> None:
    world = World()
    world.patient.state["r1"] = REFUSED
    for _ in range(2):
        world.look("r1")
    world.settle()
    assert world.bell.rung == []
    observing.observe(world.ctx, [world.seen("r1"), world.seen("r1")])
    world.settle()
    assert len(world.bell.rung) == 1


def test_a_fact_that_cant_be_stored_blinds_no_other_host() -> None:
    world = World()
    world.patient.state |= {"r1": {"ratio": float("inf")}, "r2": ILL}
    observer = Observer(world.ctx, lambda: None)
    observer.start()
    for host in ("r1", "r2"):
        observer.put(world.seen(host))
    observer.stop()
    assert [each.host for each in world.incidents()] == ["r2"]


def test_a_fact_that_cant_be_stored_counts_as_a_failed_look() -> None:
    world = World()
    world.patient.state["r1"] = {"ratio": float("nan")}
    for _ in range(5):
        world.look("r1")
    world.settle()
    (page,) = world.bell.rung
    assert "can't see r1" in page.title


def test_one_of_two_triggers_that_clears_does_not_end_the_incident() -> None:
    evicting = ProbeTrigger("redis", "redis", parse("evictions > 5"))
    world = World(replace(BOOK, triggers=(*BOOK.triggers, evicting)))
    stopping.pause(world.ctx, "bob")
    for minute in range(30):
        world.patient.state["r1"] = {**ILL, "evictions": 10 * (minute % 2)}
        world.look("r1", trigger=0)
        world.look("r1", trigger=1)
        world.pass_time(60, step=20)
    assert len(world.incidents()) == 1
    assert len(world.bell.rung) == 1


def test_a_symptom_that_comes_and_goes_within_one_cooldown_pages_once() -> None:
    world = World(with_guards(cooldown=3600))
    world.hands.does["rewrite.yml"] = world.well("r1")
    world.ill()
    world.pass_time(11)
    world.look("r1")
    assert world.incident().state is State.HEALED
    for facts in (ILL, WELL) * 10:
        world.patient.state["r1"] = facts
        world.look("r1")
        world.pass_time(30, step=10)
    assert len(world.incidents()) == 11
    assert len(world.bell.rung) == 1


def test_a_later_step_that_is_held_too_long_pages_once_more() -> None:
    world = World(with_steps(Step("soft.yml"), Step("harsh.yml")))
    stopping.pause(world.ctx, "bob")
    world.ill()
    world.pass_time(1000, step=20)
    assert len(world.bell.rung) == 1
    stopping.resume(world.ctx, "bob")
    world.pass_time(5)
    assert world.hands.played == ["soft.yml"]
    stopping.pause(world.ctx, "bob")
    world.pass_time(3 * 3600, step=60)
    assert world.incident().state is State.HELD
    assert len(world.bell.rung) == 2


def test_a_run_that_was_put_back_spares_a_host_that_got_well_unseen() -> None:
    world = World()
    world.patient.state["r1"] = ILL
    world.look("r1")
    decide_due(world.ctx, 1)
    stopping.pause(world.ctx, "bob")
    world.pass_time(60)
    world.patient.state["r1"] = WELL
    stopping.resume(world.ctx, "bob")
    world.pass_time(10)
    assert world.hands.played == []
    assert world.incident().state is State.RECOVERED


def test_a_person_who_starts_the_fix_again_gets_it_even_if_the_symptom_is_gone() -> None:
    world = World()
    world.ill()
    world.pass_time(120)
    played = len(world.hands.orders)
    world.patient.state["r1"] = WELL
    world.run_by("ann")
    assert len(world.hands.orders) > played
