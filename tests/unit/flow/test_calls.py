"""Calls go on, level after level and round after round, until somebody answers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autofix.core.acks import digest_of
from autofix.core.incidents import State
from autofix.core.pages import Page
from autofix.errors import HeldError, UsageError
from autofix.flow import people, taking
from autofix.flow.tick import Engine
from unit.flow.alarms import TWO_LEVELS, Alarms, end
from unit.flow.world import Bell

URL = "https://autofix.example.com"


def test_the_next_level_is_called_when_nobody_answers_and_then_all_begins_anew() -> None:
    world = Alarms()
    world.alarm()
    world.settle()
    assert len(world.bell.rung) == 1
    world.pass_time(599, step=599)
    assert world.phone.rung == []
    world.pass_time(2)
    (page,) = world.phone.rung
    assert (page.level, page.title.endswith("(call 2)")) == (1, True)
    assert "this is call 2: nobody has acknowledged it yet" in page.text
    world.pass_time(900 + 1800, step=100)
    assert len(world.bell.rung) == 2
    assert world.actions(1).count("incident.called") == 2
    with world.store.reading() as reads:
        last = reads.audit(action="incident.called", newest_first=True)[0].event.payload
    assert (last["level"], last["round"], last["call"]) == (1, 2, 3)


@pytest.mark.parametrize("answer", ["acknowledge", "resolve"])
def test_an_answer_ends_the_calls(answer: str) -> None:
    world = Alarms()
    number = world.alarm()
    world.settle()
    getattr(people, answer)(world.ctx, number, "ann")
    world.pass_time(3 * 3600, step=60)
    assert len(world.bell.rung) == 1
    assert world.phone.rung == []
    assert world.incident(number).answered_at is not None or answer == "resolve"


def test_an_incident_that_ends_by_itself_is_called_for_no_more() -> None:
    world = Alarms()
    number = world.alarm()
    world.settle()
    end(world.ctx, number)
    world.pass_time(3600, step=60)
    assert world.incident(number).call_at is None
    assert world.phone.rung == []


def test_one_who_acknowledged_and_fell_asleep_is_called_again() -> None:
    world = Alarms()
    number = world.alarm()
    world.settle()
    people.acknowledge(world.ctx, number, "ann")
    world.pass_time(4 * 3600 - 10, step=600)
    assert world.incident(number).state is State.ACKNOWLEDGED
    assert len(world.bell.rung) == 1
    world.pass_time(20, step=10)
    incident = world.incident(number)
    assert incident.state is State.ESCALATED
    assert incident.reason == "acknowledged by ann: acknowledged 4h ago, and not resolved since"
    assert len(world.bell.rung) == 2
    world.pass_time(610, step=10)
    assert len(world.phone.rung) == 1


def test_a_restart_forgets_no_call() -> None:
    world = Alarms()
    world.alarm()
    world.settle()
    world.engine = Engine(world.ctx, world._start)
    world.clock.advance(5000)  # nobody was there for more than an hour
    world.settle()
    assert len(world.phone.rung) == 1


def test_channels_that_took_nothing_are_tried_with_the_next_level_too() -> None:
    world = Alarms()
    world.bell.broken = world.second.broken = "down"
    world.alarm()
    world.pass_time(610, step=5)
    (page,) = world.phone.rung
    assert page.channels == ("phone", "bell", "second")
    assert [each.state for each in world.pages()] == ["dropped", "sent"]


def test_a_policy_that_vanished_leaves_the_call_on_the_record_and_due() -> None:
    world = Alarms()
    number = world.alarm()
    world.settle()
    world.ctx.book = replace(world.ctx.book, policies={})
    world.pass_time(605, step=5)
    assert "page.unroutable" in world.actions(number)
    assert world.incident(number).call_at is not None
    world.ctx.book = replace(world.ctx.book, policies={"default": TWO_LEVELS})
    world.pass_time(1900, step=100)
    assert len(world.bell.rung) + len(world.phone.rung) == 2


def test_one_defect_does_not_silence_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    world = Alarms()
    world.alarm("r1")
    world.settle()
    world.clock.advance(400)
    world.alarm("r2")
    world.settle()
    from autofix.flow import escalate

    real = escalate.compose

    def breaks(incident: object, *rest: object) -> object:
        if getattr(incident, "host", "") == "r1":
            raise ZeroDivisionError
        return real(incident, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(escalate, "compose", breaks)
    world.pass_time(1100, step=50)
    assert [page.data["host"] for page in world.phone.rung] == ["r2"]
    assert world.incident(1).call_at is not None
    monkeypatch.setattr(escalate, "compose", real)
    world.pass_time(120, step=10)
    assert [page.data["host"] for page in world.phone.rung] == ["r2", "r1"]


# -- one-time links -------------------------------------------------------------------------------


def link(page: Page) -> str:
    (line,) = (line for line in page.text.splitlines() if line.startswith("acknowledge: "))
    return line.removeprefix("acknowledge: ")


def test_without_a_public_url_a_page_carries_no_link() -> None:
    world = Alarms()
    world.alarm()
    world.settle()
    assert "acknowledge:" not in world.bell.rung[0].text
    assert "autofix incidents ack 1" in world.bell.rung[0].text


def test_the_link_of_a_page_acknowledges_once() -> None:
    world = Alarms(public_url=URL)
    number = world.alarm()
    world.settle()
    address = link(world.bell.rung[0])
    assert address.startswith(f"{URL}/ack/")
    (incident,) = taking.by_code(world.ctx, address, "ann")
    assert (incident.id, incident.state) == (number, State.ACKNOWLEDGED)
    with pytest.raises(HeldError, match="used already"):
        taking.by_code(world.ctx, address.rpartition("/")[2], "ann")


def test_the_code_is_nowhere_but_in_what_was_sent() -> None:
    echo = Bell("bell")
    echo.send = lambda page, timeout: (echo.rung.append(page), page.text)[1]  # type: ignore[method-assign,assignment]
    world = Alarms(public_url=URL)
    world.ctx.book = replace(world.ctx.book, channels={**world.ctx.book.channels, "bell": echo})
    world.alarm()
    world.settle()
    code = link(echo.rung[0]).rpartition("/")[2]
    assert len(code) == 22  # 128 bits
    kept = repr(world.store._data)
    assert code not in kept
    assert digest_of(code) in kept


def test_a_code_is_good_for_a_day_and_each_sending_has_its_own() -> None:
    world = Alarms(public_url=URL)
    world.alarm()
    world.pass_time(650, step=50)
    first, second = link(world.bell.rung[0]), link(world.phone.rung[0])
    assert first != second
    world.clock.advance(86400 - 600)
    with pytest.raises(HeldError, match="older than a day"):
        taking.by_code(world.ctx, first, "ann")
    assert taking.by_code(world.ctx, second, "ann")[0].state is State.ACKNOWLEDGED


def test_a_link_for_what_is_over_says_so_and_stays_unused() -> None:
    world = Alarms(public_url=URL)
    number = world.alarm()
    world.settle()
    end(world.ctx, number)
    with pytest.raises(HeldError, match="can't be acknowledged any more"):
        taking.by_code(world.ctx, link(world.bell.rung[0]), "ann")


def test_who_looks_at_an_approval_is_called_no_more_and_it_waits_on() -> None:
    world = Alarms()
    number = world.alarm()
    with world.store.transaction() as tx:
        incident = tx.incident(number)
        assert incident is not None
        from autofix.flow.record import of_incident

        asks = replace(incident, state=State.AWAITING_APPROVAL)
        tx.save_incident(asks, of_incident(asks, "awaiting_approval", world.clock.now()))
    world.settle()
    taken = people.acknowledge(world.ctx, number, "ann")
    assert (taken.state, taken.answered_at) == (State.AWAITING_APPROVAL, world.clock.now())
    world.pass_time(3600, step=60)
    assert world.phone.rung == []
    world.pass_time(3 * 3600 + 60, step=60)
    assert len(world.bell.rung) == 2


def test_a_page_that_is_not_there_or_about_nothing_is_refused() -> None:
    world = Alarms()
    with pytest.raises(UsageError, match="there is no page 9"):
        taking.all_of(world.ctx, 9, "ann")
