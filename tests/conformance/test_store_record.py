"""What every store must do about transactions, the audit chain, retention and leading."""

from __future__ import annotations

import math
from dataclasses import replace
from types import MappingProxyType

import pytest

from autofix.core.audit import GENESIS
from autofix.core.incidents import State
from autofix.core.marks import SET_BACK, Mark
from autofix.core.pages import PageState
from autofix.core.pauses import Pause
from autofix.core.runs import RunEvent, RunKind, RunState
from autofix.core.signals import SignalState
from autofix.core.triggers import Watch
from autofix.errors import ServerBusy, StoreError
from autofix.ports import Store
from storekit import event, incident, opened, page, run, signal


def test_an_exception_rolls_state_and_audit_back(store: Store) -> None:
    before = opened(store)

    def fail() -> None:
        with store.transaction() as tx:
            tx.add_incident(incident(host="other"), event())
            tx.save_incident(before.with_(state=State.HELD), event())
            tx.lock_host("redis1", 1, 1.0)
            tx.claim_slot("job", "slot")
            tx.save_watches([Watch("r", 0, "h")])
            tx.add_pause(Pause(1.0, "ann"), event())
            tx.record(event())
            raise KeyError("stop")

    with pytest.raises(KeyError):
        fail()
    with store.transaction() as tx:
        assert tx.incidents() == [before]
        assert tx.host_lock("redis1") is None
        assert tx.claim_slot("job", "slot")
        assert tx.watches() == []
        assert tx.pauses() == []
        assert tx.audit_head()[0] == 1
    assert opened(store, host="other").id > before.id


def test_a_transaction_sees_its_own_changes_and_readers_only_commits(store: Store) -> None:
    with store.transaction() as tx:
        tx.add_incident(incident(), event())
        assert len(tx.incidents()) == 1
        with store.reading() as reads:
            assert reads.incidents() == []
            assert reads.audit_head() == (0, GENESIS)


def test_a_reading_is_of_one_moment(store: Store) -> None:
    with store.reading() as reads:
        opened(store)
        assert reads.incidents() == []
        assert reads.audit_head()[0] == 0
    with store.reading() as reads:
        assert len(reads.incidents()) == 1


def test_a_second_transaction_in_the_same_thread_is_an_error_not_a_deadlock(store: Store) -> None:
    with store.transaction(), pytest.raises(RuntimeError), store.transaction():
        pass
    opened(store)


def test_events_get_the_numbers_that_the_store_gives(store: Store) -> None:
    with store.transaction() as tx:
        new = tx.add_incident(incident(), event(incident=0))
        first = tx.add_run(run(new.id), event(incident=0, run=0))
        tx.add_page(page(new.id), event(incident=0))
        tx.record(event(incident=None, run=None))
    with store.reading() as reads:
        numbers = [(entry.event.incident, entry.event.run) for entry in reads.audit()]
    assert numbers == [(new.id, None), (new.id, first.id), (new.id, None), (None, None)]


def test_audit_entries_are_chained_and_read_back_as_sealed(store: Store) -> None:
    payload = {"ratio": 0.95, "text": "\x1b[0m\u2028'\"\\", "list": (1, 2), "state": State.OPEN}
    with store.transaction() as tx:
        tx.record(event("a.b", at=1.25, runbook="r", host="h", payload=payload))
        tx.record(event("c.d"))
    entries = list(store.audit_entries())
    assert [entry.seq for entry in entries] == [1, 2]
    assert entries[0].prev == GENESIS
    assert entries[1].prev == entries[0].hash
    assert entries[0].event == event(
        "a.b", at=1.25, runbook="r", host="h", payload={**payload, "list": [1, 2], "state": "open"}
    )
    with store.reading() as reads:
        assert reads.audit_head() == (2, entries[1].hash)
        assert reads.audit() == entries


