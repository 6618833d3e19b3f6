"""What every store must do when several want the same: exactly one wins."""

from __future__ import annotations

from itertools import pairwise

from autofix.core.incidents import State
from autofix.errors import Conflict, Duplicate
from autofix.ports import Store
from storekit import at_once, event, opened


def test_of_two_that_open_the_same_incident_exactly_one_wins(store: Store) -> None:
    for number in range(10):
        results = at_once(*[lambda n=number: opened(store, host=f"h{n}")] * 4)
        assert sum(isinstance(result, Duplicate) for result in results) == 3
    with store.reading() as reads:
        assert len(reads.incidents()) == reads.audit_head()[0] == 10


def test_of_two_that_lock_a_host_exactly_one_wins(store: Store) -> None:
    def lock(number: int) -> int:
        with store.transaction() as tx:
            return tx.lock_host("redis1", number, 1.0)

    results = at_once(*(lambda n=n: lock(n) for n in range(6)))
    assert sum(isinstance(result, Duplicate) for result in results) == 5


def test_of_two_that_claim_a_slot_exactly_one_wins(store: Store) -> None:
    def claim() -> bool:
        with store.transaction() as tx:
            return tx.claim_slot("job", "02:00")

    assert sorted(at_once(*[claim] * 6)) == [False] * 5 + [True]


def test_of_two_that_move_a_row_exactly_one_wins(store: Store) -> None:
    first = opened(store)

    def move() -> None:
        with store.transaction() as tx:
            tx.save_incident(first.with_(state=State.FIXING), event())

    results = at_once(*[move] * 6)
    assert sum(isinstance(result, Conflict) for result in results) == 5


def test_many_threads_lose_no_event(store: Store) -> None:
    def write() -> None:
        for _ in range(10):
            with store.transaction() as tx:
                tx.record(event())
            with store.reading() as reads:
                assert reads.audit(newest_first=True, limit=1)

    assert at_once(*[write] * 6) == [None] * 6
    entries = list(store.audit_entries())
    assert [entry.seq for entry in entries] == list(range(1, 61))
    assert all(a.hash == b.prev for a, b in pairwise(entries))
