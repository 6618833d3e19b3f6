"""An incident as one file: to print, to put into a ticket, to talk about in a review."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from autofix.web import pages
from autofix.web.api.common import AtDesk, Number
from autofix.web.console import charts
from autofix.web.console.frame import Looking
from autofix.web.console.incidents import gathered

router = APIRouter(prefix="/incidents", include_in_schema=False)
#: Entries of the record in one report, the newest.
MOST = 1000


@router.get("/{number}/report")
def report(
    request: Request,
    looking: Looking,
    desk: AtDesk,
    number: Number,
    download: Annotated[bool, Query()] = False,
) -> Response:
    told = gathered(looking, desk, number, entries=MOST)
    values: dict[str, Any] = told.values()
    took = told.story.incident.ended_at
    since = told.story.incident.opened_at
    answer = pages.report(
        request, looking=looking, now=looking.now,
        chart=charts.of_incident(desk, told.story, looking.now),
        lasted=None if took is None else took - since, **values,
    )  # fmt: skip
    if download:
        answer.headers["Content-Disposition"] = f'attachment; filename="incident-{number}.html"'
    return answer
