"""What every store counts of runbooks: fired, healed, paged, and how long healing took."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from autofix.core.histories import history
from autofix.core.incidents import Incident, Looks, State
from autofix.ports import Store
from storekit import event, incident

MOVED = event("incident.moved")


def put(store: Store, host: str, **more: Any) -> Incident:
    with store.transaction() as tx:
        return tx.add_incident(incident(host, **more), event("incident.opened", incident=0))


def told(store: Store, runbook: str, since: float = 0.0) -> tuple[Any, ...]:
    with store.reading() as reads:
        one = history(runbook, since, reads.counted(since, runbook))
        assert one == history(runbook, since, reads.counted(since))
    return one.fired, one.healed, one.paged, one.usual


def test_nothing_is_counted_where_nothing_was(store: Store) -> None:
    assert told(store, "r") == (0, 0, 0, None)


def test_every_runbook_is_counted_by_itself(store: Store) -> None:
    for host, took in (("a", 10.0), ("b", 30.0), ("c", 500.0)):
        put(store, host, runbook="r", state=State.HEALED, ended_at=1000.0 + took)
    put(store, "d", runbook="r", state=State.ESCALATED, calls=2)
    put(store, "e", runbook="r", state=State.RECOVERED, ended_at=1001.0)
    put(store, "a", runbook="other", state=State.HEALED, ended_at=1007.0, calls=1)
    assert told(store, "r") == (5, 3, 1, 30.0)
    assert told(store, "other") == (1, 1, 1, 7.0)


def test_rehearsals_and_what_is_older_are_left_out(store: Store) -> None:
    put(store, "a", runbook="r", state=State.HEALED, ended_at=1010.0, check=True)
    put(store, "b", runbook="r", opened_at=999.0)
    put(store, "c", runbook="r", opened_at=1000.0)
    assert told(store, "r", since=1000.0) == (1, 0, 0, None)


def test_what_was_filed_after_it_healed_has_healed_and_what_a_person_ended_has_not(
    store: Store,
) -> None:
    healed = Looks(1000.0, judged="healed", last='it said "judged":"no"')
    liar = Looks(1000.0, judged="not_healed", last='"judged":"healed"')
    put(store, "a", runbook="r", state=State.CLOSED, ended_at=1020.0, looks=healed)
    put(store, "b", runbook="r", state=State.CLOSED, ended_at=1030.0, looks=liar)
    put(store, "c", runbook="r", state=State.CLOSED, ended_at=1040.0)
    assert told(store, "r") == (3, 1, 0, 20.0)


def test_what_moves_on_is_counted_anew(store: Store) -> None:
    held = put(store, "a", runbook="r", state=State.HELD)
    with store.transaction() as tx:
        tx.save_incident(replace(held, state=State.ESCALATED, calls=1), MOVED)
    assert told(store, "r") == (1, 0, 1, None)
