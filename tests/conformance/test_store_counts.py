"""How many there are: what every store must count for the metrics."""

from __future__ import annotations

from dataclasses import replace

from autofix.core.counting import Tallies
from autofix.core.incidents import Incident, State
from autofix.core.overview import Holding
from autofix.core.pages import PageState
from autofix.core.runs import RunState
from autofix.core.signals import SignalState
from autofix.core.triggers import Watch
from autofix.ports import Store
from storekit import event, incident, opened, page, run, signal


def test_nothing_is_counted_as_nothing(store: Store) -> None:
    with store.reading() as reads:
        assert reads.tallies() == Tallies({}, {"signals": 0, "runs": 0, "pages": 0})


def test_the_live_are_counted_by_state_and_severity_and_what_waits_by_kind(store: Store) -> None:
    first, second = opened(store, host="a"), opened(store, host="b", severity="P2")
    opened(store, host="c", state=State.HELD)
    with store.transaction() as tx:
        tx.add_incident(
            incident("d", state=State.CLOSED, ended_at=5.0), event("incident.opened", incident=0)
        )
        tx.add_run(run(first.id), event("run.planned", run=0))
        planned = tx.add_run(run(second.id), event("run.planned", run=0))
        tx.save_run(replace(planned, state=RunState.DROPPED), event("run.dropped"))
        queued = tx.add_page(page(first.id), event("page.queued"))
        tx.add_page(page(second.id), event("page.queued"))
        tx.save_page(replace(queued, state=PageState.SENT), event("page.sent"))
        tx.add_signal(signal(), event("signal.received"))
        tx.add_signal(signal(state=SignalState.IGNORED), event("signal.received"))
    with store.reading() as reads:
        found = reads.tallies()
    assert found.live == {("open", "P1"): 1, ("open", "P2"): 1, ("held", "P1"): 1}
    assert found.queued == {"signals": 1, "runs": 1, "pages": 1}


def numbers(found: list[Incident]) -> list[int]:
    return [each.id for each in found]


def test_the_worst_come_by_severity_and_then_by_age(store: Store) -> None:
    late = opened(store, host="a", severity="P1", opened_at=50.0)
    early = opened(store, host="b", severity="P1", opened_at=10.0)
    worst = opened(store, host="c", severity="P0", opened_at=90.0, state=State.HELD)
    with store.transaction() as tx:
        over = incident("d", state=State.CLOSED, severity="P0", ended_at=5.0)
        tx.add_incident(over, event("incident.opened", incident=0))
    with store.reading() as reads:
        assert numbers(reads.worst()) == [worst.id, early.id, late.id]
        assert numbers(reads.worst(limit=2)) == [worst.id, early.id]
        assert numbers(reads.worst(states=[State.HELD])) == [worst.id]
        assert reads.worst(states=[]) == []


def test_what_holds_is_told_once_with_how_many_and_the_oldest(store: Store) -> None:
    for host, reason in (("a", "web paused"), ("b", "frozen"), ("c", "web paused")):
        opened(store, host=host, state=State.HELD, reason=reason)
    opened(store, host="d", reason="web paused")  # it is open, not held
    with store.reading() as reads:
        found = reads.holdings()
        assert found == [Holding("web paused", 2, 1), Holding("frozen", 1, 2)]
        assert reads.holdings(limit=1) == found[:1]


def test_what_is_missed_comes_with_the_longest_row_of_misses_first(store: Store) -> None:
    short, long = Watch("redis", 0, "a", at=1.0, misses=2), Watch("web", 0, "b", at=1.0, misses=9)
    with store.transaction() as tx:
        tx.save_watches([short, long, Watch("redis", 0, "c", at=1.0)])
    with store.reading() as reads:
        assert reads.missed() == [long, short]
        assert reads.missed(limit=1) == [long]


def test_who_took_an_incident_last_has_it(store: Store) -> None:
    took = opened(store, host="a", acknowledged_at=30.0)
    undid = opened(store, host="b", acknowledged_at=40.0)
    free = opened(store, host="c")
    with store.transaction() as tx:
        for number, at, actor, action in (
            (took.id, 20.0, "ann", "incident.acknowledged"),
            (took.id, 30.0, "autofix", "page.dropped"),
            (took.id, 30.0, "ben", "incident.acknowledged"),
            (undid.id, 40.0, "cleo", "incident.rolling_back"),
            (free.id, 20.0, "ann", "incident.acknowledged"),
        ):
            tx.record(event(action, at, actor=actor, incident=number))
    with store.reading() as reads:
        asked = [took.id, undid.id, free.id]
        assert reads.takers(asked) == {took.id: "ben", undid.id: "cleo"}
        assert reads.takers([free.id]) == reads.takers([]) == {}
