"""What every store must do about what was seen over time."""

from __future__ import annotations

from dataclasses import replace

from autofix.core.incidents import State
from autofix.core.series import AROUND, Sample
from autofix.ports import Store
from storekit import event, incident, opened

HOUR = 3600.0


def seen(at: float, host: str = "redis1", **facts: float) -> Sample:
    return Sample("redis-memory-high", host, "", "0", at, "quiet", facts or {"ratio": 0.5})


def add(store: Store, *samples: Sample) -> None:
    with store.transaction() as tx:
        tx.add_samples(samples)


def of(store: Store, host: str = "redis1", since: float = 0.0, **more: int) -> list[Sample]:
    with store.reading() as reads:
        return reads.samples("redis-memory-high", host, "", since, 1e9, **more)


def test_what_was_seen_comes_back_oldest_first_as_it_was(store: Store) -> None:
    last = Sample("redis-memory-high", "redis1", "", "verify", 30.0, "", {"ok": True, "n": 3})
    add(store, last, seen(10.0, ratio=0.91), Sample("redis-memory-high", "redis1", "", "0", 20.0))
    add(store, seen(15.0, "redis2"))
    add(store)
    found = of(store)
    assert [each.at for each in found] == [10.0, 20.0, 30.0]
    assert found[2] == last
    assert found[2].facts["ok"] is True
    assert found[1].facts == {}
    assert [each.at for each in of(store, "redis2")] == [15.0]


def test_of_many_the_newest_are_given_and_only_of_the_time_that_is_asked_for(store: Store) -> None:
    add(store, *(seen(float(at)) for at in range(10)))
    assert [each.at for each in of(store, limit=3)] == [7.0, 8.0, 9.0]
    assert [each.at for each in of(store, since=8.0)] == [8.0, 9.0]


def test_what_is_old_is_dropped_but_not_near_an_incident_that_is_kept(store: Store) -> None:
    with store.transaction() as tx:
        over = incident("redis1", state=State.CLOSED, opened_at=10 * HOUR, ended_at=11 * HOUR)
        tx.add_incident(over, event("incident.opened", incident=0))
    moments = [9 * HOUR - 1, 10 * HOUR - AROUND, 10.5 * HOUR, 11 * HOUR + AROUND, 12 * HOUR + 1]
    add(store, *map(seen, moments), *(seen(at, "redis2") for at in moments), seen(21 * HOUR))
    with store.transaction() as tx:
        assert tx.forget_samples(20 * HOUR, since=13 * HOUR) == 0
        assert tx.forget_samples(20 * HOUR) == 2 + 5
        assert tx.forget_samples(20 * HOUR) == 0
    assert [each.at for each in of(store)] == [*moments[1:4], 21 * HOUR]
    with store.transaction() as tx:
        assert tx.forget(15 * HOUR) == 1
        assert tx.forget_samples(20 * HOUR) == 3


def test_of_an_incident_that_is_open_for_weeks_its_beginning_and_its_end_stay(
    store: Store,
) -> None:
    """Else one that nobody closes would fill the disk."""
    day = 24 * HOUR
    row = opened(store, host="redis1", opened_at=10 * day)
    add(store, *(seen(each * day) for each in range(9, 40)))
    with store.transaction() as tx:
        assert tx.forget_samples(35 * day) == 1 + 22  # the day before, and all after two days
    assert [each.at / day for each in of(store)] == [10, 11, 12, *range(35, 40)]
    with store.transaction() as tx:
        tx.save_incident(
            replace(row, state=State.RESOLVED, ended_at=38 * day), event("incident.resolved")
        )
        assert tx.forget_samples(50 * day) == 1 + 1
    assert [each.at / day for each in of(store)] == [10, 11, 12, 36, 37, 38]


def test_of_an_incident_that_is_live_all_since_it_opened_stays(store: Store) -> None:
    opened(store, host="redis1", opened_at=10 * HOUR)
    add(store, seen(8 * HOUR), seen(9.5 * HOUR), seen(30 * HOUR))
    with store.transaction() as tx:
        assert tx.forget_samples(50 * HOUR) == 1
    assert [each.at for each in of(store)] == [9.5 * HOUR, 30 * HOUR]