def test_the_audit_is_narrowed_and_paged(store: Store) -> None:
    with store.transaction() as tx:
        for number in range(1, 7):
            tx.record(
                event(
                    "odd.one" if number % 2 else "even.one",
                    actor="ann" if number < 4 else "ben",
                    runbook=f"r{number}",
                    host=f"h{number % 3}",
                    incident=number % 3 or None,
                )
            )
    with store.reading() as reads:

        def found(**wanted: object) -> list[int]:
            return [entry.seq for entry in reads.audit(**wanted)]  # type: ignore[arg-type]

        assert found() == [1, 2, 3, 4, 5, 6]
        assert found(after=2, limit=2) == [3, 4]
        assert found(before=3) == [1, 2]
        assert found(newest_first=True, limit=2) == [6, 5]
        assert found(newest_first=True, before=5, limit=2) == [4, 3]
        assert found(actor="ben", action="even.one") == [4, 6]
        assert found(runbook="r2") == [2]
        assert found(host="h1") == [1, 4]
        assert found(incident=2) == [2, 5]


def test_the_audit_is_narrowed_by_time_though_some_entries_are_late(store: Store) -> None:
    times = [100.0 * number for number in range(1, 101)]
    times[60] = 150.0  # it was written down later, at its true time
    with store.transaction() as tx:
        for number, at in enumerate(times, start=1):
            tx.record(replace(event("odd.one" if number % 2 else "even.one"), at=at))
    with store.reading() as reads:

        def found(**wanted: object) -> list[int]:
            return [entry.seq for entry in reads.audit(**wanted)]  # type: ignore[arg-type]

        assert found(since=9900.0) == [99, 100]
        assert found(until=250.0) == [1, 2, 61]
        assert found(since=120.0, until=300.0, newest_first=True) == [61, 2]
        assert found(since=120.0, until=300.0, action="even.one") == [2]
        assert found(since=1e12) == found(until=0.0) == []
        assert len(found(since=0.0, until=1e12)) == 100


def test_a_moment_is_found_among_many_days(store: Store) -> None:
    day = 86400.0
    with store.transaction() as tx:
        for number in range(1, 41):
            tx.record(replace(event(), at=day * number))
    with store.reading() as reads:
        assert [each.seq for each in reads.audit(since=day * 20, until=day * 22)] == [20, 21]
        assert [each.seq for each in reads.audit(since=day * 39)] == [39, 40]
        assert [each.seq for each in reads.audit(until=day * 2.5)] == [1, 2]


def test_no_moment_is_missed_where_a_clock_was_wrong_by_days(store: Store) -> None:
    """It ran ten years ahead for three entries, and was set back when the server was started."""
    day, years = 86400.0, 3650 * 86400.0
    times = [day * n for n in range(1, 21)] + [years + day * n for n in (21, 22, 23)]
    times += [day * n for n in range(24, 41)]
    with store.transaction() as tx:
        for at in times:
            tx.record(replace(event(), at=at))
        tx.set_mark(Mark(SET_BACK, day * 24, {"seconds": years}))
    with store.reading() as reads:
        assert [each.seq for each in reads.audit(until=day * 35, limit=99)] == [*range(1, 21),
            *range(24, 35)]  # fmt: skip
        assert [each.seq for each in reads.audit(since=day * 39)] == [21, 22, 23, 39, 40]


@pytest.mark.parametrize("bad", [math.nan, math.inf, b"bytes", object(), {None: 1}])
def test_what_can_not_be_sealed_is_refused_and_changes_nothing(store: Store, bad: object) -> None:
    with pytest.raises(StoreError, match="stored"), store.transaction() as tx:
        tx.add_incident(incident(), event(payload={"bad": bad}))
    with pytest.raises(StoreError, match="stored"), store.transaction() as tx:
        tx.add_incident(incident(facts={"bad": bad}), event())
    with store.transaction() as tx, pytest.raises(StoreError, match="stored"):
        tx.add_incident(incident(), event(payload={"bad": bad}))
    with store.reading() as reads:
        assert reads.incidents() == []
        assert reads.audit() == []


def test_a_time_that_is_no_number_is_refused(store: Store) -> None:
    with pytest.raises(StoreError), store.transaction() as tx:
        tx.record(event(at=math.nan))
    with pytest.raises(StoreError), store.transaction() as tx:
        tx.add_incident(incident(due_at=math.inf), event())


