"""Server-sent events of a run: nothing is missed, silence is filled, and it ends with the run."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

from fastapi import Request, Response
from starlette.concurrency import run_in_threadpool

from autofix.core.plain import plain
from autofix.core.roles import Principal
from autofix.core.runs import RUN_MOVES
from autofix.errors import AutofixError
from autofix.ports import Desk
from autofix.web.api.common import told as unsecret
from autofix.web.api.leaving import Leaving, ending, rests
from autofix.web.problems import Problem

TYPE = "text/event-stream"
#: Streams at once: of all, and of one person.
AT_ONCE, EACH = 200, 20
#: Seconds: between two looks, between two signs of life, and until the reader has to come again
#: (by then his token may have been revoked).
LOOK, HEARTBEAT, LASTS = 0.5, 15.0, 120.0
PORTION = 500
#: Nothing more comes of a run in one of these.
OVER = frozenset(state for state, moves in RUN_MOVES.items() if not moves)


class Seats:
    """Who reads a stream now; bounded, since each is a connection that stays."""

    def __init__(self, at_once: int = AT_ONCE, each: int = EACH) -> None:
        self._at_once, self._each = at_once, each
        self._taken: Counter[str] = Counter()
        self._lock = threading.Lock()

    def take(self, name: str) -> None:
        """Problem 429 when there are too many already."""
        with self._lock:
            if self._taken[name] >= self._each or self._taken.total() >= self._at_once:
                raise Problem(
                    429,
                    "too many streams are open",
                    "close one, or ask for pages of events",
                    headers={"Retry-After": "30"},
                )
            self._taken[name] += 1

    def leave(self, name: str) -> None:
        with self._lock:
            self._taken[name] -= 1
            self._taken += Counter()  # without those that have none


def wanted(request: Request) -> bool:
    return TYPE in request.headers.get("accept", "")


def of_run(request: Request, who: Principal, desk: Desk, number: int, after: int) -> Response:
    desk.run(number)  # what is wrong is said before the stream begins
    seats: Seats = request.app.state.seats
    seats.take(who.name)
    return Leaving(
        told(desk, number, after, ending(request)),
        lambda: seats.leave(who.name),
        TYPE,
        cache_control="no-store",
        x_accel_buffering="no",
    )


async def told(
    desk: Desk, number: int, after: int, ends: asyncio.Event | None = None
) -> AsyncIterator[str]:
    """The stream, word by word, until `ends` is set: its reader comes again."""
    begun = spoken = time.monotonic()
    ends = ends or asyncio.Event()
    try:
        yield "retry: 2000\n\n"
        while time.monotonic() - begun < LASTS:
            # The run first: what it told before its end is there when its events are read.
            run = await run_in_threadpool(desk.run, number)
            found = await run_in_threadpool(desk.run_events, number, after, PORTION)
            for after, event in found:
                yield _event("event", event, after)
            if run.state in OVER and len(found) < PORTION:
                yield _event("end", run)
                return
            if found:
                spoken = time.monotonic()
            elif time.monotonic() - spoken >= HEARTBEAT:
                spoken = time.monotonic()
                yield ": still here\n\n"
            if await rests(ends, LOOK if len(found) < PORTION else 0):
                return
    except AutofixError as error:  # the answer has begun: it is told as an event
        yield _event("problem", {"detail": str(error), "hint": error.hint})


def _event(kind: str, value: Any, number: int | None = None) -> str:
    line = "" if number is None else f"id: {number}\n"
    return f"{line}event: {kind}\ndata: {json.dumps(unsecret(plain(value)))}\n\n"
