"""What every store must answer about pages: the latest call, digests and who is in them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from autofix.core.acks import AckCode
from autofix.core.incidents import State
from autofix.core.pages import Counts, Member, Page, PageKind, PageState
from autofix.ports import Store
from storekit import event, incident, page


def add(store: Store, **changes: Any) -> Page:
    """A page of the runbook `redis`, policy `dba`."""
    fields = {"policy": "dba", "runbook": "redis", "created_at": 10.0, **changes}
    with store.transaction() as tx:
        return tx.add_page(page(fields.pop("incident", None), **fields), event())


def digest(store: Store, **changes: Any) -> Page:
    return add(store, **{"kind": PageKind.DIGEST, "text": "", "created_at": 20.0, **changes})


def incidents(store: Store, *states: State, **changes: Any) -> list[int]:
    with store.transaction() as tx:
        return [
            tx.add_incident(incident(f"h{at}", state=state, **changes), event(incident=0)).id
            for at, state in enumerate(states)
        ]


def join(store: Store, into: Page, *numbers: int | None, **changes: Any) -> list[Member]:
    members = [Member(into.id, number, f"h{number}", "why", 1.0, **changes) for number in numbers]
    with store.transaction() as tx:
        tx.add_members(members)
    return members


def test_the_latest_call_is_the_newest_that_was_not_dropped(store: Store) -> None:
    older, newer = add(store), add(store, created_at=15.0)
    add(store, created_at=16.0, state=PageState.DROPPED)
    for other in ({"runbook": "mysql"}, {"policy": "ops"}, {"level": 1}):
        add(store, created_at=17.0, **other)
    for kind in (PageKind.CLOSING, PageKind.TAKEN, PageKind.NOTICE):
        add(store, created_at=18.0, kind=kind)
    with store.reading() as reads:
        assert older.id < newer.id
        assert reads.latest_call("redis", "dba", 0) == newer
        assert reads.latest_call("redis", "nobody", 0) is None


def test_a_digest_that_gathers_comes_before_all_others(store: Store) -> None:
    gathers = digest(store, created_at=1.0)
    add(store, created_at=30.0)
    with store.reading() as reads:
        assert reads.latest_call("redis", "dba", 0) == gathers
    with store.transaction() as tx:
        written = tx.save_page(replace(gathers, text="9 incidents", created_at=40.0), None)
        assert tx.latest_call("redis", "dba", 0) == written


def test_pages_are_narrowed_by_state_kind_and_number(store: Store) -> None:
    first, second = add(store), add(store, kind=PageKind.CLOSING)
    third = add(store, state=PageState.SENT, runbook="mysql")
    with store.reading() as reads:
        assert reads.pages() == [third, second, first]
        assert reads.pages(states=[PageState.QUEUED]) == [second, first]
        assert reads.pages(kinds=[PageKind.CALL]) == [third, first]
        assert reads.pages(runbook="redis", kinds=[PageKind.CALL]) == [first]
        assert reads.pages(before=third.id, limit=1) == [second]
        assert reads.pages(states=[]) == []


def test_those_who_wait_are_told_from_those_who_are_over_or_answered(store: Store) -> None:
    states = (State.ESCALATED, State.ACKNOWLEDGED, State.HEALED, State.AWAITING_APPROVAL,
              State.HELD, State.FIXING)  # fmt: skip
    numbers = incidents(store, *states)
    storm = digest(store)
    everybody = join(store, storm, *numbers, None)
    (lasting,) = join(store, storm, numbers[2], lasting=True)
    with store.reading() as reads:
        assert reads.members(storm.id) == [*everybody, lasting]
        assert reads.members(storm.id, limit=2) == everybody[:2]
        waiting = [everybody[at] for at in (0, 3, 4, 6)]
        assert reads.members(storm.id, waiting=True) == [*waiting, lasting]
        assert reads.member_counts(storm.id) == Counts(joined=8, waiting=5, live=5)
        assert reads.member_counts(storm.id + 1) == Counts(0, 0, 0)


def test_who_of_a_digest_asks_for_somebody(store: Store) -> None:
    numbers = incidents(store, State.ESCALATED, State.AWAITING_APPROVAL, State.HELD, State.HEALED)
    taken = incidents(store, State.AWAITING_APPROVAL, runbook="other", acknowledged_at=5.0)
    storm = digest(store)
    join(store, storm, *numbers, *taken, numbers[0])
    with store.reading() as reads:
        assert [each.id for each in reads.asking(storm.id)] == numbers[:2]
        assert [each.id for each in reads.asking(storm.id, 1)] == numbers[:1]


def test_the_digests_of_an_incident_are_found(store: Store) -> None:
    (number,) = incidents(store, State.ESCALATED)
    first, other, second = digest(store), digest(store), digest(store)
    for each in (first, second):
        join(store, each, number)
    join(store, other, None)
    with store.reading() as reads:
        assert reads.digests(number) == [second, first]
        assert reads.digests(number + 1) == []


def test_members_are_forgotten_with_their_incident_and_with_their_digest(store: Store) -> None:
    over = incidents(store, State.HEALED, ended_at=5.0)
    live = incidents(store, State.ESCALATED, runbook="other")
    sent = digest(store, text="old", state=PageState.SENT, created_at=5.0)
    waits = digest(store, created_at=5.0)
    join(store, sent, *over, *live)
    join(store, waits, *over, *live)
    with store.transaction() as tx:
        tx.add_ack_code(AckCode("a" * 64, over[0], 1.0, 50.0))
        tx.add_ack_code(AckCode("b" * 64, over[0], 1.0, 500.0))
    with store.transaction() as tx:
        tx.forget(100.0)
        assert tx.use_ack_code("a" * 64, 20.0) is None
        assert tx.use_ack_code("b" * 64, 20.0) is not None
        assert tx.page(sent.id) is None
        assert tx.members(sent.id) == []
        assert [each.incident for each in tx.members(waits.id)] == live


def test_what_a_digest_says_of_one_incident_is_read_and_replaced(store: Store) -> None:
    page, other = digest(store), digest(store)
    numbers = incidents(store, State.HEALED, State.ESCALATED)
    first, second = join(store, page, *numbers)
    (elsewhere,) = join(store, other, numbers[0])
    worse = replace(first, why="worse", lasting=True)
    with store.transaction() as tx:
        assert tx.members(page.id, incident=numbers[0]) == [first]
        assert tx.members(page.id, incident=999) == []
        tx.save_member(worse)
    with store.reading() as reads:
        assert reads.members(page.id) == [worse, second]
        assert reads.members(other.id) == [elsewhere]
        assert reads.members(page.id, waiting=True, incident=numbers[0]) == [worse]
