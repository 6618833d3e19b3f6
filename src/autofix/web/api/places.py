"""Hosts as autofix sees them, and the settings in force."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from autofix.core.fleet import Fleet, HostStory
from autofix.core.inforce import SettingsInForce
from autofix.web.api.common import ONE_LINE, AtDesk, Limit, Name, StrictRoute, Which, answer
from autofix.web.policy import V1

router = APIRouter(prefix=V1, route_class=StrictRoute, tags=["status"])
Part = Annotated[
    str, Query(max_length=200, pattern=ONE_LINE, description="Only names in which this stands.")
]
After = Annotated[
    str, Query(max_length=200, pattern=ONE_LINE, description="`next` of the portion before.")
]
Open = Annotated[bool, Query(description="Only hosts with an open incident.")]


@router.get("/fleet", response_model=Fleet)
def fleet(
    desk: AtDesk,
    name: Part = "",
    group: Which = "",
    open: Open = False,
    after: After = "",
    limit: Limit = 50,
) -> Response:
    """Hosts of the inventory by name, each with what autofix sees of it now."""
    found = desk.fleet(name=name, group=group, open_only=open, after=after, limit=limit)
    return answer(found)


@router.get("/fleet/{name}", response_model=HostStory)
def host(desk: AtDesk, name: Name) -> Response:
    """One host: what watches it and what they saw, its last incidents and runs."""
    return answer(desk.host(name))


@router.get("/settings", response_model=SettingsInForce)
def settings(desk: AtDesk) -> Response:
    """The settings in force, every secret as `********`."""
    return answer(desk.settings())
