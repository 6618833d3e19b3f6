"""Alerts that came in: what each meant, judging one anew, and trying one out."""

from __future__ import annotations

from fastapi import APIRouter, Response

from autofix.core.alerts import Delivery
from autofix.web.api.bodies import Trying
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
from autofix.web.api.views import Paged
from autofix.web.policy import V1

router = APIRouter(prefix=f"{V1}/alerts", route_class=StrictRoute, tags=["alerts"])


@router.get("", response_model=Paged[Delivery])
def alerts(desk: AtDesk, source: Which = "", cursor: Cursor = None, limit: Limit = 50) -> Response:
    """Everything that was posted to this server, let in or not, newest first."""
    found = desk.alerts(source=source, before=place("alerts", cursor), limit=limit + 1)
    return answer(page("alerts", found, limit, lambda each: each.id))


@router.post("/test", response_model=Delivery)
def test(desk: AtDesk, body: Trying) -> Response:
    """What it would mean now: which runbook on which host, and why or why not."""
    return answer(desk.test_alert(body.source, body.body, body.headers))


@router.get("/{number}", response_model=Delivery)
def alert(desk: AtDesk, number: Number) -> Response:
    """One arrival: what was posted, and what each of its alerts meant."""
    return answer(desk.alert(number))


@router.post("/{number}/replay", status_code=201, response_model=Delivery)
def replay(desk: AtDesk, once: AtMostOnce, number: Number) -> Response:
    """Judge it anew, as if it had come now."""
    return once(lambda: desk.replay_alert(number), status=201)
