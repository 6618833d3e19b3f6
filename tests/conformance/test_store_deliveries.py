"""What every store must do with what monitoring posts, with once-values and with tries."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autofix.core.alerts import Delivery, DeliveryState, Judged, Verdict
from autofix.errors import StoreError
from autofix.ports import Store
from storekit import at_once, event, signal

JUDGED = (
    Judged("RedisMemory", "f1", Verdict.FIRES, "", "redis-memory-high", "redis1", "6380", 4),
    Judged("DiskFull\x1b", "f2", Verdict.IGNORED, "its host is not in the inventory"),
    Judged("Again", "f3", Verdict.REPEATS, "open", "r", "h", incident=9),
)


def delivery(**more: object) -> Delivery:
    values = {
        "id": 0, "at": 1000.5, "source": "prom", "sender": "token prom", "address": "10.0.0.9",
        "state": DeliveryState.ACCEPTED, "status": 202, "why": "",
    }  # fmt: skip
    return Delivery(**{**values, **more})  # type: ignore[arg-type]


def test_a_delivery_comes_back_as_it_went_in(store: Store) -> None:
    full = delivery(
        headers={"content-type": "application/json", "x-é": "ü"}, body='{"a": "\U0001f525"}\n',
        size=18, judged=JUDGED, replay_of=3, by="ann", why="replayed",
    )  # fmt: skip
    with store.transaction() as tx:
        made = tx.add_delivery(full, event("delivery.accepted"))
        bare = tx.add_delivery(delivery(state=DeliveryState.REFUSED, status=401), None)
    assert made == replace(full, id=made.id)
    with store.reading() as reads:
        assert reads.delivery(made.id) == made
        assert reads.delivery(bare.id) == bare
        assert reads.delivery(99) is None
        assert len(reads.audit()) == 1


def test_a_body_of_a_mebibyte_and_what_no_database_keeps(store: Store) -> None:
    with store.transaction() as tx:
        made = tx.add_delivery(delivery(body="x" * 1024 * 1024 + "\0\ud800"), None)
        assert tx.delivery(made.id) == made
        assert made.body.endswith("x\\x00\\ud800")


def test_deliveries_are_listed_newest_first_and_narrowed(store: Store) -> None:
    with store.transaction() as tx:
        made = [
            tx.add_delivery(delivery(source=source, state=state), None)
            for source in ("prom", "grafana")
            for state in (DeliveryState.ACCEPTED, DeliveryState.REFUSED)
        ]
    with store.reading() as reads:
        assert reads.deliveries() == made[::-1]
        assert reads.deliveries(limit=2) == [made[3], made[2]]
        assert reads.deliveries(before=made[2].id) == [made[1], made[0]]
        assert reads.deliveries(source="prom") == [made[1], made[0]]
        assert reads.deliveries(states=[DeliveryState.REFUSED]) == [made[3], made[1]]
        assert reads.deliveries(states=list(DeliveryState), source="grafana") == made[:1:-1]
        assert reads.deliveries(states=[]) == []
        refused = reads.deliveries(states={DeliveryState.REFUSED}, before=made[3].id, source="prom")
        assert refused == [made[1]]


def test_many_deliveries_at_once_are_as_many_one_by_one(store: Store) -> None:
    given = [(delivery(body=str(place)), event(f"delivery.{place % 2}")) for place in range(60)]
    with store.transaction() as tx:
        assert tx.add_deliveries([]) == []
        numbers = tx.add_deliveries(given)
        assert numbers == sorted(set(numbers))
        found = tx.deliveries(limit=60)[::-1]
        assert [row.body for row in found] == [str(place) for place in range(60)]
        assert [row.id for row in found] == numbers
        assert [entry.event.action for entry in tx.audit()] == [each.action for _, each in given]


def test_many_signals_at_once_are_received_in_their_order(store: Store) -> None:
    with store.transaction() as tx:
        numbers = tx.add_signals(
            [(signal(host=f"h{place}"), event() if place % 2 else None) for place in range(60)]
        )
        found = tx.signals(received=True)
        assert [row.host for row in found] == [f"h{place}" for place in range(60)]
        assert [row.id for row in found] == numbers
        assert len(tx.audit()) == 30


def test_what_cannot_be_sealed_keeps_all_of_them_out(store: Store) -> None:
    bad = event(payload={"x": float("nan")})
    with pytest.raises(StoreError), store.transaction() as tx:
        tx.add_deliveries([(delivery(), event()), (delivery(), bad)])
    with pytest.raises(StoreError), store.transaction() as tx:
        tx.add_signals([(signal(at=float("inf")), event())])
    with store.reading() as reads:
        assert reads.deliveries() == []
        assert reads.signals() == []
        assert reads.audit() == []


def test_a_value_is_new_once_until_its_time_is_over(store: Store) -> None:
    with store.transaction() as tx:
        assert tx.first_time("prom", "nonce", 50.0, 10.0)
        assert not tx.first_time("prom", "nonce", 90.0, 11.0)
        assert tx.first_time("grafana", "nonce", 50.0, 11.0)
        assert tx.first_time("prom", "other", 60.0, 11.0)
        assert not tx.first_time("prom", "nonce", 90.0, 49.9)
        assert tx.first_time("prom", "nonce", 90.0, 50.0)
        assert not tx.first_time("prom", "other", 90.0, 50.0)


def test_of_many_who_show_the_same_value_one_is_first(store: Store) -> None:
    def show() -> object:
        with store.transaction() as tx:
            return tx.first_time("prom", "nonce", 50.0, 10.0)

    assert sorted(at_once(*[show] * 6)) == [False] * 5 + [True]


def test_tries_are_counted_within_their_window_and_by_name(store: Store) -> None:
    with store.transaction() as tx:
        assert [tx.count_try("ann", at, 10.0) for at in (1.0, 2.0, 3.0)] == [1, 2, 3]
        assert tx.count_try("ben", 3.0, 10.0) == 1
        assert tx.count_try("ann", 11.5, 10.0) == 3  # the one at 1.0 is out
        tx.forget_tries("ann")
        assert tx.count_try("ann", 12.0, 10.0) == 1
        assert tx.count_try("ben", 12.0, 10.0) == 2


def test_old_deliveries_are_forgotten(store: Store) -> None:
    with store.transaction() as tx:
        tx.add_delivery(delivery(at=99.9), None)
        kept = tx.add_delivery(delivery(at=100.0), None)
        assert tx.forget(100.0) == 1
        assert tx.deliveries() == [kept]
        assert tx.add_delivery(delivery(), None).id == kept.id + 1
