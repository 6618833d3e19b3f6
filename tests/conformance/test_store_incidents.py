"""What every store must do with incidents."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autofix.core.incidents import Looks, State
from autofix.core.pages import PageState
from autofix.core.runs import RunState
from autofix.errors import Conflict, Duplicate
from autofix.ports import Store
from storekit import event, incident, opened, page, run, signal


def test_an_incident_comes_back_as_it_went_in(store: Store) -> None:
    full = incident(
        subject="6380",
        due_at=1010.5,
        held_since=1001.0,
        requested_by="ann",
        inputs={"target_ratio": 0.8, "note": "{{ 7*7 }}", "list": [1, None, True]},
        facts_before={"used_memory_ratio": 0.95},
        facts={"nested": {"a": [1.5]}},
        looks=Looks(1002.0, 1003.0, 2, "gone"),
        approved={"1.0": "ben"},
        accepted=("cooldown",),
        paged_for=frozenset({"held", "failed"}),
        check=True,
        was_ill=False,
        reason="Zeit\x1b[31m ünder \U0001f525",
    )
    with store.transaction() as tx:
        stored = tx.add_incident(full, event(incident=0))
    assert stored == replace(full, id=stored.id, version=stored.version)
    with store.reading() as reads:
        assert reads.incident(stored.id) == stored
        assert reads.incident(stored.id + 1) is None


def test_numbers_begin_at_one_and_grow(store: Store) -> None:
    assert [opened(store, host=f"h{n}").id for n in range(3)] == [1, 2, 3]


def test_one_live_incident_per_runbook_host_and_subject(store: Store) -> None:
    opened(store, subject="a")
    for same in ({}, {"check": True}, {"severity": "P3"}):
        with pytest.raises(Duplicate, match="live already"):
            opened(store, subject="a", **same)
    opened(store, subject="b")
    opened(store, subject="a", host="redis2")
    opened(store, subject="a", runbook="other")


def test_an_ended_incident_makes_room_for_the_next(store: Store) -> None:
    first = opened(store)
    with store.transaction() as tx:
        tx.save_incident(first.with_(state=State.RECOVERED, ended_at=1001.0), event())
    second = opened(store)
    with store.reading() as reads:
        assert reads.live_incident("redis-memory-high", "redis1", "") == second
        assert reads.live_incident("redis-memory-high", "redis1", "6380") is None


def test_after_a_duplicate_the_block_may_go_on(store: Store) -> None:
    opened(store)
    with store.transaction() as tx:
        with pytest.raises(Duplicate):
            tx.add_incident(incident(), event("refused"))
        other = tx.add_incident(incident(host="redis2"), event("incident.opened"))
    with store.reading() as reads:
        assert reads.incident(other.id) == other
        assert [entry.event.action for entry in reads.audit()] == ["incident.opened"] * 2


def test_saving_an_incident_compares_its_version(store: Store) -> None:
    first = opened(store)
    with store.transaction() as tx:
        second = tx.save_incident(first.with_(state=State.HELD, reason="cooldown"), event())
    assert second.version == first.version + 1
    with pytest.raises(Conflict, match="incident 1"), store.transaction() as tx:
        tx.save_incident(first.with_(state=State.FIXING), event("lost"))
    with store.reading() as reads:
        assert reads.incident(first.id) == second
        assert reads.audit(action="lost") == []


def test_saving_what_was_never_added_is_a_conflict(store: Store) -> None:
    known = opened(store)
    with store.transaction() as tx:
        for ghost in (replace(known, id=99), incident()):
            with pytest.raises(Conflict):
                tx.save_incident(ghost, event())
        with pytest.raises(Conflict):
            tx.save_run(run(1, id=5), event())
        with pytest.raises(Conflict):
            tx.save_page(page(id=5), event())
        with pytest.raises(Conflict):
            tx.save_signal(signal(id=5), event())


def test_a_change_of_state_or_reason_without_its_event_is_refused(store: Store) -> None:
    first = opened(store)
    for change in ({"state": State.HELD}, {"reason": "because"}):
        with pytest.raises(ValueError, match="audit event"), store.transaction() as tx:
            tx.save_incident(first.with_(**change), None)
    with store.transaction() as tx:
        looked = tx.save_incident(first.with_(due_at=5.0, facts={"a": 1}), None)
    with store.reading() as reads:
        assert reads.incident(first.id) == looked
        assert reads.audit_head()[0] == 1


def test_incidents_are_listed_newest_first_and_narrowed(store: Store) -> None:
    for number in range(6):
        opened(store, host=f"h{number % 2}", runbook=f"r{number}")
    with store.transaction() as tx:
        held = tx.incident(2)
        assert held
        tx.save_incident(held.with_(state=State.HELD), event())
    with store.reading() as reads:
        assert [row.id for row in reads.incidents()] == [6, 5, 4, 3, 2, 1]
        assert [row.id for row in reads.incidents(limit=2)] == [6, 5]
        assert [row.id for row in reads.incidents(before=5, limit=2)] == [4, 3]
        assert [row.id for row in reads.incidents(host="h0")] == [5, 3, 1]
        assert [row.id for row in reads.incidents(runbook="r3", host="h1")] == [4]
        assert [row.id for row in reads.incidents(states=[State.HELD])] == [2]
        assert reads.incidents(states=[]) == []


def test_due_incidents_are_live_and_come_oldest_due_first(store: Store) -> None:
    for host, due in (("a", 30.0), ("b", 10.0), ("c", None), ("d", 20.0), ("e", 10.0)):
        opened(store, host=host, due_at=due)
    with store.transaction() as tx:
        ended = tx.incident(5)
        assert ended
        tx.save_incident(ended.with_(state=State.RECOVERED), event())
    with store.reading() as reads:
        assert [row.host for row in reads.due_incidents(20.0)] == ["b", "d"]
        assert [row.host for row in reads.due_incidents(99.0, limit=1)] == ["b"]
        assert reads.due_incidents(9.9) == []
        assert reads.next_due() == 10.0


def test_next_due_looks_at_incidents_planned_runs_and_queued_pages(store: Store) -> None:
    with store.reading() as reads:
        assert reads.next_due() is None
    first = opened(store, due_at=30.0)
    with store.transaction() as tx:
        planned = tx.add_run(run(first.id, due_at=20.0), event())
        queued = tx.add_page(page(first.id, due_at=10.0), event())
        assert tx.next_due() == 10.0
        tx.save_page(queued.with_(state=PageState.SENT), event())
        assert tx.next_due() == 20.0
        tx.save_run(planned.with_(state=RunState.DROPPED), event())
        assert tx.next_due() == 30.0


def test_attempts_and_the_last_ended_count_only_what_started_a_run(store: Store) -> None:
    def ended(started: float | None, at: float, **more: object) -> int:
        row = opened(store, fix_started_at=started, **more)
        with store.transaction() as tx:
            tx.save_incident(row.with_(state=State.RECOVERED, ended_at=at), event())
        return row.id

    old, none, newer, rehearsal = (
        ended(100.0, 110.0),
        ended(None, 500.0),
        ended(200.0, 210.0),
        ended(300.0, 310.0, check=True),
    )
    ended(400.0, 410.0, subject="other")
    live = opened(store, fix_started_at=150.0)
    key = ("redis-memory-high", "redis1", "")
    with store.reading() as reads:
        assert [row.id for row in reads.attempts(*key, since=100.0)] == [newer, live.id, old]
        assert [row.id for row in reads.attempts(*key, limit=2)] == [newer, live.id]
        assert [row.id for row in reads.attempts(*key, since=150.1)] == [newer]
        last = reads.last_ended(*key)
        assert last
        assert last.id == newer
        assert reads.last_ended("redis-memory-high", "nobody", "") is None
    assert none != rehearsal


def test_who_was_tried_often_or_on_trial_and_what_is_worked_on(store: Store) -> None:
    def tried(host: str, check: bool = False, trial: bool = False) -> None:
        row = opened(store, host=host, fix_started_at=5.0, check=check, trial=trial)
        with store.transaction() as tx:
            over = replace(row, state=State.RESOLVED)
            tx.save_incident(over, event("resolved"))

    for host in ("redis1", "redis1", "redis1", "redis3"):
        tried(host)
    tried("redis2", trial=True)
    tried("redis3", check=True)
    opened(store, host="redis1")
    opened(store, host="redis4", state=State.FIXING)
    with store.reading() as reads:
        assert [key[1] for key in reads.often_tried(3)] == ["redis1", "redis2"]
        assert [key[1] for key in reads.often_tried(1)] == ["redis1", "redis2", "redis3"]
        assert [at.host for at in reads.at_work()] == ["redis4"]
