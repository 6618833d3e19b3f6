"""Incidents: what is open, their stories, and what people do about them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from autofix.core.incidents import ENDED, LIVE, Incident, State
from autofix.core.stories import IncidentStory
from autofix.web.api.bodies import Approving, Comment, Note, Retrying, RollingBack
from autofix.web.api.common import (
    LARGEST,
    AtDesk,
    Cursor,
    Limit,
    Number,
    StrictRoute,
    Which,
    answer,
    page,
    place,
)
from autofix.web.api.once import AtMostOnce
from autofix.web.api.views import Paged
from autofix.web.policy import V1

router = APIRouter(prefix=f"{V1}/incidents", route_class=StrictRoute, tags=["incidents"])
States = Annotated[
    list[State] | None,
    Query(max_length=50, alias="state", description="Only in these states; may stand repeatedly."),
]
Open = Annotated[
    bool | None, Query(description="true: only open ones; false: only ended ones; absent: all.")
]
Below = Annotated[
    int | None,
    Query(ge=1, le=LARGEST, description="Only entries of the record with a lower number."),
]
Entries = Annotated[
    int, Query(ge=1, le=1000, description="How many entries of the record, the newest.")
]


@router.get("", response_model=Paged[Incident])
def incidents(
    desk: AtDesk,
    states: States = None,
    open: Open = None,
    runbook: Which = "",
    host: Which = "",
    severity: Which = "",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Incidents, newest first."""
    wanted = None if not states else frozenset(states)
    if open is not None:
        side = LIVE if open else ENDED
        wanted = side if wanted is None else wanted & side
    found = desk.incidents(
        states=wanted,
        runbook=runbook,
        host=host,
        severity=severity,
        before=place("incidents", cursor),
        limit=limit + 1,
    )
    return answer(page("incidents", found, limit, lambda each: each.id))


@router.get("/{number}", response_model=IncidentStory)
def incident(
    desk: AtDesk, number: Number, before: Below = None, entries: Entries = 1000
) -> Response:
    """The whole story of one: its runs, pages, deadlines and record."""
    return answer(desk.incident(number, before=before, entries=entries))


@router.post("/{number}/acknowledge", response_model=Incident)
def acknowledge(desk: AtDesk, once: AtMostOnce, number: Number) -> Response:
    """Say that you have it: the calls stop."""
    return once(lambda: desk.acknowledge(number))


@router.post("/{number}/triage", response_model=Incident)
def triage(desk: AtDesk, once: AtMostOnce, number: Number, body: Note | None = None) -> Response:
    """Say that you know what it is."""
    return once(lambda: desk.triage(number, _note(body)), body)


@router.post("/{number}/workaround", response_model=Incident)
def workaround(
    desk: AtDesk, once: AtMostOnce, number: Number, body: Note | None = None
) -> Response:
    """Say that users are served again, though it is not solved."""
    return once(lambda: desk.workaround(number, _note(body)), body)


@router.post("/{number}/resolve", response_model=Incident)
def resolve(desk: AtDesk, once: AtMostOnce, number: Number, body: Note | None = None) -> Response:
    """Say that you mended it."""
    return once(lambda: desk.resolve(number, _note(body)), body)


@router.post("/{number}/close", response_model=Incident)
def close(desk: AtDesk, once: AtMostOnce, number: Number, body: Note | None = None) -> Response:
    """Accept and file an ended incident."""
    return once(lambda: desk.close(number, _note(body)), body)


@router.post("/{number}/comment", response_model=Incident)
def comment(desk: AtDesk, once: AtMostOnce, number: Number, body: Comment) -> Response:
    """Say something about it, on the record."""
    return once(lambda: desk.comment(number, body.text), body)


@router.post("/{number}/retry", response_model=Incident)
def retry(desk: AtDesk, once: AtMostOnce, number: Number, body: Retrying | None = None) -> Response:
    """Start the fix of an incident that a person has again, by the same guards as always."""
    asked = body or Retrying()
    return once(lambda: desk.retry(number, asked.step, accept=asked.accept), body)


@router.post("/{number}/rollback", response_model=Incident)
def roll_back(desk: AtDesk, once: AtMostOnce, number: Number, body: RollingBack) -> Response:
    """Have undone what a step did, by its rollback; then the incident is the person's again."""
    return once(lambda: desk.roll_back(number, body.step), body)


@router.post("/{number}/approve", response_model=Incident)
def approve(
    desk: AtDesk, once: AtMostOnce, number: Number, body: Approving | None = None
) -> Response:
    """Say yes to the step that waits. Of two who say so at once one is first."""
    return once(lambda: desk.approve(number, body.asked if body else ""), body)


@router.post("/{number}/reject", response_model=Incident)
def reject(desk: AtDesk, once: AtMostOnce, number: Number, body: Note | None = None) -> Response:
    """Say no to the step that waits."""
    return once(lambda: desk.reject(number, _note(body)), body)


def _note(body: Note | None) -> str:
    return body.note if body else ""
