"""After a run: is the symptom gone, and does it stay gone?"""

from __future__ import annotations

from dataclasses import replace

from autofix import crashpoints
from autofix.core.incidents import Incident, Looks, State
from autofix.core.runbooks import Runbook, Verify
from autofix.core.runs import Outcome, Run, RunKind
from autofix.core.verification import Judgement, judge
from autofix.flow import samples
from autofix.flow.context import Context
from autofix.flow.decide import orphaned
from autofix.flow.looking import fresh, look_for, scope
from autofix.flow.record import of_incident
from autofix.flow.results import conclude


def look_again(ctx: Context, incident_id: int) -> None:
    """One look at an incident that is being verified, and what it means."""
    with ctx.store.reading() as reads:
        before = reads.incident(incident_id)
    if before is None or before.state is not State.VERIFYING:
        return
    runbook = ctx.book.runbooks.get(before.runbook)
    if runbook is None or runbook.verify is None:
        with ctx.store.transaction() as tx:
            current = tx.incident(incident_id)
            if current is not None and current.state is State.VERIFYING:
                orphaned(ctx, tx, current)
        return
    _judge(ctx, runbook, runbook.verify, before)


def _judge(ctx: Context, runbook: Runbook, verify: Verify, before: Incident) -> None:
    crashpoints.reach("verify.looking")
    reading = look_for(ctx, runbook, before)
    crashpoints.reach("verify.looked")
    facts = fresh(runbook, before, reading)
    names = scope(ctx, before.host, facts, before.inputs)
    holds = (
        None if reading.error and verify.until.holds(names) is None else verify.until.holds(names)
    )
    saw = reading.error if holds is None and reading.error else verify.until.explain(names)
    with ctx.store.transaction() as tx:
        incident = tx.incident(before.id)
        if incident is None or incident.state is not State.VERIFYING:
            return
        now = ctx.clock.now()
        fix = tx.runs(incident=incident.id, kinds=[RunKind.FIX], limit=1)[0]
        looks = incident.looks or Looks(now)
        judged = judge(_bounds(verify, fix), looks, holds, saw, now)
        looks = replace(judged.looks, judged=str(judged.judgement))
        seen = replace(incident, facts=facts, looks=looks, updated_at=now, due_at=judged.next_look)
        event = of_incident(seen, "looked", now, judgement=str(judged.judgement), saw=judged.reason)
        if judged.judgement is Judgement.WAIT:
            tx.save_incident(seen, event if _news(incident, holds) else None)
        else:
            seen = tx.save_incident(seen, event)
            conclude(ctx, tx, runbook, seen, fix, judged.judgement, judged.reason, now)
        tx.add_samples(samples.of_incident(runbook, (incident.host, incident.subject), reading))
        crashpoints.reach("verify.judging")


def _bounds(verify: Verify, fix: Run) -> Verify:
    """A run that did not end well can't have healed: one look says how things stand."""
    if fix.outcome is Outcome.OK:
        return verify
    return replace(verify, within=0.0, hold=0.0)


def _news(incident: Incident, holds: bool | None) -> bool:
    """Worth a line of the record: the first look, and each change between good and bad."""
    looks = incident.looks
    return looks is None or looks.count == 0 or (looks.good_since is not None) != bool(holds)
