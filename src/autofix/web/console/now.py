"""Now: what is broken, what is being done about it, what a person must do."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from autofix.core.incidents import LIVE
from autofix.web.api.common import AtDesk
from autofix.web.console.frame import Looking, show

router = APIRouter(include_in_schema=False)


@router.get("/")
def now(request: Request, looking: Looking, desk: AtDesk) -> Response:
    incidents = desk.incidents(states=LIVE, limit=50)
    return show(request, looking, "now.html", room="", live="all", incidents=incidents)
