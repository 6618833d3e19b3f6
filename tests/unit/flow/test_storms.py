"""A storm is one page per runbook per five minutes, and nobody in it is forgotten."""

from __future__ import annotations

from dataclasses import replace

from autofix.core.incidents import State
from autofix.core.pages import PageKind, PageState
from autofix.flow import escalate, people, taking
from unit.flow.alarms import Alarms, alarm, end, named
from unit.flow.world import BOOK


def storm(world: Alarms, count: int) -> list[int]:
    numbers = [world.alarm(f"h{number}", f"reason {number}") for number in range(count)]
    world.settle()
    return numbers


def test_the_first_is_paged_at_once_and_the_others_in_one_page_five_minutes_later() -> None:
    world = Alarms()
    numbers = storm(world, 60)
    (first,) = world.bell.rung
    assert first.incident == numbers[0]
    world.pass_time(299, step=299)
    assert len(world.bell.rung) == 1
    world.pass_time(2)
    digest = world.bell.rung[1]
    assert (digest.kind, digest.count) == (PageKind.DIGEST, 59)
    assert digest.title == "[P1] 59 incidents of Redis memory above 90 %"
    assert "  incident 2 on h1: reason 1" in digest.text
    assert "… and 9 more" in digest.text
    assert f"autofix pages show {digest.id}" in digest.text
    assert named(world.bell.rung) == set(numbers)


def test_one_that_came_alone_in_the_five_minutes_gets_the_page_it_would_have_had() -> None:
    world = Alarms()
    world.alarm("r1")
    world.clock.advance(60)
    second = world.alarm("r2", "reason 2")
    world.pass_time(300, step=10)
    page = world.bell.rung[1]
    assert (page.kind, page.incident, page.count) == (PageKind.CALL, second, 1)
    assert page.title == "[P1] Redis memory above 90 % on r2: reason 2"
    assert page.dedup_key == f"autofix:{second}:redis-memory-high:r2"


def test_those_that_are_over_or_answered_by_then_are_not_in_it() -> None:
    world = Alarms()
    numbers = storm(world, 5)
    end(world.ctx, numbers[1])
    people.acknowledge(world.ctx, numbers[2], "ann")
    world.pass_time(301, step=300)
    digest = world.bell.rung[1]
    assert digest.data["incidents"] == numbers[3:]
    assert "2 incidents of Redis memory above 90 %; 2 more came and went" in digest.text


def test_when_all_are_over_by_then_nobody_is_bothered() -> None:
    world = Alarms()
    numbers = storm(world, 3)
    for number in numbers[1:]:
        end(world.ctx, number)
    world.pass_time(400, step=100)
    assert len(world.bell.rung) == 1
    assert world.pages()[1].state is PageState.DROPPED


def test_an_incident_with_a_page_of_its_own_is_not_held_back() -> None:
    world = Alarms()
    numbers = storm(world, 3)
    world.pass_time(10)
    with world.store.transaction() as tx:
        incident = tx.incident(numbers[0])
        assert incident is not None
        called = escalate.page(world.ctx, tx, BOOK, incident, "now it is worse", world.clock.now())
        tx.save_incident(called, None)
    world.settle()
    assert world.bell.rung[1].incident == numbers[0]


def test_the_next_level_of_a_storm_is_one_page_too() -> None:
    world = Alarms()
    numbers = storm(world, 700)  # more than one transaction takes
    world.pass_time(600, step=50)
    assert [page.incident for page in world.phone.rung] == [numbers[0]]
    world.pass_time(320, step=5)
    digest = world.phone.rung[1]
    assert (digest.kind, digest.level, digest.count) == (PageKind.DIGEST, 1, 699)
    assert all(world.incident(number).calls == 2 for number in numbers[1:5])
    world.pass_time(2 * 3600, step=60)
    assert len(world.phone.rung) < 8
    assert named(world.phone.rung) == set(numbers)


def test_other_runbooks_and_other_policies_are_not_held_back_by_it() -> None:
    world = Alarms()
    storm(world, 3)
    other = replace(BOOK, name="disk-full", title="Disk full")
    world.ctx.book = replace(world.ctx.book, runbooks={BOOK.name: BOOK, other.name: other})
    alarm(world.ctx, "h1", runbook=other)
    world.settle()
    assert world.bell.rung[-1].title.startswith("[P1] Disk full on h1")


def test_one_that_was_gathered_is_told_as_one() -> None:
    world = Alarms()
    for host in ("r1", "r2"):
        with world.store.transaction() as tx:
            escalate.page_blind(world.ctx, tx, BOOK, host, 3, "timed out")
    world.pass_time(301, step=300)
    assert world.bell.rung[-1].title == "[P1] 1 call about Redis memory above 90 %"


def test_targets_that_cant_be_seen_are_gathered_too() -> None:
    world = Alarms()
    for host in ("r1", "r2", "r3"):
        with world.store.transaction() as tx:
            escalate.page_blind(world.ctx, tx, BOOK, host, 3, "timed out")
    world.pass_time(301, step=300)
    first, digest = world.bell.rung
    assert "can't see r1" in first.title
    assert digest.title == "[P1] 2 calls about Redis memory above 90 %"
    assert "  r3: can't be seen: timed out" in digest.text


def test_a_storm_is_taken_at_once() -> None:
    world = Alarms(public_url="https://autofix.example.com")
    numbers = storm(world, 450)
    world.pass_time(301, step=300)
    (line,) = (x for x in world.bell.rung[1].text.splitlines() if x.startswith("acknowledge: "))
    taken = taking.by_code(world.ctx, line.removeprefix("acknowledge: "), "ann")
    assert [each.id for each in taken] == numbers[1:]
    assert all(each.state is State.ACKNOWLEDGED for each in taken)
    assert taking.all_of(world.ctx, world.bell.rung[1].id, "bob") == []
    world.pass_time(3600, step=60)
    assert {page.incident for page in world.phone.rung} == {numbers[0]}


def test_a_digest_that_no_channel_takes_is_tried_until_one_does() -> None:
    world = Alarms()
    storm(world, 5)
    world.bell.broken = world.second.broken = "down"
    world.pass_time(400, step=5)
    world.bell.broken = ""
    world.pass_time(300, step=5)
    assert [page.count for page in world.bell.rung] == [1, 4]
