"""How many there are: what every store must count for the metrics."""

from __future__ import annotations

from dataclasses import replace

from autofix.core.counting import Tallies
from autofix.core.incidents import State
from autofix.core.pages import PageState
from autofix.core.runs import RunState
from autofix.core.signals import SignalState
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
