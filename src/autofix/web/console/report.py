"""An incident as one file: to print, to put into a ticket, to talk about in a review."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from autofix.ports import Desk
from autofix.web import pages
from autofix.web.api.common import AtDesk, Number
from autofix.web.console import charts
from autofix.web.console.frame import Looking
from autofix.web.console.incidents import gathered

router = APIRouter(prefix="/incidents", include_in_schema=False)
#: Entries of the record in one report, the newest; those before them are counted by portions.
MOST, PORTION = 20_000, 1000


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
    left = left_out(desk, number, told.earlier) if told.earlier else 0
    took = told.story.incident.ended_at
    since = told.story.incident.opened_at
    answer = pages.report(
        request, looking=looking, now=looking.now, left_out=left,
        chart=charts.of_incident(desk, told.story, looking.now),
        lasted=None if took is None else took - since, **values,
    )  # fmt: skip
    if download:
        answer.headers["Content-Disposition"] = f'attachment; filename="incident-{number}.html"'
    return answer


def left_out(desk: Desk, number: int, before: int) -> int:
    """How many entries of its record are older than this one."""
    count = 0
    while record := desk.incident(number, before=before, entries=PORTION).record:
        count, before = count + len(record), record[0].seq
    return count