def test_hostile_values_come_back_plain(store: Store) -> None:
    facts = MappingProxyType(
        {"long": 2**64, "whole": 3.0, "tuple": (1,), "nul": "a\0b", "half": "\udc80", 6379: "port"}
    )
    row = opened(store, facts=facts, host="h\0\ud800", reason="'; DROP TABLE audit; --")
    assert row.facts == {
        "long": str(2**64),
        "whole": 3,
        "tuple": [1],
        "nul": "a\\x00b",
        "half": "\\udc80",
        "6379": "port",
    }
    assert row.host == "h\\x00\\ud800"
    with store.reading() as reads:
        assert reads.incident(row.id) == row


def test_forgetting_drops_what_is_old_and_over_but_never_audit(store: Store) -> None:
    def over(host: str, ended: float) -> int:
        row = opened(store, host=host)
        with store.transaction() as tx:
            number = tx.add_run(run(row.id), event()).id
            done = tx.save_run(tx.run(number).with_(state=RunState.CLAIMED), event())  # type: ignore[union-attr]
            tx.save_run(done.with_(state=RunState.FINISHED, finished_at=ended), event())
            tx.add_run_events(number, [RunEvent("output", ended), RunEvent("stats", ended)])
            sent = tx.add_page(page(row.id), event())
            tx.save_page(sent.with_(state=PageState.SENT), event())
            tx.save_incident(row.with_(state=State.RECOVERED, ended_at=ended), event())
        return row.id

    old, new, live = over("a", 100.0), over("b", 900.0), opened(store, host="c")
    with store.transaction() as tx:
        handled = tx.add_signal(signal(at=100.0), None)
        tx.save_signal(replace(handled, state=SignalState.IGNORED), None)
        waiting = tx.add_signal(signal(at=100.0), None)
        tx.save_watches([Watch("r", 0, "old", at=100.0), Watch("r", 0, "new", at=900.0)])
        size = tx.audit_head()[0]
    with store.transaction() as tx:
        assert tx.forget(500.0) == 1 + 1 + 2 + 1 + 1 + 1
        assert tx.forget(500.0) == 0
    with store.reading() as reads:
        assert [row.id for row in reads.incidents()] == [live.id, new]
        assert [row.incident for row in reads.runs()] == [new]
        assert len(reads.run_events(2)) == 2
        assert [row.incident for row in reads.pages()] == [new]
        assert [row.id for row in reads.signals()] == [waiting.id]
        assert [row.host for row in reads.watches()] == ["new"]
        assert reads.audit_head()[0] == size
    assert opened(store, host="d").id > live.id
    assert old not in (new, live.id)


def test_what_is_still_owed_is_not_forgotten(store: Store) -> None:
    owing, paging = opened(store, host="a"), opened(store, host="b")
    with store.transaction() as tx:
        tx.add_run(run(owing.id, kind=RunKind.AFTERWARDS), event())
        tx.add_page(page(paging.id), event())
        for row in (owing, paging):
            tx.save_incident(row.with_(state=State.RECOVERED, ended_at=1.0), event())
    with store.transaction() as tx:
        assert tx.forget(500.0) == 0


def test_numbers_are_not_given_again_after_forgetting(store: Store) -> None:
    row = opened(store)
    with store.transaction() as tx:
        tx.save_incident(row.with_(state=State.RECOVERED, ended_at=1.0), event())
        assert tx.forget(2.0) == 1
    assert opened(store).id == row.id + 1


def test_only_one_leads_and_the_refusal_names_who(store: Store) -> None:
    assert store.leader() == ""
    with store.lead("autofix serve (pid 4711)"):
        assert store.leader() == "autofix serve (pid 4711)"
        with (
            pytest.raises(ServerBusy, match=r"^autofix serve \(pid 4711\) already works") as busy,
            store.lead("autofix run (pid 4712)"),
        ):
            pass
        assert "\n" not in str(busy.value)
        assert store.leader() == "autofix serve (pid 4711)"
    assert store.leader() == ""
    with store.lead("again"):
        pass


def test_leading_ends_when_the_block_raises(store: Store) -> None:
    with pytest.raises(KeyError), store.lead("x"):
        raise KeyError
    assert store.leader() == ""
