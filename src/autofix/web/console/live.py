"""What keeps open pages up to date: a stream that says when something changed, never what.

The page asks for itself again and puts in what differs. Everything that changes state writes to
the record in the same transaction, so the record's length is the version of everything: a reader
who comes back with the last one he saw has missed nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from autofix.errors import AutofixError
from autofix.flow.context import Context
from autofix.web.api.common import LARGEST, Asker, services_of
from autofix.web.api.leaving import Leaving, ending, rests
from autofix.web.api.streams import HEARTBEAT, LASTS, TYPE, Seats

router = APIRouter(include_in_schema=False)
#: Seconds between two looks; many streams share one look.
LOOK = 0.5
Last = Annotated[str | None, Header(alias="Last-Event-ID", max_length=19, pattern="^[0-9]+$")]


class Pulse:
    """How long the record is, asked at most every LOOK seconds however many want to know."""

    def __init__(self) -> None:
        self._lock, self._at, self._size = threading.Lock(), 0.0, 0

    def size(self, ctx: Context) -> int:
        with self._lock:
            if time.monotonic() - self._at >= LOOK / 2:
                with ctx.store.reading() as reads:
                    self._size = reads.audit_head()[0]
                self._at = time.monotonic()
            return self._size


@router.get("/live")
def live(
    request: Request,
    asker: Asker,
    incident: Annotated[int | None, Query(ge=1, le=LARGEST)] = None,
    since: Annotated[int | None, Query(ge=0, le=LARGEST)] = None,
    last: Last = None,
) -> Response:
    """`changed` whenever something did (of one incident: whenever its record grew), `here` when
    nothing was said for long. `since`: the version of the page that asks; after a break its browser
    says the last one it saw."""
    seats: Seats = request.app.state.seats
    seats.take(asker.name)
    seen = int(last) if last else since
    return Leaving(
        _told(request, incident, seen),
        lambda: seats.leave(asker.name),
        TYPE,
        cache_control="no-store",
        x_accel_buffering="no",
    )


async def _told(request: Request, incident: int | None, seen: int | None) -> AsyncIterator[str]:
    pulse: Pulse = request.app.state.pulse
    ctx = services_of(request).context()
    ends, begun = ending(request), time.monotonic()
    spoken = begun
    try:
        yield "retry: 1500\n\n"
        size = await run_in_threadpool(pulse.size, ctx)
        if seen is not None and seen > size:
            # The page knows more than there is: an older store was put back.
            yield _changed(size)
        at = size if seen is None else min(seen, size)
        while time.monotonic() - begun < LASTS:
            size = await run_in_threadpool(pulse.size, ctx)
            if size != at and await run_in_threadpool(_concerns, ctx, incident, at):
                yield _changed(size)
                spoken = time.monotonic()
            elif time.monotonic() - spoken >= HEARTBEAT:
                yield "event: here\ndata: 1\n\n"
                spoken = time.monotonic()
            at = size
            if await rests(ends, LOOK):
                return
    except AutofixError as error:
        yield f"event: problem\ndata: {' '.join(str(error).split())}\n\n"


def _changed(size: int) -> str:
    return f"id: {size}\nevent: changed\ndata: {size}\n\n"


def _concerns(ctx: Context, incident: int | None, after: int) -> bool:
    if incident is None:
        return True
    with ctx.store.reading() as reads:
        return bool(reads.audit(incident=incident, after=after, limit=1))
