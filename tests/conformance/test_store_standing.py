"""What every store says of targets: what is open there, and what waits to be handled."""

from __future__ import annotations

from dataclasses import replace

from autofix.core.alerts import Standing
from autofix.core.incidents import State
from autofix.core.signals import SignalState
from autofix.ports import Store
from storekit import event, incident, signal

A, B, C = ("r", "h1", ""), ("r", "h1", "6380"), ("other", "h2", "")


def test_nothing_stands_for_a_target_that_nobody_wrote_of(store: Store) -> None:
    with store.reading() as reads:
        assert reads.standing([]) == {}
        assert reads.standing({A, B, C}) == {}


def test_the_live_incident_and_the_signals_that_wait_are_told(store: Store) -> None:
    with store.transaction() as tx:
        opened = tx.add_incident(
            replace(incident(), runbook="r", host="h1", subject=""), event("incident.opened")
        )
        first = tx.add_signal(replace(signal(), runbook="r", host="h1", subject="6380"), None)
        tx.add_signal(replace(signal(), runbook="r", host="h1", subject="6380"), None)
        over = tx.add_signal(
            replace(signal(), runbook="r", host="h1", subject="", firing=False), None
        )
        assert tx.standing({A, B, C}) == {
            A: Standing(incident=opened.id, clearing=over.id),
            B: Standing(signal=first.id),
        }


def test_what_ended_was_handled_or_is_a_rehearsal_stands_for_nothing(store: Store) -> None:
    with store.transaction() as tx:
        opened = tx.add_incident(
            replace(incident(), runbook="r", host="h1", subject=""), event("incident.opened")
        )
        over = opened.with_(state=State.RECOVERED, ended_at=2.0, due_at=None)
        tx.save_incident(over, event("incident.recovered"))
        seen = tx.add_signal(replace(signal(), runbook="r", host="h1", subject="6380"), None)
        tx.save_signal(replace(seen, state=SignalState.IGNORED), event("signal.ignored"))
        rehearsal = replace(incident(), runbook="other", host="h2", subject="", check=True)
        tx.add_incident(rehearsal, event("incident.opened"))
    with store.reading() as reads:
        assert reads.standing({A, B, C}) == {}


def test_a_thousand_hosts_are_asked_about_at_once(store: Store) -> None:
    hosts = [f"h{number}" for number in range(1000)]
    with store.transaction() as tx:
        tx.add_signals([(replace(signal(), runbook="r", host=h, subject=""), None) for h in hosts])
    with store.reading() as reads:
        found = reads.standing({("r", host, "") for host in [*hosts, "nobody"]})
    assert len(found) == 1000
    assert len({each.signal for each in found.values()}) == 1000
