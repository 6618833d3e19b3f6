"""How things stand, what there is, and starting a run."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from autofix.core.histories import History
from autofix.core.overview import Overview
from autofix.core.previews import Preview
from autofix.core.signals import Signal
from autofix.core.sources import RunbookSource
from autofix.core.stories import Answer, RunbookCard, Status
from autofix.web.api.bodies import Previewing, Start
from autofix.web.api.common import ONE_LINE, AtDesk, Name, Number, StrictRoute, answer
from autofix.web.api.once import AtMostOnce
from autofix.web.api.views import Listed
from autofix.web.policy import V1

router = APIRouter(prefix=V1, route_class=StrictRoute)
Most = Annotated[int, Query(ge=1, le=200, description="How many of each list at most.")]
Host = Annotated[str, Query(min_length=1, max_length=200, pattern=ONE_LINE)]


@router.get("/status", response_model=Status, tags=["status"])
def status(desk: AtDesk) -> Response:
    """How things stand: what runs, is held, waits, is paused; how the record is sealed."""
    return answer(desk.status())


@router.get("/overview", response_model=Overview, tags=["status"])
def overview(desk: AtDesk, limit: Most = 50) -> Response:
    """What matters now, for who asks: the worst that is open, what waits for him, what runs, what
    is held and why. Lists are bounded, counts are of all."""
    return answer(desk.overview(limit))


@router.get("/hosts", response_model=Listed[str], tags=["status"])
def hosts(desk: AtDesk) -> Response:
    """The hosts of the inventory."""
    return answer({"items": desk.hosts()})


@router.get("/runbooks", response_model=Listed[RunbookCard], tags=["runbooks"])
def runbooks(desk: AtDesk) -> Response:
    """Every runbook that is in force."""
    return answer({"items": desk.runbooks()})


@router.get("/runbooks/{name}", response_model=RunbookCard, tags=["runbooks"])
def runbook(desk: AtDesk, name: Name) -> Response:
    """One runbook in plain words, with the inputs that a run takes."""
    return answer(desk.runbook(name))


@router.get("/histories", response_model=Listed[History], tags=["runbooks"])
def histories(desk: AtDesk) -> Response:
    """How often each runbook fired, healed and called a person in the last 30 days."""
    return answer({"items": desk.histories()})


@router.get("/runbooks/{name}/history", response_model=History, tags=["runbooks"])
def history(desk: AtDesk, name: Name) -> Response:
    """The same of one runbook."""
    return answer(desk.history(name))


@router.get("/runbooks/{name}/source", response_model=RunbookSource, tags=["runbooks"])
def source(desk: AtDesk, name: Name) -> Response:
    """The text of its file as it is in force, and what became of the file since."""
    return answer(desk.runbook_source(name))


@router.post("/runbooks/{name}/preview", response_model=Preview, tags=["runbooks"])
def preview(desk: AtDesk, name: Name, body: Previewing) -> Response:
    """What a run would do, by what was seen last; nothing is started. What would not be taken is
    told in `faults`."""
    told = desk.preview(
        name,
        body.hosts,
        subject=body.subject,
        inputs=body.inputs,
        check=body.check,
        from_text=body.from_text,
    )
    return answer(told)


@router.get("/runbooks/{name}/why", response_model=Answer, tags=["runbooks"])
def why(desk: AtDesk, name: Name, host: Host) -> Response:
    """Why it did or did not act on a host: what was seen, what each guard says."""
    return answer(desk.why(name, host))


@router.post(
    "/runbooks/{name}/runs", status_code=202, response_model=Listed[Signal], tags=["runbooks"]
)
def start(desk: AtDesk, once: AtMostOnce, name: Name, body: Start) -> Response:
    """Ask for a run on each of these hosts. What becomes of it shows in the signal: once it is
    `matched`, its incident tells the rest; `ignored` says why nothing was started."""

    def act() -> dict[str, list[Signal]]:
        return {
            "items": desk.start(
                name,
                body.hosts,
                subject=body.subject,
                inputs=body.inputs,
                accept=body.accept,
                check=body.check,
                from_text=body.from_text,
            )
        }

    return once(act, body, status=202)


@router.get("/signals/{number}", response_model=Signal, tags=["runbooks"])
def signal(desk: AtDesk, number: Number) -> Response:
    """One signal, and what became of it."""
    return answer(desk.signal(number))
