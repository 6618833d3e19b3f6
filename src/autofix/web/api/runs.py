"""Runs: every execution of a playbook, its output while it runs and after, cancelling one."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response

from autofix.core.cursors import encode
from autofix.core.runs import Outcome, Run, RunEvent, RunState, UsualLength
from autofix.web.api import streams
from autofix.web.api.bodies import Reason
from autofix.web.api.common import (
    LARGEST,
    ONE_LINE,
    About,
    Asker,
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
from autofix.web.api.views import NumberedEvent, Paged
from autofix.web.policy import V1

router = APIRouter(prefix=f"{V1}/runs", route_class=StrictRoute, tags=["runs"])
States = Annotated[
    list[RunState] | None,
    Query(max_length=50, alias="state", description="Only in these states; may stand repeatedly."),
]
Outcomes = Annotated[
    list[Outcome] | None,
    Query(max_length=50, alias="outcome", description="Only that ended so; may stand repeatedly."),
]
Seen = Annotated[
    int | None,
    Query(ge=0, le=LARGEST, description="The same by number, for who can't send a header."),
]
Before = Annotated[
    int | None, Query(ge=1, le=LARGEST, description="The last ones below this number instead.")
]
Has = Annotated[
    str,
    Query(
        max_length=200,
        pattern=ONE_LINE,
        description="Only what says these words, in capitals or not: a text, a host, the name of "
        "a task or play that begins.",
    ),
]
Cut = Annotated[
    int | None,
    Query(ge=0, le=1_000_000, description="Texts end after so many characters and one more."),
]
After = Annotated[
    str | None,
    Header(
        alias="Last-Event-ID",
        max_length=19,
        pattern="^[0-9]+$",
        description="The number of the last event that was seen: the stream goes on after it.",
    ),
]


@router.get("", response_model=Paged[Run])
def runs(
    desk: AtDesk,
    incident: About = None,
    states: States = None,
    outcomes: Outcomes = None,
    runbook: Which = "",
    host: Which = "",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Runs, newest first."""
    found = desk.runs(
        incident=incident,
        states=states or None,
        outcomes=outcomes or None,
        runbook=runbook,
        host=host,
        before=place("runs", cursor),
        limit=limit + 1,
    )
    return answer(page("runs", found, limit, lambda each: each.id))


@router.get("/{number}", response_model=Run)
def run(desk: AtDesk, number: Number) -> Response:
    """One run: what it was asked, how it ended, what it reported."""
    return answer(desk.run(number))


@router.get(
    "/{number}/events",
    response_model=Paged[NumberedEvent],
    responses={200: {"content": {streams.TYPE: {"schema": {"type": "string"}}}}},
)
def events(
    request: Request,
    who: Asker,
    desk: AtDesk,
    number: Number,
    cursor: Cursor = None,
    limit: Limit = 1000,
    after: Seen = None,
    before: Before = None,
    failed: bool = False,
    has: Has = "",
    cut: Cut = None,
    last: After = None,
) -> Response:
    """Its output, oldest first; `failed`: only failures and unreachable hosts; `has`: only what
    says these words.

    With `Accept: text/event-stream` it is told while it happens: each event under its number, and
    `end` with the run once it is over."""
    seen = min(int(last), LARGEST) if last else place("events", cursor) or after or 0
    if streams.wanted(request):
        return streams.of_run(request, who, desk, number, seen)
    narrowed: dict[str, Any] = {"failed": failed, "has": has, "cut": cut}
    if before is not None:
        found = desk.run_events(number, seen, limit, before=before, **narrowed)
        return answer({"items": _numbered(found), "next": None})
    found = desk.run_events(number, seen, limit + 1, **narrowed)
    following = encode("events", found[limit - 1][0]) if len(found) > limit else None
    return answer({"items": _numbered(found[:limit]), "next": following})


def _numbered(found: list[tuple[int, RunEvent]]) -> list[dict[str, Any]]:
    return [{"number": each, "event": event} for each, event in found]


@router.get("/{number}/usual", response_model=UsualLength)
def usual(desk: AtDesk, number: Number) -> Response:
    """How long its playbook takes as a rule: the median of the last 20 runs that went well."""
    return answer(UsualLength(desk.usual(number)))


@router.post("/{number}/cancel", response_model=Run)
def cancel(desk: AtDesk, once: AtMostOnce, number: Number, body: Reason | None = None) -> Response:
    """Ask it to end; its incident goes to a person."""
    return once(lambda: desk.cancel(number, body.reason if body else ""), body)
