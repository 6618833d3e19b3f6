"""The breaker of a target as the store knows it; a person resets it."""

from __future__ import annotations

from collections.abc import Sequence

from autofix.core.audit import AuditEvent
from autofix.core.breakers import Attempt, Breaker, BreakerState, Reset, Standing, breaker_state
from autofix.core.incidents import Incident, State
from autofix.core.runbooks import Attempts
from autofix.errors import HeldError, NotFound
from autofix.flow.context import Context
from autofix.ports import Reads

Target = tuple[str, str, str]
#: So many ended incidents of a target are looked through for one that closed its breaker.
LOOKED_THROUGH = 50


def past(tx: Reads, limit: Attempts, incident: Incident) -> list[Incident]:
    """The newest attempts on this incident's target, as many as tell, the incident left out."""
    target = (incident.runbook, incident.host, incident.subject)
    rows = tx.attempts(*target, limit=limit.max + 1)
    return [each for each in rows if each.id != incident.id]


def breaker(
    tx: Reads, limit: Attempts, incident: Incident, rows: Sequence[Incident], now: float
) -> Breaker:
    """How the breaker of this incident's target stands; `rows`: its past."""
    return _of(tx, limit, (incident.runbook, incident.host, incident.subject), rows, now)


def _of(
    tx: Reads, limit: Attempts, target: Target, rows: Sequence[Incident], now: float
) -> Breaker:
    tried = [_attempt(each) for each in rows]
    found = breaker_state(limit, tried, None, now)
    if found.state is BreakerState.CLOSED:
        return found
    since = _closed_at(tx, *target)
    tried = [each for each in tried if each.started_at >= since]
    return breaker_state(limit, tried, tx.reset(*target), now)


def _now(tx: Reads, limit: Attempts, target: Target, now: float) -> Breaker:
    return _of(tx, limit, target, tx.attempts(*target, limit=limit.max), now)


def _attempt(incident: Incident) -> Attempt:
    assert incident.fix_started_at is not None
    return Attempt(
        incident.fix_started_at, incident.ended_at, incident.trial, incident.trial_passed
    )


def _closed_at(tx: Reads, runbook: str, host: str, subject: str) -> float:
    """A person who resolves an incident of an open breaker closes the breaker."""
    states = (State.RESOLVED, State.CLOSED)
    over = tx.incidents(states=states, runbook=runbook, host=host, limit=LOOKED_THROUGH)
    ends = [
        each.ended_at
        for each in over
        if "breaker" in each.paged_for and each.subject == subject and each.ended_at
    ]
    return max(ends, default=0.0)


def standing(ctx: Context, reads: Reads) -> list[Standing]:
    """Every target whose breaker is open or half-open, by the runbooks in force."""
    books, now = ctx.book.runbooks, ctx.clock.now()
    least = min((each.guards.attempts.max for each in books.values()), default=1)
    found = []
    for target in reads.often_tried(least):
        if target[0] in books:
            state = _now(reads, books[target[0]].guards.attempts, target, now)
            if state.state is not BreakerState.CLOSED:
                found.append(Standing(*target, state))
    return found


def reset(
    ctx: Context, by: str, *, runbook: str, host: str, subject: str = "", reason: str = ""
) -> Breaker:
    """Make an open breaker half-open: exactly one attempt is let through. The state it has then.

    NotFound for an unknown runbook; HeldError when it is not open.
    """
    book, now = ctx.book.runbooks.get(runbook), ctx.clock.now()
    if book is None:
        raise NotFound(f"there is no runbook {runbook!r}", hint="see `autofix check`")
    target = (runbook, host, subject)
    payload = {"subject": subject, "reason": reason}
    event = AuditEvent(now, by, "breaker.reset", runbook, host, payload=payload)
    with ctx.store.transaction() as tx:
        state = _now(tx, book.guards.attempts, target, now)
        if state.state is BreakerState.OPEN:
            tx.reset_breaker(Reset(*target, now, by, reason), event)
            return _now(tx, book.guards.attempts, target, now)
    where = f"{host} ({subject})" if subject else host
    raise HeldError(
        f"the breaker of {runbook} on {where} is {state.state.replace('_', '-')}: {state.why}",
        hint="only an open one can be reset; see `autofix breaker list`",
    )
