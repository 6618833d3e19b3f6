"""Deadlines of incidents: set when one opens, told when one nears or passes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from autofix.core.calendars import ALWAYS
from autofix.core.deadlines import Deadline, DeadlineState, mark, next_moment, untold
from autofix.core.incidents import LIVE, Incident
from autofix.core.severities import deadlines
from autofix.flow import escalate
from autofix.flow.context import Book, Context, log
from autofix.flow.record import of_incident
from autofix.ports import Transaction

#: Incidents that are given new deadlines in one transaction.
BATCH = 200


def timed(book: Book, incident: Incident, now: float) -> Incident:
    """The same incident with the deadlines that the book in force gives it. Rehearsals have none.

    Counted from its opening, so a changed calendar or preset holds for open incidents too.
    """
    if incident.check:
        return incident
    runbook = book.runbooks.get(incident.runbook)
    if runbook is None and incident.deadlines:
        return incident  # its file is broken or gone: what was promised counts
    terms = book.severities.terms(incident.severity, runbook.deadlines if runbook else "")
    calendar = book.calendars.get(terms.calendar, ALWAYS)
    given = incident.with_(deadlines=deadlines(incident.opened_at, terms, calendar))
    return given.with_(deadline_at=next_moment(given, now))


def promised(incident: Incident) -> dict[str, float]:
    """When each kind is due, for the record of its opening: reports compare with that."""
    return {kind: due for kind, (_, due) in incident.deadlines.items()}


def taken(incident: Incident, now: float) -> Incident:
    """The same incident, answered: a person has it, since now or already."""
    answered = incident.with_(answered_at=incident.answered_at or now)
    return answered.with_(deadline_at=next_moment(answered, now))


def tell(ctx: Context, incident_id: int) -> None:
    """What nears or has passed is recorded, and somebody is called, whatever autofix is doing.

    Each deadline is told of at most twice: when it is near, and when it was missed.
    """
    now = ctx.clock.now()
    with ctx.store.transaction() as tx:
        incident = tx.incident(incident_id)
        if incident is None or not incident.live or incident.deadline_at is None:
            return
        told = untold(incident, now)
        moved = _told(incident, told, now)
        moved = tx.save_incident(moved, _event(moved, told[0], now) if told else None)
        for each in told[1:]:
            tx.record(_event(moved, each, now))
        if told:
            _call(ctx, tx, moved, told, now)


def _told(incident: Incident, told: Sequence[Deadline], now: float) -> Incident:
    marks = incident.paged_for | {mark(each) for each in told}
    marked = incident.with_(paged_for=marks)
    return marked.with_(deadline_at=next_moment(marked, now))


def _event(incident: Incident, deadline: Deadline, now: float) -> Any:
    missed = deadline.state is DeadlineState.MISSED
    verb = "deadline_missed" if missed else "deadline_near"
    return of_incident(
        incident,
        verb,
        now,
        kind=str(deadline.kind),
        due_at=deadline.due_at,
        saw=deadline.words(now),
    )


def _call(
    ctx: Context, tx: Transaction, incident: Incident, told: Sequence[Deadline], now: float
) -> None:
    runbook = ctx.book.runbooks.get(incident.runbook)
    why = f"{', '.join(each.words(now) for each in told)} ({incident.severity}, {incident.state})"
    escalate.page_text(ctx, tx, incident, runbook, why, now)


def reset(ctx: Context) -> int:
    """Give every open incident the deadlines of the book in force; how many were changed.

    At the start (one opened before an upgrade has none) and after changed settings.
    """
    changed = 0
    for batch in _batches(ctx):
        with ctx.store.transaction() as tx:
            for number in batch:
                changed += _reset(ctx, tx, number)
    if changed:
        log.info("%d open incidents have new deadlines", changed)
    return changed


def _batches(ctx: Context) -> Iterator[list[int]]:
    before: int | None = None
    while True:
        with ctx.store.reading() as reads:
            found = [each.id for each in reads.incidents(states=LIVE, before=before, limit=BATCH)]
        if not found:
            return
        yield found
        before = found[-1]


def _reset(ctx: Context, tx: Transaction, number: int) -> bool:
    now = ctx.clock.now()
    incident = tx.incident(number)
    if incident is None or not incident.live:
        return False
    fresh = timed(ctx.book, incident, now)
    if fresh.deadlines == incident.deadlines:
        return False
    tx.save_incident(fresh, of_incident(fresh, "deadlines_changed", now, due=promised(fresh)))
    return True
