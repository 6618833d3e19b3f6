"""A step that waits for a person's yes: approve and reject."""

from __future__ import annotations

from collections.abc import Collection

from autofix.core.decisions import approval_key
from autofix.core.identities import asker, login
from autofix.core.incidents import Incident, State
from autofix.errors import HeldError
from autofix.flow import deadlines, escalate
from autofix.flow.asked import expect, find
from autofix.flow.context import Context
from autofix.flow.record import of_incident
from autofix.ports import Transaction


def approve(
    ctx: Context, incident_id: int, by: str, groups: Collection[str] = (), asked: str = ""
) -> Incident:
    """Yes to the step that waits. `groups`: those of the person, as the system knows them; `asked`:
    the approval that he was shown (`approval_key`), empty: whichever waits.

    HeldError, and an event on the record, for who asked for it and for who may not approve.
    """
    now = ctx.clock.now()
    with ctx.store.transaction() as tx:
        incident = find(tx, incident_id)
        expect(incident, (State.AWAITING_APPROVAL,), "approved")
        _expect_open(incident)
        _expect_seen(incident, asked)
        refusal, hint = refused(ctx, incident, by, groups)
        if not refusal:
            return _approved(tx, incident, by, now)
        tx.record(of_incident(incident, "approval_refused", now, by, error=refusal))
    raise HeldError(refusal, hint=hint)


def _expect_open(incident: Incident) -> None:
    """Of two who say yes at once one is first; the other hears who was."""
    first = incident.approved.get(approval_key(incident, incident.step))
    if first:
        raise HeldError(
            f"step {incident.step + 1} of incident {incident.id} was approved by {first} already",
            hint=f"see `autofix incidents show {incident.id}`",
        )


def _expect_seen(incident: Incident, asked: str) -> None:
    """What he saw is what he approves: another step may wait by now."""
    if asked and asked != approval_key(incident, incident.step):
        raise HeldError(
            f"another step waits now: step {incident.step + 1}: {incident.reason}",
            hint="look at it first; then approve it or reject it",
        )


def _approved(tx: Transaction, incident: Incident, by: str, now: float) -> Incident:
    approved = incident.with_(
        approved={**incident.approved, approval_key(incident, incident.step): by},
        due_at=now,
        updated_at=now,
        reason=f"step {incident.step + 1} approved by {by}",
    )
    approved = deadlines.taken(approved, now)
    return tx.save_incident(approved, of_incident(approved, "approved", now, by))


def refused(ctx: Context, incident: Incident, by: str, groups: Collection[str]) -> tuple[str, str]:
    """(why this person may not approve it, who may instead); empty when he may."""
    if asker(incident.requested_by) == login(by):
        why = f"{by} asked for incident {incident.id} and can't approve it"
        return why, "somebody else must approve it"
    runbook = ctx.book.runbooks.get(incident.runbook)
    if runbook is None:
        why = f"{incident.runbook} is not there or has errors: who may approve it can't be told"
        return why, "mend it (autofix check), or reject the step"
    approvers = runbook.guards.approvers
    if approvers is None or approvers.include(login(by), groups):
        return "", ""
    return f"{by} may not approve {incident.runbook}", f"these may: {approvers}"


def reject(ctx: Context, incident_id: int, by: str, note: str = "") -> Incident:
    """No to the step that waits: a person takes it from here."""
    with ctx.store.transaction() as tx:
        incident = find(tx, incident_id)
        expect(incident, (State.AWAITING_APPROVAL,), "rejected")
        now = ctx.clock.now()
        tx.record(of_incident(incident, "rejected", now, by, note=note))
        why = f"{by} rejected step {incident.step + 1}" + (f": {note}" if note else "")
        runbook = ctx.book.runbooks.get(incident.runbook)
        return escalate.escalate(ctx, tx, runbook, incident, why, now)
