"""Pages to people: who was told of what, by which channel."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from autofix.core.incidents import Incident
from autofix.core.pages import Page
from autofix.core.stories import PageStory
from autofix.web.api.common import (
    About,
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
from autofix.web.api.views import Listed, Paged
from autofix.web.policy import V1

router = APIRouter(prefix=f"{V1}/pages", route_class=StrictRoute, tags=["pages"])
Waiting = Annotated[bool, Query(description="Only those that no channel has taken yet.")]


@router.get("", response_model=Paged[Page])
def pages(
    desk: AtDesk,
    incident: About = None,
    runbook: Which = "",
    waiting: Waiting = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Pages, newest first; of an incident those that it shares with others, too."""
    found = desk.pages(
        incident=incident,
        runbook=runbook,
        waiting=waiting,
        before=place("pages", cursor),
        limit=limit + 1,
    )
    return answer(page("pages", found, limit, lambda each: each.id))


@router.get("/{number}", response_model=PageStory)
def one(desk: AtDesk, number: Number) -> Response:
    """One page: its words, what it is about, and each try to send it."""
    return answer(desk.page(number))


@router.post("/{number}/acknowledge", response_model=Listed[Incident])
def acknowledge(desk: AtDesk, once: AtMostOnce, number: Number) -> Response:
    """Say that you have all that this page is about."""
    return once(lambda: {"items": desk.acknowledge_page(number)})
