"""Probes: what they can see, and looking now."""

from __future__ import annotations

from fastapi import APIRouter, Response

from autofix.core.readings import Reading
from autofix.core.stories import ProbeCard
from autofix.web.api.bodies import Looking
from autofix.web.api.common import AtDesk, Name, StrictRoute, answer
from autofix.web.api.views import Listed
from autofix.web.policy import V1

router = APIRouter(prefix=f"{V1}/probes", route_class=StrictRoute, tags=["probes"])


@router.get("", response_model=Listed[ProbeCard])
def probes(desk: AtDesk) -> Response:
    """Every probe: the facts it gives, and its options."""
    return answer({"items": desk.probes()})


@router.post("/{name}/look", response_model=Listed[Reading])
def look(desk: AtDesk, name: Name, body: Looking) -> Response:
    """What it sees of a host now. That it could not look is an answer, too: `error` says why."""
    return answer({"items": desk.look(name, body.host, body.options, body.timeout)})
