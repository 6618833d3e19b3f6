"""What was seen over time, for charts."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from autofix.core.charted import Readings
from autofix.web.api.common import ONE_LINE, AtDesk, Name, Number, StrictRoute, answer
from autofix.web.policy import V1

router = APIRouter(prefix=V1, route_class=StrictRoute)
Host = Annotated[str, Query(min_length=1, max_length=200, pattern=ONE_LINE)]
Subject = Annotated[
    str,
    Query(max_length=200, pattern=ONE_LINE, description="What tells failures on it apart."),
]
Since = Annotated[float, Query(ge=0, le=1e11, description="Seconds since the epoch.")]


@router.get("/incidents/{number}/readings", response_model=Readings, tags=["incidents"])
def readings(desk: AtDesk, number: Number) -> Response:
    """What was seen of its target from an hour before to an hour after it, with what it is
    compared, and what was done when."""
    return answer(desk.readings(number))


@router.get("/runbooks/{name}/readings", response_model=Readings, tags=["runbooks"])
def recent(
    desk: AtDesk, name: Name, host: Host, subject: Subject = "", since: Since = 0.0
) -> Response:
    """What this runbook's looks saw of a target lately, in few points."""
    return answer(desk.recent(name, host, subject, since))
