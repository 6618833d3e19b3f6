"""What looks of triggers mean: an incident opens, goes away, or nothing can be seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from autofix import crashpoints
from autofix.core.incidents import UNTOUCHED, WITH_A_PERSON, Origin, State
from autofix.core.readings import Reading
from autofix.core.runbooks import ProbeTrigger, Runbook
from autofix.core.signals import Signal, SignalState
from autofix.core.triggers import Verdict, Watch, advance
from autofix.flow import escalate, opening, silences
from autofix.flow.context import Context
from autofix.flow.looking import scope, subject_of
from autofix.flow.record import of_incident, of_signal
from autofix.ports import Transaction


@dataclass(frozen=True)
class Observation:
    """What one trigger saw of one host in one look."""

    runbook: Runbook
    trigger: int
    readings: Sequence[Reading]


def observe(ctx: Context, observations: Sequence[Observation]) -> None:
    """What looks of triggers mean: one transaction for all of them."""
    seen = ctx.samples.batch()
    with ctx.store.transaction() as tx:
        for each in observations:
            # Saved one by one: a later look of the same batch builds on it.
            for reading in each.readings:
                watches = _observe_one(ctx, tx, each.runbook, each.trigger, reading)
                tx.save_watches(watches)
                seen.add(each.runbook, watches[0], reading)
        tx.add_samples(seen.written)
        crashpoints.reach("watch.observing")
    ctx.samples.keep(seen)
    crashpoints.reach("watch.observed")


def _observe_one(
    ctx: Context, tx: Transaction, runbook: Runbook, index: int, reading: Reading
) -> list[Watch]:
    trigger = runbook.triggers[index]
    assert isinstance(trigger, ProbeTrigger)
    inputs = defaults(runbook)
    names = scope(ctx, reading.host, reading.facts, inputs)
    subject = subject_of(trigger.subject, names)
    old = tx.watch(runbook.name, index, reading.host, subject)
    watch = old or Watch(runbook.name, index, reading.host, subject)
    watch, verdict = advance(trigger, watch, reading, names)
    if verdict in (Verdict.FIRES, Verdict.FIRING) and trigger.when.holds(names) is True:
        _fired(ctx, tx, runbook, watch, inputs)
    elif verdict is Verdict.CLEARS:
        _cleared(tx, runbook, watch)
    elif verdict is Verdict.BLIND and trigger.blind.then == "page":
        watch = _blind(ctx, tx, runbook, watch, reading)
    return [watch, *_beside(tx, watch, bool(trigger.subject))]


def _blind(
    ctx: Context, tx: Transaction, runbook: Runbook, watch: Watch, reading: Reading
) -> Watch:
    """A person hears of it; under a silence nobody does, and the next miss counts again."""
    if silences.silent(ctx, tx, runbook, reading.host, ctx.clock.now()):
        return replace(watch, misses=watch.misses - 1)
    escalate.page_blind(ctx, tx, runbook, reading.host, watch.misses, reading.error)
    return watch


def _beside(tx: Transaction, seen: Watch, has_subject: bool) -> list[Watch]:
    """A look that could not even tell the subjects apart counts under no subject: it breaks
    the `for` of them all, and the first good look of one ends the row of misses."""
    if not has_subject:
        return []
    others = [
        each
        for each in tx.watches(seen.runbook, seen.host)
        if each.trigger == seen.trigger and each.subject != seen.subject
    ]
    if not seen.subject and seen.misses:
        return [replace(e, since=None) for e in others if e.since is not None and not e.firing]
    return [replace(e, misses=0) for e in others if not e.subject and e.misses and not seen.misses]


def _fired(
    ctx: Context, tx: Transaction, runbook: Runbook, watch: Watch, inputs: Mapping[str, Any]
) -> None:
    if not runbook.enabled or opening.in_the_way(
        ctx, tx, runbook, watch.host, watch.subject, watch.at
    ):
        return
    signal = Signal(
        0,
        Origin.PROBE,
        watch.at,
        watch.host,
        runbook.name,
        watch.subject,
        True,
        watch.trigger,
        watch.facts,
        inputs=inputs,
        by=_probe_name(runbook, watch.trigger),
        reason=watch.why,
        state=SignalState.MATCHED,
    )
    incident = opening.open_incident(ctx, tx, runbook, signal, watch.at, was_ill=True)
    tx.add_signal(replace(signal, incident=incident.id), of_signal(signal, "matched", watch.at))


def _probe_name(runbook: Runbook, index: int) -> str:
    trigger = runbook.triggers[index]
    return f"probe {trigger.probe}" if isinstance(trigger, ProbeTrigger) else ""


def _cleared(tx: Transaction, runbook: Runbook, watch: Watch) -> None:
    incident = tx.live_incident(watch.runbook, watch.host, watch.subject)
    if incident is None or incident.origin is Origin.PERSON or _fires_elsewhere(tx, runbook, watch):
        return
    if incident.state in UNTOUCHED and incident.fix_started_at is None:
        moved = incident.with_(
            state=State.RECOVERED,
            reason=f"went away by itself: {watch.why}",
            due_at=None,
            updated_at=watch.at,
            ended_at=watch.at,
            facts=watch.facts,
        )
        tx.save_incident(moved, of_incident(moved, "recovered", watch.at))
    elif incident.state in WITH_A_PERSON:
        moved = incident.with_(facts=watch.facts, updated_at=watch.at)
        tx.save_incident(moved, of_incident(moved, "symptom_gone", watch.at, saw=watch.why))


def _fires_elsewhere(tx: Transaction, runbook: Runbook, watch: Watch) -> bool:
    """Another trigger of this runbook still sees the failure."""
    return any(
        each.firing
        and each.subject == watch.subject
        and each.trigger != watch.trigger
        and each.trigger < len(runbook.triggers)
        for each in tx.watches(watch.runbook, watch.host)
    )


def defaults(runbook: Runbook) -> dict[str, Any]:
    """The inputs' default values: what a trigger of ours starts with."""
    return {name: each.default for name, each in runbook.inputs.items()}
