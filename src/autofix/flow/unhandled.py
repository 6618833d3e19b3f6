"""A signal that could not be handled, and would not be the next time: a person hears of it.

Without this it would wait for ever, and each repetition of its alert would be told that it waits.
"""

from __future__ import annotations

from dataclasses import replace

from autofix.core.incidents import Incident, Origin
from autofix.core.inert import inert
from autofix.core.signals import Signal, SignalState
from autofix.flow import escalate, opening
from autofix.flow.context import Context
from autofix.flow.record import of_signal
from autofix.ports import Transaction


def give_up(ctx: Context, signal: Signal, why: str) -> None:
    """What fired and no person waits for becomes an incident that a person has; others are
    ignored, with the reason."""
    now, why = ctx.clock.now(), inert(f"autofix could not handle it: {why}", 500)
    with ctx.store.transaction() as tx:
        current = tx.signal(signal.id)
        if current is None or current.state is not SignalState.RECEIVED:
            return
        incident = _with_a_person(ctx, tx, current, why, now)
        handled = replace(
            current,
            state=SignalState.MATCHED if incident else SignalState.IGNORED,
            reason=why,
            incident=incident.id if incident else current.incident,
        )
        tx.save_signal(handled, of_signal(handled, str(handled.state), now))


def _with_a_person(
    ctx: Context, tx: Transaction, signal: Signal, why: str, now: float
) -> Incident | None:
    runbook = ctx.book.runbooks.get(signal.runbook)
    if runbook is None or not signal.firing or signal.origin is Origin.PERSON:
        return None
    if tx.live_incident(signal.runbook, signal.host, signal.subject) is not None:
        return None
    opened = opening.open_incident(ctx, tx, runbook, signal, now, was_ill=None)
    return escalate.escalate(ctx, tx, runbook, opened, why, now)
