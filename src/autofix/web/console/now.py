"""Now: what is broken, what is being done about it, what a person must do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from autofix.core.deadlines import next_deadline
from autofix.core.incidents import WORKING
from autofix.core.triggers import Watch
from autofix.web.api.bodies import Pausing
from autofix.web.api.common import AtDesk
from autofix.web.console.acting import act
from autofix.web.console.filling import taken
from autofix.web.console.frame import Looking, show
from autofix.web.console.run_words import pace
from autofix.web.console.vitals import vitals
from autofix.web.forms import Form, form

router = APIRouter(include_in_schema=False)
Fields = Annotated[Form, Depends(form)]
#: How many of each list are read; of what waits for a person so many are shown.
SHOWN, WAITING = 25, 10


@router.get("/")
def now(request: Request, looking: Looking, desk: AtDesk) -> Response:
    found = desk.overview(SHOWN)
    signs = vitals(found, looking.now)
    yours, unanswered = found.yours[:WAITING], found.unanswered[:WAITING]
    above = {each.id for each in (*yours, *unanswered)}
    return show(
        request,
        looking,
        "now.html",
        room="",
        live="all",
        found=found,
        working=sum(found.of_state(state) for state in WORKING),
        yours=yours,
        unanswered=unanswered,
        others=[each for each in found.worst if each.id not in above][: SHOWN - len(above)],
        vitals=signs,
        faults=[each for each in signs if not each.well],
        unseen=by_host(found.blind)[:WAITING],
        whole=next((each for each in found.pauses if each.scope == "everything"), None),
        due=lambda incident: next_deadline(incident, looking.now),
        pace=lambda each: pace(each.run, each.usual, looking.now),
    )


def by_host(watches: Iterable[Watch]) -> list[Watch]:
    """The first of each host, in their order."""
    found: dict[str, Watch] = {}
    for each in watches:
        found.setdefault(each.host, each)
    return list(found.values())


@router.post("/pause")
def pause(request: Request, looking: Looking, desk: AtDesk, fields: Fields) -> Response:
    """Hold everything, with a reason."""

    def do() -> object:
        reason, cancel = fields.get("reason", "").strip(), "cancel_running" in fields
        asked = taken(Pausing, reason=reason, cancel_running=cancel)
        return desk.pause(reason=asked.reason, cancel_running=asked.cancel_running)

    return act(request, looking, fields, do, to=(), said="paused")


@router.post("/resume")
def resume(request: Request, looking: Looking, desk: AtDesk, fields: Fields) -> Response:
    """Lift the pause of everything; those of one runbook or host stay."""
    return act(request, looking, fields, desk.resume, to=(), said="resumed")
