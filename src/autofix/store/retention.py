"""Retention: what is old and over is dropped. The audit chain is kept whole, always.

A chain with its beginning cut off can't prove anything, and an entry is small: six months of a
busy site are some hundred megabytes.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, Table, delete, exists, func, select

from autofix.core.pages import PageState
from autofix.core.runs import RunState
from autofix.core.series import AROUND, LONG
from autofix.core.signals import SignalState
from autofix.store import tables, tables_readings, tables_web
from autofix.store.session import Session

_OVER = [str(state) for state in (RunState.FINISHED, RunState.LOST, RunState.DROPPED)]


def forget(session: Session, before: float) -> int:
    """Drop run output, ended incidents with all of theirs, signals, watches, silences that are
    over, codes that nobody can use any more, deliveries, and what was kept of logins and of
    requests; how many rows."""
    parts = (_output, _incidents, _rest, _brakes, _web)
    return sum(part(session, before) for part in parts)


def _drop(session: Session, table: Table, *which: ColumnElement[bool]) -> int:
    return session.change(delete(table).where(*which))


def _output(session: Session, before: float) -> int:
    run = tables.runs.c
    old = select(run.id).where(run.state.in_(_OVER), run.finished_at < before)
    return _drop(session, tables.run_events, tables.run_events.c.run.in_(old))


def _incidents(session: Session, before: float) -> int:
    incident, run, page = tables.incidents.c, tables.runs.c, tables.pages.c
    # An incident that still owes a run (afterwards) or a page stays until that is done.
    owed_runs = select(run.incident).where(run.state.not_in(_OVER))
    owed_pages = select(page.incident).where(
        page.incident.is_not(None), page.state == str(PageState.QUEUED)
    )
    query = select(incident.id).where(
        ~incident.live,
        func.coalesce(incident.ended_at, incident.updated_at) < before,
        incident.id.not_in(owed_runs),
        incident.id.not_in(owed_pages),
    )
    old = [row.id for row in session.all(query)]
    # In portions: a statement takes a limited number of values.
    return sum(_whole(session, old[start : start + 500]) for start in range(0, len(old), 500))


def _whole(session: Session, numbers: list[int]) -> int:
    run = tables.runs.c
    of_these = select(run.id).where(run.incident.in_(numbers))
    return (
        _drop(session, tables.run_events, tables.run_events.c.run.in_(of_these))
        + _drop(session, tables.runs, run.incident.in_(numbers))
        + _drop(session, tables.pages, tables.pages.c.incident.in_(numbers))
        + _drop(session, tables.members, tables.members.c.incident.in_(numbers))
        + _drop(session, tables.incidents, tables.incidents.c.id.in_(numbers))
    )


def _rest(session: Session, before: float) -> int:
    signal, watch, page = tables.signals.c, tables.watches.c, tables.pages.c
    settled = page.state != str(PageState.QUEUED)
    old = (page.incident.is_(None), settled, page.created_at < before)
    digests = select(page.id).where(*old)
    return (
        _drop(
            session,
            tables.signals,
            signal.state != str(SignalState.RECEIVED),
            signal.at < before,
        )
        + _drop(session, tables.watches, watch.at < before)
        + _drop(session, tables.ack_codes, tables.ack_codes.c.until < before)
        + _drop(session, tables.members, tables.members.c.page.in_(digests))
        + _drop(session, tables.pages, *old)
    )


def _brakes(session: Session, before: float) -> int:
    silence, code = tables.silences.c, tables.ack_codes.c
    over = func.coalesce(silence.ended_at, silence.until)
    return _drop(session, tables.silences, over < before) + _drop(
        session, tables.ack_codes, func.coalesce(code.used_at, code.until) < before
    )


def _web(session: Session, before: float) -> int:
    """Deliveries, and what was kept of logins and requests for a time that is over."""
    expiring = (
        (tables_web.deliveries, tables_web.deliveries.c.at),
        (tables_web.once, tables_web.once.c.until),
        (tables_web.tries, tables_web.tries.c.at),
        (tables_web.sessions, tables_web.sessions.c.until),
        (tables_web.answers, tables_web.answers.c.at),
    )
    return sum(_drop(session, table, column < before) for table, column in expiring)


def forget_samples(session: Session, before: float, since: float) -> int:
    """Drop what was seen from `since` to `before`, but for what is near an incident that is
    still kept: that goes with it."""
    t = tables_readings.readings.c
    return _drop(session, tables_readings.readings, t.at >= since, t.at < before, ~_near())


def _near() -> ColumnElement[bool]:
    t, incident = tables_readings.readings.c, tables.incidents.c
    over = func.coalesce(incident.ended_at, incident.updated_at)
    return exists().where(
        incident.runbook == t.runbook,
        incident.host == t.host,
        incident.subject == t.subject,
        incident.opened_at <= t.at + AROUND,
        incident.live | (over >= t.at - AROUND),
        (t.at <= incident.opened_at + LONG) | (~incident.live & (t.at >= over - LONG)),
    )
