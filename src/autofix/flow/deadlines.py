"""Deadlines of incidents: set when one opens, and anew when the settings change."""

from __future__ import annotations

from collections.abc import Iterator

from autofix.core.calendars import ALWAYS
from autofix.core.deadlines import next_moment
from autofix.core.incidents import LIVE, Incident
from autofix.core.severities import deadlines
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
