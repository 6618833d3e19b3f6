"""A run's output as text, whole, read from the store in portions; nothing in it is active."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from fastapi import APIRouter
from fastapi.responses import Response, StreamingResponse

from autofix.core.inert import unlimited
from autofix.core.runs import RunEvent
from autofix.errors import NotFound
from autofix.ports import Desk
from autofix.web.api.common import LARGEST, AtDesk, Number

router = APIRouter(include_in_schema=False)
TYPE = "text/plain; charset=utf-8"
#: Events that are in memory at once.
PORTION = 200


@router.get("/runs/{number}/raw")
def raw(desk: AtDesk, number: Number) -> Response:
    desk.run(number)  # what is wrong is said before the answer begins
    named = {"Content-Disposition": f'attachment; filename="run-{number}.txt"'}
    return StreamingResponse(_all(desk, number), media_type=TYPE, headers=named)


@router.get("/runs/{number}/raw/{event}")
def raw_event(desk: AtDesk, number: Number, event: Number) -> Response:
    """One event, whole: what a page cuts short."""
    found = desk.run_events(number, event - 1, 1) if event <= LARGEST else []
    if not found or found[0][0] != event:
        raise NotFound(f"run {number} has no event {event}")
    return Response(_told(found[0][1]), media_type=TYPE)


def _all(desk: Desk, number: int) -> Iterator[str]:
    after = 0
    while found := desk.run_events(number, after, PORTION):
        yield "".join(_told(event) for _, event in found)
        after = found[-1][0]


def _told(event: RunEvent) -> str:
    """`2026-11-23T12:00:00Z failed [web1] play: task`, and its text below, indented."""
    at = datetime.fromtimestamp(event.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    where = ": ".join(each for each in (event.play, event.task) if each)
    host = f" [{event.host}]" if event.host else ""
    head = unlimited(f"{at} {event.kind}{host} {where}".rstrip().replace("\n", " "))
    return f"{head}\n{_indented(event.text)}"


def _indented(text: str) -> str:
    """So that no output can pass for a line of ours."""
    return "".join(f"    {line}\n" for line in unlimited(text).split("\n")) if text else ""
