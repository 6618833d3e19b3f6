"""Pages to people: who was called by what, whether anything took it, and each try."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from autofix.core.incidents import UNANSWERED, Incident
from autofix.core.pages import CALLS
from autofix.core.stories import PageStory
from autofix.web.api.common import About, AtDesk, Cursor, Number, Which, page, place
from autofix.web.console.acting import act
from autofix.web.console.frame import Looking, show
from autofix.web.forms import Form, form

router = APIRouter(include_in_schema=False)
Fields = Annotated[Form, Depends(form)]
Waiting = Annotated[bool, Query()]
#: Pages on a page, and members of a digest that are shown.
PAGE, MEMBERS = 50, 100


@router.get("/pages")
def pages(
    request: Request, looking: Looking, desk: AtDesk, incident: About = None,
    runbook: Which = "", waiting: Waiting = False, cursor: Cursor = None,
) -> Response:  # fmt: skip
    found = desk.pages(
        incident=incident, runbook=runbook, waiting=waiting,
        before=place("pages", cursor), limit=PAGE + 1,
    )  # fmt: skip
    listed = page("pages", found, PAGE, lambda each: each.id)
    return show(
        request, looking, "pages.html", room="alerts", live="" if cursor else "all",
        found=listed["items"], next=listed["next"], incident=incident, runbook=runbook,
        waiting=waiting, runbooks=[each.name for each in desk.runbooks()],
    )  # fmt: skip


@router.get("/pages/{number}")
def one(request: Request, looking: Looking, desk: AtDesk, number: Number) -> Response:
    story = desk.page(number)
    about = desk.incident(story.page.incident) if story.page.incident else None
    taken = [each for each in (about.record if about else ()) if each.event.action == ACKNOWLEDGED]
    return show(
        request, looking, "page.html", room="alerts", live="all", each=story.page,
        members=story.members[:MEMBERS], more=max(len(story.members) - MEMBERS, 0),
        tries=sorted(story.record, key=lambda entry: entry.seq),
        about=about.incident if about else None, taken=taken[-1].event if taken else None,
        asks=asks(story, about.incident if about else None),
    )  # fmt: skip


ACKNOWLEDGED = "incident.acknowledged"


def asks(story: PageStory, about: Incident | None) -> bool:
    """Does it still ask somebody to do something? Of a digest the act itself tells."""
    if story.page.kind not in CALLS:
        return False
    return _waits(about) if about is not None else bool(story.members)


def _waits(incident: Incident) -> bool:
    return incident.state in UNANSWERED


@router.post("/pages/{number}/acknowledge")
def acknowledge(
    request: Request, looking: Looking, desk: AtDesk, number: Number, fields: Fields
) -> Response:
    do = lambda: desk.acknowledge_page(number)  # noqa: E731
    return act(request, looking, fields, do, to=("pages", number), said="acknowledged")
