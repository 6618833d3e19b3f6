"""Silences, pauses and breakers."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from autofix.core.breakers import Standing
from autofix.core.pauses import Pause
from autofix.core.silences import Silence
from autofix.core.stories import BreakerReset, Paused, Resumed
from autofix.web.api.bodies import Pausing, Resetting, Silencing
from autofix.web.api.common import (
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
from autofix.web.api.views import Listed, Paged, Woken
from autofix.web.policy import V1

router = APIRouter(prefix=V1, route_class=StrictRoute, tags=["brakes"])
Everything = Annotated[bool, Query(alias="all", description="Those that are over, too.")]
Over = Annotated[bool, Query(description="Only those that are over.")]


@router.get("/silences", response_model=Paged[Silence])
def silences(
    desk: AtDesk,
    everything: Everything = False,
    over: Over = False,
    cursor: Cursor = None,
    limit: Limit = 1000,
) -> Response:
    """What is silent now and what will be, newest first."""
    found = desk.silences(
        everything=everything, over=over, before=place("silences", cursor), limit=limit + 1
    )
    return answer(page("silences", found, limit, lambda each: each.id))


@router.post("/silences", status_code=201, response_model=Silence)
def silence(desk: AtDesk, once: AtMostOnce, body: Silencing) -> Response:
    """Leave alone for a time what fits all that is named; it has an end and a reason."""

    def act() -> Silence:
        return desk.add_silence(
            until=body.until,
            reason=body.reason,
            starts_at=body.starts_at,
            runbook=body.runbook,
            host=body.host,
            group=body.group,
            labels=body.labels,
        )

    return once(act, body, status=201)


@router.delete("/silences/{number}", response_model=Woken)
def end_silence(desk: AtDesk, number: Number) -> Response:
    """End it now; what it held is decided anew."""
    return answer({"decided_anew": desk.end_silence(number)})


@router.get("/pauses", response_model=Listed[Pause])
def pauses(desk: AtDesk) -> Response:
    """Every pause in force."""
    return answer({"items": desk.pauses()})


@router.post("/pauses", status_code=201, response_model=Paused)
def pause(desk: AtDesk, once: AtMostOnce, body: Pausing) -> Response:
    """Nothing new starts, from now on: everywhere, or for one runbook or host."""

    def act() -> Paused:
        return desk.pause(
            runbook=body.runbook,
            host=body.host,
            reason=body.reason,
            cancel_running=body.cancel_running,
        )

    return once(act, body, status=201)


@router.delete("/pauses", response_model=Resumed)
def resume(desk: AtDesk, runbook: Which = "", host: Which = "") -> Response:
    """Lift the pause of exactly this scope; with nothing named, that of everything."""
    return answer(desk.resume(runbook=runbook, host=host))


@router.get("/breakers", response_model=Listed[Standing])
def breakers(desk: AtDesk) -> Response:
    """Every target whose breaker is open or half-open."""
    return answer({"items": desk.breakers()})


@router.post("/breakers/reset", response_model=BreakerReset)
def reset(desk: AtDesk, once: AtMostOnce, body: Resetting) -> Response:
    """Let exactly one more attempt through."""

    def act() -> BreakerReset:
        return desk.reset_breaker(body.runbook, body.host, body.subject, body.reason)

    return once(act, body)
