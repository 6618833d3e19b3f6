"""Signals come in: from alerts, schedules and people. They open an incident, or say why not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from autofix import crashpoints
from autofix.core.decisions import Escalate, Hold, decide
from autofix.core.incidents import WITH_A_PERSON, Incident, Origin
from autofix.core.inputs import check_inputs
from autofix.core.readings import Reading
from autofix.core.runbooks import Runbook
from autofix.core.series import FIRST, Sample
from autofix.core.signals import Signal, SignalState
from autofix.flow import again, clearing, opening, samples
from autofix.flow.context import Context
from autofix.flow.echoes import is_echo
from autofix.flow.looking import look, ours, scope, subject_of, trigger_subject
from autofix.flow.record import of_incident, of_signal
from autofix.flow.situation import situation
from autofix.ports import Transaction

#: Guards that a run on several hosts waits for, since its own hosts are what they are about.
IN_TURN = ("batches", "at_once", "hosts_at_once", "percent_of_group")


def receive(ctx: Context, signal: Signal) -> Signal:
    """Write a signal down, durably, before anything is done about it."""
    return receive_all(ctx, [signal])[0]


def receive_all(ctx: Context, signals: Sequence[Signal]) -> list[Signal]:
    """All of them in one commit, or none."""
    ctx.rush.arrived()
    with ctx.store.transaction() as tx:
        received = [tx.add_signal(each, of_signal(each, "received", each.at)) for each in signals]
        crashpoints.reach("signal.receiving")
    crashpoints.reach("signal.received")
    return received


def handle(ctx: Context, signal: Signal) -> Signal:
    """Match a received signal: an incident opens, or the signal says why it was ignored."""
    if not signal.firing:
        return clearing.cleared(ctx, signal)
    refusal, seen = ("", signal) if is_echo(ctx, signal) else first_look(ctx, signal)
    now = ctx.clock.now()
    with ctx.store.transaction() as tx:
        current = tx.signal(signal.id)
        if current is None or current.state is not SignalState.RECEIVED:
            return current or signal
        current = replace(current, facts=seen.facts, subject=seen.subject)
        if seen is not signal:
            tx.add_samples(_first_sample(ctx, current, now))
        refusal, incident = (refusal, None) if refusal else _match(ctx, tx, current, now)
        state = SignalState.IGNORED if refusal else SignalState.MATCHED
        handled = replace(
            current,
            state=state,
            reason=refusal or current.reason,
            incident=incident.id if incident else None,
        )
        tx.save_signal(handled, of_signal(handled, str(state), now))
        crashpoints.reach("signal.matching")
        return handled


def _first_sample(ctx: Context, signal: Signal, now: float) -> list[Sample]:
    runbook = ctx.book.runbooks.get(signal.runbook)
    if runbook is None:
        return []
    reading = Reading(signal.host, now, signal.facts)
    return samples.of_incident(runbook, (signal.host, signal.subject), reading, FIRST)


def first_look(ctx: Context, signal: Signal) -> tuple[str, Signal]:
    """(why not, the signal with what is seen of its target now): steps and guards need facts."""
    runbook = ctx.book.runbooks.get(signal.runbook)
    if runbook is None or runbook.verify is None or not _is_host(ctx, signal.host):
        return "", signal
    verify = runbook.verify
    readings = look(ctx, verify.probe, signal.host, verify.options, verify.timeout)
    condition = verify.subject or trigger_subject(runbook)
    if signal.subject or condition is None:
        reading = ours(ctx, readings, signal.subject, condition, signal.inputs)
        return "", replace(signal, facts=reading.facts)
    subjects = [
        subject_of(condition, scope(ctx, each.host, each.facts, signal.inputs)) for each in readings
    ]
    if len(subjects) > 1:
        return f"{signal.host} has several: {', '.join(subjects)}; say which (--subject)", signal
    return "", replace(signal, facts=readings[0].facts, subject=subjects[0])


def _is_host(ctx: Context, name: str) -> bool:
    inventory = ctx.book.inventory
    return inventory.known(name) and inventory.hosts(name) == [name]


def _was_ill(ctx: Context, runbook: Runbook, signal: Signal) -> bool | None:
    """Did the symptom stand before anything ran? A cure needs an illness."""
    if runbook.verify is None:
        return None
    holds = runbook.verify.until.holds(scope(ctx, signal.host, signal.facts, signal.inputs))
    return None if holds is None else not holds


def _match(
    ctx: Context, tx: Transaction, signal: Signal, now: float
) -> tuple[str, Incident | None]:
    """(why not, None) or ("", incident)."""
    runbook = ctx.book.runbooks.get(signal.runbook)
    if runbook is None:
        return f"there is no runbook {signal.runbook!r}", None
    if not _is_host(ctx, signal.host):
        return f"{signal.host!r} is not a host of the inventory", None
    if signal.origin is not Origin.PERSON and not runbook.enabled:
        return f"{runbook.name} is not enabled", None
    values, wrong = check_inputs(runbook.inputs, signal.inputs, from_text=False)
    if wrong:
        return "; ".join(wrong), None
    return _start(ctx, tx, runbook, replace(signal, inputs=values), now)


def _absent(ctx: Context, runbook: Runbook, signal: Signal) -> str:
    """What an alert says is not there, by our own look: nothing is mended by hearsay."""
    if signal.origin is not Origin.ALERT or _was_ill(ctx, runbook, signal) is not False:
        return ""
    assert runbook.verify is not None
    names = scope(ctx, signal.host, signal.facts, signal.inputs)
    return f"the symptom is not there: {runbook.verify.until.explain(names)}"


def _start(
    ctx: Context, tx: Transaction, runbook: Runbook, signal: Signal, now: float
) -> tuple[str, Incident | None]:
    target = (signal.host, signal.subject)
    live = (
        tx.live_incident(runbook.name, *target)
        if signal.check
        else opening.in_the_way(ctx, tx, runbook, *target, now)
    )
    if live is not None and not _may_retry(live, signal):
        return f"incident {live.id} is already open for this ({live.state}: {live.reason})", live
    draft = _again(tx, live, signal, now) if live else opening.draft(runbook, signal, now)
    if signal.origin is Origin.PERSON:
        refusal = _refusal(ctx, tx, runbook, draft, now)
        if refusal:
            return refusal, None
    if live is None:
        if absent := _absent(ctx, runbook, signal):
            return absent, None
        was_ill = _was_ill(ctx, runbook, signal)
        return "", opening.open_incident(ctx, tx, runbook, signal, now, was_ill=was_ill)
    return "", tx.save_incident(draft, of_incident(draft, "retried", now, signal.by))


def _may_retry(live: Incident, signal: Signal) -> bool:
    return signal.origin is Origin.PERSON and live.state in WITH_A_PERSON and not signal.check


def _again(tx: Transaction, live: Incident, signal: Signal, now: float) -> Incident:
    given, accepted, facts = signal.inputs, signal.accepted, signal.facts
    return again.restarted(tx, live, signal.by, now, inputs=given, accepted=accepted, facts=facts)


def _refusal(ctx: Context, tx: Transaction, runbook: Runbook, draft: Incident, now: float) -> str:
    """A person gets a clear no at once, instead of an incident that waits."""
    names = scope(ctx, draft.host, draft.facts, draft.inputs)
    decision = decide(runbook, draft, situation(ctx, tx, runbook, draft, now), names)
    if isinstance(decision, Hold) and decision.guard in IN_TURN and "batches" in draft.accepted:
        return ""  # of several hosts that a person named together, each waits for its turn
    if isinstance(decision, Hold):
        return decision.reason
    if isinstance(decision, Escalate):
        error = draft.facts.get("error")
        return f"could not look at {draft.host}: {error}" if error else decision.reason
    return ""
