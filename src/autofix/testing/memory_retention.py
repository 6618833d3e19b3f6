"""Retention of the in-memory store: what is old and over is dropped, the audit chain never."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autofix.core.pages import Member, PageState
from autofix.core.runs import RunState
from autofix.core.signals import SignalState
from autofix.testing.memory_state import Data

_OVER = frozenset({RunState.FINISHED, RunState.LOST, RunState.DROPPED})


def forget(data: Data, before: float) -> int:
    """Drop run output, ended incidents with all of theirs, signals, watches, silences that are
    over, codes that nobody can use any more, deliveries, and what was kept of logins and of
    requests; how many rows."""
    return (
        _forget_output(data, before)
        + sum(_forget_incident(data, number) for number in _old_incidents(data, before))
        + _forget_rest(data, before)
        + _forget_brakes(data, before)
        + _forget_web(data, before)
    )


def _forget_output(data: Data, before: float) -> int:
    old = [
        number
        for number, run in data.runs.items()
        if run.state in _OVER and run.finished_at is not None and run.finished_at < before
    ]
    return sum(len(data.run_events.pop(number, ())) for number in old)


def _old_incidents(data: Data, before: float) -> list[int]:
    owed = {run.incident for run in data.runs.values() if run.state not in _OVER}
    owed |= {
        page.incident
        for page in data.pages.values()
        if page.incident is not None and page.state is PageState.QUEUED
    }
    return [
        number
        for number, row in data.incidents.items()
        if not row.live
        and number not in owed
        and (row.updated_at if row.ended_at is None else row.ended_at) < before
    ]


def _forget_incident(data: Data, incident: int) -> int:
    runs = [number for number, run in data.runs.items() if run.incident == incident]
    pages = [number for number, page in data.pages.items() if page.incident == incident]
    dropped = 1 + len(runs) + len(pages)
    for number in runs:
        dropped += len(data.run_events.pop(number, ()))
        del data.runs[number]
    for number in pages:
        del data.pages[number]
    del data.incidents[incident]
    return dropped + _drop_members(data, lambda row: row.incident == incident)


def _drop_members(data: Data, which: Callable[[Member], bool]) -> int:
    old = [number for number, row in data.members.items() if which(row)]
    for number in old:
        del data.members[number]
    return len(old)


def _forget_rest(data: Data, before: float) -> int:
    signals = [
        number
        for number, row in data.signals.items()
        if row.state is not SignalState.RECEIVED and row.at < before
    ]
    watches = [key for key, row in data.watches.items() if row.at < before]
    pages = [
        number
        for number, row in data.pages.items()
        if row.incident is None and row.state is not PageState.QUEUED and row.created_at < before
    ]
    for number in signals:
        del data.signals[number]
    for key in watches:
        del data.watches[key]
    for number in pages:
        del data.pages[number]
    members = _drop_members(data, lambda row: row.page in pages)
    codes = [digest for digest, row in data.ack_codes.items() if row.until < before]
    for digest in codes:
        del data.ack_codes[digest]
    return len(signals) + len(watches) + len(pages) + members + len(codes)


def _forget_brakes(data: Data, before: float) -> int:
    silences = [
        number
        for number, row in data.silences.items()
        if (row.until if row.ended_at is None else row.ended_at) < before
    ]
    codes = [
        digest
        for digest, row in data.ack_codes.items()
        if (row.until if row.used_at is None else row.used_at) < before
    ]
    for number in silences:
        del data.silences[number]
    for digest in codes:
        del data.ack_codes[digest]
    return len(silences) + len(codes)


def _forget_web(data: Data, before: float) -> int:
    old: list[tuple[dict[Any, Any], list[Any]]] = [
        (data.deliveries, [key for key, row in data.deliveries.items() if row.at < before]),
        (data.once, [key for key, until in data.once.items() if until < before]),
        (data.sessions, [key for key, row in data.sessions.items() if row.until < before]),
        (data.answers, [key for key, row in data.answers.items() if row.at < before]),
    ]
    for rows, keys in old:
        for key in keys:
            del rows[key]
    return sum(len(keys) for _, keys in old) + _forget_tries(data, before)


def _forget_tries(data: Data, before: float) -> int:
    counted = sum(map(len, data.tries.values()))
    young = {name: tuple(at for at in tries if at >= before) for name, tries in data.tries.items()}
    data.tries = {name: tries for name, tries in young.items() if tries}
    return counted - sum(map(len, data.tries.values()))
