"""What is over closes the pages that were sent about it, where the channel can."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from autofix.core.incidents import State
from autofix.core.pages import CALLS, Page, PageKind, PageState
from autofix.flow import escalate, people
from unit.flow.alarms import Alarms, end
from unit.flow.world import BOOK, Bell


def world_that_closes() -> Alarms:
    world = Alarms()
    world.bell.closes = True
    return world


def of_kind(bell: Bell, kind: PageKind) -> list[Page]:
    return [page for page in bell.rung if page.kind is kind]


@pytest.mark.parametrize("state", [State.HEALED, State.RECOVERED, State.DONE])
def test_what_ends_is_closed_with_the_key_of_its_page(state: State) -> None:
    world = world_that_closes()
    number = world.alarm()
    world.settle()
    with world.store.transaction() as tx:  # whatever led to this end
        from autofix.flow.record import of_incident

        incident = tx.incident(number)
        assert incident is not None
        began = replace(incident, state=State.HELD if state is State.RECOVERED else State.FIXING)
        if state is State.HEALED:
            began = replace(began, state=State.VERIFYING)
        over = began.with_(state=state, ended_at=world.clock.now(), updated_at=world.clock.now())
        tx.save_incident(over, of_incident(over, str(state), world.clock.now()))
    world.settle()
    call, closing = world.bell.rung
    assert (closing.kind, closing.dedup_key) == (PageKind.CLOSING, call.dedup_key)
    assert closing.title == "[P1] over: redis-memory-high on r1"
    world.pass_time(3600, step=60)
    assert len(world.bell.rung) == 2


def test_an_acknowledgement_is_told_and_then_the_end() -> None:
    world = world_that_closes()
    number = world.alarm()
    world.settle()
    people.acknowledge(world.ctx, number, "ann")
    world.settle()
    (taken,) = of_kind(world.bell, PageKind.TAKEN)
    assert taken.title == "[P1] acknowledged: redis-memory-high on r1"
    people.resolve(world.ctx, number, "ann")
    people.close(world.ctx, number, "ann")
    world.settle()
    assert len(of_kind(world.bell, PageKind.CLOSING)) == 1


def test_a_channel_that_cant_close_hears_nothing_more() -> None:
    world = Alarms()
    number = world.alarm()
    world.settle()
    end(world.ctx, number)
    world.settle()
    assert len(world.pages()) == len(world.bell.rung) == 1


def test_an_incident_that_was_never_paged_closes_nothing() -> None:
    world = world_that_closes()
    world.hands.does["rewrite.yml"] = world.well("r1")
    world.ill()
    world.pass_time(60)
    assert world.incident().state is State.HEALED
    assert world.pages() == []


def test_only_the_channel_that_took_the_page_is_told() -> None:
    world = world_that_closes()
    world.second.closes = True
    world.bell.broken = "refused"
    number = world.alarm()
    world.settle()
    world.bell.broken = ""
    end(world.ctx, number)
    world.settle()
    assert world.bell.rung == []
    assert [page.kind for page in world.second.rung] == [PageKind.CALL, PageKind.CLOSING]


def test_a_digest_is_closed_when_the_last_of_it_is_over() -> None:
    world = world_that_closes()
    numbers = [world.alarm(f"h{number}") for number in range(4)]
    world.pass_time(301, step=300)
    digest = world.bell.rung[1]
    for number in numbers[1:]:
        assert digest.dedup_key not in {
            page.dedup_key for page in of_kind(world.bell, PageKind.CLOSING)
        }
        end(world.ctx, number)
        world.settle()
    (closing,) = of_kind(world.bell, PageKind.CLOSING)
    assert closing.dedup_key == digest.dedup_key


def test_a_page_that_no_channel_took_is_not_sent_when_all_is_over() -> None:
    world = world_that_closes()
    world.bell.broken = world.second.broken = "down"
    number = world.alarm()
    world.pass_time(1)
    end(world.ctx, number)
    world.bell.broken = ""
    world.pass_time(600, step=10)
    assert world.bell.rung == []
    assert [page.state for page in world.pages()] == [PageState.DROPPED]


def test_a_page_that_left_while_its_incident_ended_is_closed_all_the_same() -> None:
    world = world_that_closes()
    number = world.alarm()

    def ends_meanwhile(page: Page, *, timeout: float) -> str:
        if page.kind is PageKind.CALL:
            end(world.ctx, number)
            world.engine.tick()  # the engine hears of the end before the channel answers
        world.bell.rung.append(page)
        return "taken"

    world.bell.send = ends_meanwhile  # type: ignore[method-assign]
    world.settle()
    assert [page.kind for page in world.bell.rung] == [PageKind.CALL, PageKind.CLOSING]
    assert {page.state for page in world.pages()} == {PageState.SENT}


def test_closing_is_given_up_after_a_day_and_calling_never() -> None:
    world = world_that_closes()
    number = world.alarm()
    world.settle()
    end(world.ctx, number)
    world.bell.broken = "down"
    world.pass_time(90_000, step=100)
    assert [page.state for page in world.pages()] == [PageState.SENT, PageState.DROPPED]


def test_what_was_found_after_the_end_is_still_told() -> None:
    world = world_that_closes()
    number = world.alarm()
    world.settle()
    end(world.ctx, number)
    world.settle()
    world.clock.advance(30)
    with world.store.transaction() as tx:
        incident = tx.incident(number)
        assert incident is not None
        escalate.page_text(world.ctx, tx, incident, BOOK, "restore.yml failed", world.clock.now())
    world.settle()
    assert "restore.yml failed" in world.bell.rung[-1].text


class Slow(Bell):
    """While it sends, something happens."""

    closes = True
    meanwhile: Callable[[Page], object] = staticmethod(lambda _: None)

    def send(self, page: Page, *, timeout: float) -> str:
        if page.kind in CALLS:
            self.meanwhile(page)
        return super().send(page, timeout=timeout)


def slow(world: Alarms, meanwhile: Callable[[Page], object]) -> Slow:
    bell = Slow("bell", closes=True)
    bell.meanwhile = meanwhile
    world.ctx.book = replace(world.ctx.book, channels={**world.ctx.book.channels, "bell": bell})
    return bell


def test_a_page_that_somebody_took_while_it_was_on_its_way_is_told_so() -> None:
    world = Alarms()

    def take(page: Page) -> None:
        people.acknowledge(world.ctx, page.incident or 0, "ann")
        world.engine.tick()

    bell = slow(world, take)
    world.alarm()
    world.pass_time(5)
    assert [page.kind for page in bell.rung] == [PageKind.CALL, PageKind.TAKEN]


def test_a_digest_of_which_all_ended_while_it_was_on_its_way_is_closed() -> None:
    world = Alarms()

    def finish(page: Page) -> None:
        if page.kind is PageKind.DIGEST:
            for number in page.data["incidents"]:
                people.resolve(world.ctx, number, "ann")
            world.engine.tick()

    bell = slow(world, finish)
    for host in ("r1", "r2", "r3"):
        world.alarm(host)
    world.pass_time(310, step=10)
    (digest,) = of_kind(bell, PageKind.DIGEST)
    closings = of_kind(bell, PageKind.CLOSING)
    assert [page.dedup_key for page in closings] == [digest.dedup_key]
