"""What every store must do with brakes, codes, marks, checkpoints, calls and deadlines."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autofix.core.acks import AckCode
from autofix.core.breakers import Reset
from autofix.core.checkpoints import Archive, Checkpoint
from autofix.core.incidents import State
from autofix.core.marks import Mark
from autofix.core.pages import Counts, Member, PageKind, PageState
from autofix.core.runs import RunKind, RunState
from autofix.core.silences import Silence
from autofix.errors import Duplicate
from autofix.ports import Store
from storekit import at_once, event, incident, opened, page, run

HASH = "ab" * 32


def silence(**more: object) -> Silence:
    values = {"id": 0, "at": 1.0, "by": "ann", "reason": "disk swap"}
    return Silence(**{**values, "starts_at": 10.0, "until": 20.0, **more})  # type: ignore[arg-type]


def test_a_silence_comes_back_as_it_went_in_and_is_active_in_its_window(store: Store) -> None:
    full = silence(runbook="r", host="h", group="cache", labels={"team": "\x1b[31m", "é": "ü"})
    with store.transaction() as tx:
        first = tx.add_silence(full, event("silence.begun"))
        second = tx.add_silence(silence(starts_at=15.0, until=30.0), event("silence.begun"))
    assert first == replace(full, id=first.id)
    assert second.id > first.id
    with store.reading() as reads:
        assert reads.silences() == [second, first]
        assert reads.silences(limit=1) == [second]
        for at, active in (
            (9.9, []), (10.0, [first]), (15.0, [second, first]), (20.0, [second]), (30.0, []),
        ):  # fmt: skip
            assert reads.silences(active_at=at) == active, at
            assert reads.silences(standing_at=at, over_at=at) == []
            over, standing = reads.silences(over_at=at), reads.silences(standing_at=at)
            assert sorted([*over, *standing], key=lambda each: -each.id) == [second, first]
            assert all(each.over(at) for each in over)
        assert reads.silences(before=second.id) == [first]
        assert len(reads.audit(action="silence.begun")) == 2


def test_a_silence_is_ended_once_and_before_its_time(store: Store) -> None:
    with store.transaction() as tx:
        made = tx.add_silence(silence(), event())
        late = tx.add_silence(silence(), event())
        assert tx.end_silence(made.id, 12.0, "ben", event("silence.ended"))
        assert not tx.end_silence(made.id, 13.0, "eve", event("silence.ended"))
        assert not tx.end_silence(late.id, 20.0, "eve", event("silence.ended"))
        assert not tx.end_silence(99, 12.0, "eve", event("silence.ended"))
    with store.reading() as reads:
        assert reads.silences() == [late, replace(made, ended_at=12.0, ended_by="ben")]
        assert reads.silences(active_at=11.0) == [late]
        assert len(reads.audit(action="silence.ended")) == 1


def test_the_last_reset_of_a_breaker_counts(store: Store) -> None:
    old, new = Reset("r", "h", "6380", 1.0, "ann", "why"), Reset("r", "h", "6380", 2.0, "ben")
    with store.transaction() as tx:
        assert tx.reset("r", "h", "6380") is None
        tx.reset_breaker(old, event("breaker.reset"))
        tx.reset_breaker(new, event("breaker.reset"))
        assert tx.reset("r", "h", "6380") == new
        assert tx.reset("r", "h", "") is None
        assert len(tx.audit(action="breaker.reset")) == 2


def test_only_fixes_that_are_no_rehearsals_count_as_starts(store: Store) -> None:
    row = opened(store)
    with store.transaction() as tx:
        for step, (at, more) in enumerate(
            [
                (30.0, {}),
                (10.0, {}),
                (20.0, {"check": True}),
                (25.0, {"kind": RunKind.ROLLBACK}),
                (9.9, {}),
                (None, {}),
            ]
        ):
            kept = run(row.id, step=step, state=RunState.STARTED, started_at=at, **more)
            tx.add_run(kept, event())
        assert tx.starts(10.0) == [10.0, 30.0]
        assert tx.starts(31.0) == []


def test_a_code_is_good_once_and_for_its_time(store: Store) -> None:
    code, late = AckCode("a" * 64, 7, 1.0, 100.0), AckCode("b" * 64, 0, 1.0, 50.0, page=3)
    with store.transaction() as tx:
        tx.add_ack_code(code)
        tx.add_ack_code(late)
        with pytest.raises(Duplicate):
            tx.add_ack_code(code)
        assert tx.use_ack_code("c" * 64, 10.0) is None
        assert tx.use_ack_code(late.digest, 50.0) is None
        assert tx.use_ack_code(code.digest, 10.0) == replace(code, used_at=10.0)
        assert tx.use_ack_code(code.digest, 11.0) is None
        assert tx.use_ack_code(late.digest, 49.0) == replace(late, used_at=49.0)
    with store.reading() as reads:
        assert reads.ack_code(code.digest) == replace(code, used_at=10.0)
        assert reads.ack_code("c" * 64) is None


def test_of_many_who_use_a_code_exactly_one_does(store: Store) -> None:
    with store.transaction() as tx:
        tx.add_ack_code(AckCode("a" * 64, 7, 1.0, 100.0))

    def use() -> object:
        with store.transaction() as tx:
            return tx.use_ack_code("a" * 64, 10.0)

    assert sum(found is not None for found in at_once(*[use] * 6)) == 1


def test_a_mark_is_what_was_last_set(store: Store) -> None:
    with store.transaction() as tx:
        assert tx.mark("synthetic") is None
        tx.set_mark(Mark("synthetic", 1.0, {"ok": False}))
        tx.set_mark(Mark("synthetic", 2.0, {"ok": True, "list": [1.5, None]}))
        tx.set_mark(Mark("other", 3.0))
        assert tx.mark("synthetic") == Mark("synthetic", 2.0, {"ok": True, "list": [1.5, None]})
        assert tx.audit_head()[0] == 0


def test_checkpoints_come_smallest_first_and_one_of_each_size(store: Store) -> None:
    made = [Checkpoint(size, HASH, float(size), "key", signature=f"s{size}") for size in (3, 1, 2)]
    with store.transaction() as tx:
        assert tx.last_checkpoint() is None
        for each in made:
            tx.add_checkpoint(each)
        tx.add_checkpoint(replace(made[0], signature="another"))
    with store.reading() as reads:
        assert [each.size for each in reads.checkpoints()] == [1, 2, 3]
        assert [each.size for each in reads.checkpoints(after=1, limit=1)] == [2]
        assert reads.last_checkpoint() == made[0]


def test_what_is_archived_leaves_the_store_and_the_chain_goes_on(store: Store) -> None:
    with store.transaction() as tx:
        for _ in range(4):
            tx.record(event())
        for size in (2, 4):
            tx.add_checkpoint(Checkpoint(size, HASH, 1.0, "key"))
        head = tx.audit(after=2, limit=1)[0].hash
    archive = Archive(1, 3, head, "audit-1-3.jsonl.xz", "cd" * 32, 5.0)
    with store.transaction() as tx:
        tx.add_archive(archive, event("audit.archived"))
    with store.reading() as reads:
        assert reads.archives() == [archive]
        assert [entry.seq for entry in reads.audit()] == [4, 5]
        assert [each.size for each in reads.checkpoints()] == [4]
        assert reads.audit()[0].prev == head
        assert reads.audit_head() == (5, reads.audit()[1].hash)


def test_calls_and_deadlines_are_due_by_themselves(store: Store) -> None:
    rows = [
        opened(store, host=host, call_at=at, deadline_at=dead)
        for host, at, dead in (
            ("a", 30.0, 5.0),
            ("b", 10.0, None),
            ("c", None, 50.0),
            ("d", 10.0, 15.0),
        )
    ]
    with store.reading() as reads:
        assert [row.id for row in reads.due_calls(30.0)] == [rows[1].id, rows[3].id, rows[0].id]
        assert [row.id for row in reads.due_calls(30.0, limit=1)] == [rows[1].id]
        assert [row.id for row in reads.due_deadlines(20.0)] == [rows[0].id, rows[3].id]
        assert reads.due_calls(9.9) == reads.due_deadlines(4.9) == []
        assert reads.next_due() == 5.0
    with store.transaction() as tx:
        for row in rows:
            tx.save_incident(row.with_(call_at=None, deadline_at=None), None)
        assert tx.next_due() is None


def test_pages_are_narrowed_by_incident_runbook_state_and_kind(store: Store) -> None:
    row = opened(store)
    with store.transaction() as tx:
        made = [
            tx.add_page(page(row.id, runbook="r"), event()),
            tx.add_page(page(runbook="r", kind=PageKind.DIGEST, level=2, count=7), event()),
            tx.add_page(page(runbook="s", kind=PageKind.NOTICE), event()),
        ]
        sent = tx.save_page(made[0].with_(state=PageState.SENT, sent_at=3.0), event())
    with store.reading() as reads:
        assert reads.pages(runbook="r") == [made[1], sent]
        assert reads.pages(incident=row.id) == [sent]
        assert reads.pages(states=[PageState.QUEUED]) == [made[2], made[1]]
        assert reads.pages(kinds=[PageKind.NOTICE, PageKind.CALL]) == [made[2], sent]
        assert reads.pages(before=made[2].id, limit=1) == [made[1]]
        assert (made[1].level, made[1].count) == (2, 7)


def test_the_members_of_a_digest_are_counted_and_asked_for(store: Store) -> None:
    live, over = opened(store, host="a"), opened(store, host="b")
    live = _to(store, live, State.ESCALATED)
    with store.transaction() as tx:
        digest = tx.add_page(page(kind=PageKind.DIGEST, runbook="r", text=""), event())
        members = [
            Member(digest.id, live.id, "a", "failed", 1.0),
            Member(digest.id, over.id, "b", "failed", 2.0),
        ]
        tx.add_members(members)
        tx.save_incident(over.with_(state=State.RECOVERED, ended_at=3.0), event())
    with store.reading() as reads:
        assert reads.members(digest.id) == members
        assert reads.members(digest.id, limit=1) == members[:1]
        assert reads.members(digest.id, waiting=True) == members[:1]
        assert reads.member_counts(digest.id) == Counts(2, 1, 1)
        assert [row.id for row in reads.asking(digest.id)] == [live.id]
        assert reads.digests(over.id) == [digest]
        assert reads.latest_call("r", digest.policy, digest.level) == digest


def _to(store: Store, row: object, state: State) -> object:
    with store.transaction() as tx:
        return tx.save_incident(row.with_(state=state), event())  # type: ignore[attr-defined]


def test_a_wave_is_what_opened_since_the_oldest_that_lives(store: Store) -> None:
    before = opened(store, host="a", opened_at=1.0)
    live = opened(store, host="b", opened_at=10.0)
    with store.transaction() as tx:
        tx.save_incident(before.with_(state=State.RECOVERED, ended_at=5.0), event())
    during = opened(store, host="c", opened_at=11.0)
    with store.transaction() as tx:
        tx.save_incident(during.with_(state=State.RECOVERED, ended_at=12.0), event())
        tx.add_incident(incident(host="d", check=True), event())
        tx.add_incident(incident(host="e", runbook="other"), event())
    with store.reading() as reads:
        wave = reads.wave("redis-memory-high")
        assert [each.incident for each in wave] == [live.id, during.id]
        assert [each.host for each in wave] == ["b", "c"]
        assert reads.wave("nothing") == []


def test_what_autofix_works_on_now_and_what_it_tried_often(store: Store) -> None:
    for host, state, started in (
        ("a", State.FIXING, 1.0),
        ("b", State.HELD, None),
        ("c", State.VERIFYING, 2.0),
    ):
        opened(store, host=host, fix_started_at=started, state=state)
    with store.reading() as reads:
        assert [each.host for each in reads.at_work()] == ["a", "c"]
        assert reads.often_tried(2) == []
        assert [target[1] for target in reads.often_tried(1)] == ["a", "c"]


def test_a_hosts_lock_has_an_end_that_can_be_asked_for(store: Store) -> None:
    with store.transaction() as tx:
        token = tx.lock_host("b", 1, 10.0)
        tx.lock_host("a", 2, 20.0)
        assert tx.lock_until("b") == 10.0
        assert tx.lock_until("c") is None
        assert tx.lapsed_locks(9.9) == []
        assert tx.lapsed_locks(20.0) == [("a", 2), ("b", 1)]
        tx.renew_host("b", token, 30.0)
        assert tx.lapsed_locks(20.0) == [("a", 2)]


def test_old_silences_and_codes_are_forgotten(store: Store) -> None:
    with store.transaction() as tx:
        tx.add_silence(silence(until=90.0), event())
        early = tx.add_silence(silence(until=500.0), event())
        tx.end_silence(early.id, 80.0, "ann", event())
        kept = tx.add_silence(silence(until=100.0), event())
        tx.add_ack_code(AckCode("a" * 64, 1, 1.0, 99.0))
        tx.add_ack_code(AckCode("b" * 64, 1, 1.0, 500.0))
        tx.add_ack_code(AckCode("c" * 64, 1, 1.0, 500.0))
        assert tx.use_ack_code("b" * 64, 50.0)
    with store.transaction() as tx:
        assert tx.forget(100.0) == 4
        assert tx.forget(100.0) == 0
        assert tx.silences() == [kept]
        assert tx.use_ack_code("c" * 64, 101.0)
