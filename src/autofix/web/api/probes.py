"""Probes: what they can see, and looking now."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import APIRouter, Response

from autofix.core.readings import Reading
from autofix.core.stories import ProbeCard
from autofix.web.api.bodies import Looking
from autofix.web.api.common import AtDesk, Name, StrictRoute, answer
from autofix.web.api.views import Listed
from autofix.web.policy import V1
from autofix.web.problems import Problem

router = APIRouter(prefix=f"{V1}/probes", route_class=StrictRoute, tags=["probes"])
#: Looks that people ask for: each keeps a thread of the server for as long as it takes, minutes at
#: worst, and all else that people do needs one, too.
AT_ONCE = threading.BoundedSemaphore(8)


@contextmanager
def turn() -> Iterator[None]:
    """Problem 429 while too many others look."""
    if not AT_ONCE.acquire(blocking=False):
        why, later = "too many looks go on at this moment", {"Retry-After": "10"}
        raise Problem(429, why, "ask again in ten seconds", later)
    try:
        yield
    finally:
        AT_ONCE.release()


@router.get("", response_model=Listed[ProbeCard])
def probes(desk: AtDesk) -> Response:
    """Every probe: the facts it gives, and its options."""
    return answer({"items": desk.probes()})


@router.post("/{name}/look", response_model=Listed[Reading])
def look(desk: AtDesk, name: Name, body: Looking) -> Response:
    """What it sees of a host now. That it could not look is an answer, too: `error` says why."""
    with turn():
        return answer({"items": desk.look(name, body.host, body.options, body.timeout)})
