"""What every store must do with runs, locks, signals, watches, pauses, pages and slots."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autofix.core.due import Due
from autofix.core.incidents import Origin, State
from autofix.core.pages import PageState
from autofix.core.pauses import Pause
from autofix.core.runs import Outcome, RunEvent, RunKind, RunState
from autofix.core.signals import SignalState
from autofix.core.triggers import Watch
from autofix.errors import Conflict, Duplicate, StoreError
from autofix.ports import Store
from storekit import event, incident, opened, page, run, signal


def test_a_run_comes_back_as_it_went_in(store: Store) -> None:
    full = run(
        opened(store).id,
        kind=RunKind.AFTERWARDS,
        variables={"target_ratio": 0.8},
        timeout=300.0,
        planned_at=1.0,
        due_at=2.0,
        owner="serve pid 4711",
        lease_until=3.5,
        cancel_requested="ann: enough",
        outcome=Outcome.TIMED_OUT,
        reason="took too long",
        result={"rc": 2, "stats": {"redis1": {"ok": 1}}},
    )
    with store.transaction() as tx:
        stored = tx.add_run(full, event(run=0))
    with store.reading() as reads:
        assert reads.run(stored.id) == stored == replace(full, id=1, version=stored.version)


def test_one_run_per_incident_kind_step_and_attempt(store: Store) -> None:
    first = opened(store)
    with store.transaction() as tx:
        tx.add_run(run(first.id), event())
        with pytest.raises(Duplicate, match="fix run"):
            tx.add_run(run(first.id, playbook="other.yml"), event())
        for other in ({"kind": RunKind.ROLLBACK}, {"step": 1}, {"attempt": 2}):
            tx.add_run(run(first.id, **other), event())


def test_a_run_of_no_incident_is_refused(store: Store) -> None:
    with pytest.raises(StoreError), store.transaction() as tx:
        tx.add_run(run(77), event())
    with store.reading() as reads:
        assert reads.runs() == []


def test_saving_a_run_compares_its_version_and_seals_its_state(store: Store) -> None:
    first = opened(store)
    with store.transaction() as tx:
        planned = tx.add_run(run(first.id), event())
        claimed = tx.save_run(planned.with_(state=RunState.CLAIMED, token=7), event())
        renewed = tx.save_run(claimed.with_(lease_until=9.0), None)
        with pytest.raises(Conflict):
            tx.save_run(claimed.with_(lease_until=10.0), None)
        with pytest.raises(ValueError, match="audit event"):
            tx.save_run(renewed.with_(state=RunState.STARTED), None)
        assert tx.run(planned.id) == renewed


def test_runs_are_narrowed_and_paged(store: Store) -> None:
    first, second = opened(store), opened(store, host="redis2")
    with store.transaction() as tx:
        tx.add_run(run(first.id), event())
        tx.add_run(run(first.id, kind=RunKind.ROLLBACK), event())
        tx.add_run(run(second.id, host="redis2", runbook="other"), event())
        tx.save_run(replace(tx.runs()[0], state=RunState.CLAIMED), event())
    with store.reading() as reads:
        assert [row.id for row in reads.runs()] == [3, 2, 1]
        assert [row.id for row in reads.runs(incident=first.id)] == [2, 1]
        assert [row.id for row in reads.runs(states=[RunState.CLAIMED])] == [3]
        assert [row.id for row in reads.runs(kinds=[RunKind.ROLLBACK])] == [2]
        assert [row.id for row in reads.runs(host="redis2", runbook="other")] == [3]
        assert [row.id for row in reads.runs(before=3, limit=1)] == [2]


def test_due_runs_are_planned_and_come_oldest_first(store: Store) -> None:
    first = opened(store)
    with store.transaction() as tx:
        for step, due in enumerate((30.0, 10.0, None, 20.0, 5.0)):
            tx.add_run(run(first.id, step=step, due_at=due), event())
        gone = tx.run(5)
        assert gone
        tx.save_run(gone.with_(state=RunState.CLAIMED), event())
        assert [row.step for row in tx.due_runs(20.0)] == [1, 3]
        assert [row.step for row in tx.due_runs(99.0, limit=1)] == [1]


def test_events_of_a_run_are_kept_in_order(store: Store) -> None:
    first = opened(store)
    with store.transaction() as tx:
        number = tx.add_run(run(first.id), event()).id
        events = [RunEvent("task", float(n), task=f"t{n}", data={"n": n}) for n in range(5)]
        tx.add_run_events(number, events[:3])
        tx.add_run_events(number, [])
        tx.add_run_events(number, events[3:])
    with store.reading() as reads:
        assert reads.run_events(number) == list(enumerate(events, start=1))
        assert reads.run_events(number, after=2, limit=2) == [(3, events[2]), (4, events[3])]
        assert reads.run_events(99) == []
    with pytest.raises(StoreError), store.transaction() as tx:
        tx.add_run_events(99, events)


def test_a_host_is_held_by_one_run_until_it_is_freed(store: Store) -> None:
    with store.transaction() as tx:
        assert tx.host_lock("redis1") is None
        token = tx.lock_host("redis1", 1, 100.0)
        with pytest.raises(Duplicate, match="run 1"):
            tx.lock_host("redis1", 2, 100.0)
        tx.lock_host("redis2", 2, 100.0)
        assert tx.host_lock("redis1") == 1
        assert tx.renew_host("redis1", token, 200.0)
        tx.free_host("redis1", token + 1)
        assert tx.host_lock("redis1") == 1
        tx.free_host("redis1", token)
        assert tx.host_lock("redis1") is None
        assert not tx.renew_host("redis1", token, 300.0)


def test_the_fencing_token_only_grows(store: Store) -> None:
    tokens = []
    for number in range(5):
        with store.transaction() as tx:
            tokens.append(tx.lock_host("redis1", number, 1.0))
            tx.free_host("redis1", tokens[-1])
    assert tokens == sorted(set(tokens))


def test_the_same_run_locking_again_shuts_its_older_token_out(store: Store) -> None:
    with store.transaction() as tx:
        old = tx.lock_host("redis1", 1, 1.0)
        new = tx.lock_host("redis1", 1, 2.0)
        assert new > old
        assert not tx.renew_host("redis1", old, 3.0)
        assert tx.renew_host("redis1", new, 3.0)


def test_signals_are_received_once_and_handled_once(store: Store) -> None:
    full = signal(facts={"a": 1}, labels={"team": "cache"}, inputs={"n": "x"}, accepted=("x",))
    with store.transaction() as tx:
        first = tx.add_signal(full, event("signal.received"))
        second = tx.add_signal(signal(origin=Origin.PERSON), None)
        assert first == replace(full, id=first.id)
        assert [row.id for row in tx.signals(received=True)] == [first.id, second.id]
        handled = replace(first, state=SignalState.MATCHED, incident=3, reason="yes")
        tx.save_signal(handled, event("signal.matched"))
        with pytest.raises(Conflict, match="handled"):
            tx.save_signal(handled, event("signal.matched"))
    with store.reading() as reads:
        assert reads.signal(first.id) == handled
        assert [row.id for row in reads.signals(received=True)] == [second.id]
        assert [row.id for row in reads.signals()] == [second.id, first.id]
        assert [row.id for row in reads.signals(limit=1)] == [second.id]
        assert reads.signal(99) is None


def test_watches_are_replaced_by_the_latest_look(store: Store) -> None:
    watch = Watch("r", 0, "h", "6379", at=1.0, facts={"a": 0.5})
    others = [Watch("r", 1, "h"), Watch("q", 0, "h2", why="w")]
    later = replace(watch, at=2.0, firing=True, since=1.5, misses=2, verdict="fires")
    with store.transaction() as tx:
        tx.save_watches([])
        tx.save_watches([watch, *others])
        tx.save_watches([later])
    with store.reading() as reads:
        assert reads.watch("r", 0, "h", "6379") == later
        assert reads.watch("r", 0, "h", "") is None
        assert reads.watches() == [others[1], later, others[0]]
        assert reads.watches(runbook="q") == [others[1]]
        assert reads.watches(host="h") == [later, others[0]]
        assert reads.audit_head()[0] == 0


def test_pauses_are_one_per_scope(store: Store) -> None:
    everything, one = Pause(1.0, "ann"), Pause(2.0, "ben", "why", "r", "h")
    again = replace(everything, at=3.0, reason="still")
    with store.transaction() as tx:
        for pause in (everything, one, again):
            tx.add_pause(pause, event("pause.begun"))
    with store.transaction() as tx:
        assert tx.pauses() == [again, one]
        assert tx.remove_pause("r", "h", event("pause.ended"))
        assert not tx.remove_pause("r", "h", event("pause.ended"))
        assert tx.pauses() == [again]
        assert len(tx.audit(action="pause.ended")) == 1


def test_all_that_is_due_is_asked_for_at_once(store: Store) -> None:
    with store.transaction() as tx:
        held = tx.add_incident(incident("e", state=State.HELD, due_at=1.5), event(incident=0))
        waiting = tx.add_incident(incident("a", due_at=10.0, call_at=11.0), event(incident=0))
        looked = tx.add_incident(
            incident("b", state=State.VERIFYING, due_at=5.0, deadline_at=12.0), event(incident=0)
        )
        tx.add_incident(incident("c", due_at=99.0, call_at=99.0), event(incident=0))
        over = incident("d", state=State.HEALED, due_at=1.0, call_at=1.0, deadline_at=1.0)
        tx.add_incident(over, event(incident=0))
        planned = tx.add_run(run(waiting.id, due_at=3.0), event())
        live = tx.add_run(run(looked.id, state=RunState.STARTED), event())
        tx.add_run(run(looked.id, step=1), event())
        queued = tx.add_page(page(None, due_at=2.0), event())
        tx.add_page(page(None, due_at=2.0, state=PageState.SENT), event())
        received = tx.add_signal(signal(), event())
    with store.reading() as reads:
        assert reads.due(0.0) == Due(signals=(received.id,), running=(live.id,))
        assert reads.due(2.0).decisions == (held.id,)
        assert reads.due(12.0) == Due(
            signals=(received.id,),
            decisions=(waiting.id, held.id),
            looks=(looked.id,),
            runs=(planned.id,),
            running=(live.id,),
            pages=(queued.id,),
            calls=(waiting.id + 3, waiting.id),
            deadlines=(looked.id,),
        )
        assert reads.due(100.0, limit=1).decisions == (waiting.id, held.id)


def test_pages_wait_in_the_outbox_until_sent(store: Store) -> None:
    first = opened(store)
    with store.transaction() as tx:
        late = tx.add_page(page(first.id, due_at=20.0, data={"runbook": "r"}), event())
        soon = tx.add_page(page(None, due_at=10.0), event())
        assert [row.id for row in tx.due_pages(20.0)] == [soon.id, late.id]
        assert [row.id for row in tx.due_pages(20.0, limit=1)] == [soon.id]
        tried = tx.save_page(soon.with_(tried=1, last_error="refused"), None)
        with pytest.raises(ValueError, match="audit event"):
            tx.save_page(tried.with_(state=PageState.SENT), None)
        sent = tx.save_page(tried.with_(state=PageState.SENT, sent_by="mail"), event())
        with pytest.raises(Conflict):
            tx.save_page(tried, event())
        assert [row.id for row in tx.due_pages(20.0)] == [late.id]
    with store.reading() as reads:
        assert reads.page(soon.id) == sent
        assert reads.page(late.id) == late
        assert [row.id for row in reads.pages()] == [soon.id, late.id]
        assert [row.id for row in reads.pages(incident=first.id)] == [late.id]


def test_a_cron_slot_is_claimed_once_for_ever(store: Store) -> None:
    with store.transaction() as tx:
        assert tx.claim_slot("backup", "2026-11-23T02:00")
    with store.transaction() as tx:
        assert not tx.claim_slot("backup", "2026-11-23T02:00")
        assert tx.claim_slot("backup", "2026-11-23T04:00")
        assert tx.claim_slot("other", "2026-11-23T02:00")


def test_a_wave_is_what_is_live_and_what_ended_since_the_oldest_of_it_opened(store: Store) -> None:
    with store.transaction() as tx:
        assert tx.wave("r") == []
        opened = [
            tx.add_incident(incident(f"h{n}", runbook="r", opened_at=float(n)), event())
            for n in range(1, 5)
        ]
        tx.add_incident(incident("h9", runbook="r", opened_at=0.0, check=True), event())
        for each, ended in ((opened[0], 1.5), (opened[2], 4.5)):
            fixing = each.with_(state=State.FIXING, fix_started_at=each.opened_at)
            done = tx.save_incident(fixing, event())
            done = done.with_(state=State.DONE, ended_at=ended)
            tx.save_incident(done, event())
    with store.reading() as reads:
        found = reads.wave("r")
        assert [(each.host, each.state) for each in found] == [
            ("h2", State.OPEN), ("h3", State.DONE), ("h4", State.OPEN),
        ]  # fmt: skip
        assert [each.fix_started_at for each in found] == [None, 3.0, None]
        assert reads.wave("another") == []
