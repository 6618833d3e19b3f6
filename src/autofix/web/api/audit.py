"""The sealed record: read, verified, exported."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator
from itertools import chain
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse

from autofix.core.audit import AuditEntry
from autofix.core.record_checks import RecordCheck
from autofix.web.api.common import (
    LAST_MOMENT,
    About,
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
from autofix.web.api.leaving import Leaving
from autofix.web.api.views import Paged, ReportView
from autofix.web.policy import V1
from autofix.web.problems import Problem

router = APIRouter(prefix=f"{V1}/audit", route_class=StrictRoute, tags=["audit"])
#: A million entries are seconds of a processor: so many who verify or export at once.
AT_ONCE = threading.BoundedSemaphore(2)
#: Letters of an export that are sent at once.
BLOCK = 65_536
TYPES = {"jsonl": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}
Form = Annotated[
    Literal["jsonl", "csv"],
    Query(alias="format", description="JSONL can be verified offline; CSV is for reading."),
]

Since = Annotated[
    float | None,
    Query(ge=0, le=LAST_MOMENT, allow_inf_nan=False, description="From this moment on (1970, s)."),
]
Until = Annotated[
    float | None,
    Query(ge=0, le=LAST_MOMENT, allow_inf_nan=False, description="Before this moment (1970, s)."),
]


def _take_turn() -> None:
    """Problem 429 when others are at it; `AT_ONCE.release` gives it back."""
    if not AT_ONCE.acquire(blocking=False):
        raise Problem(
            429,
            "the record is being verified or exported already",
            "ask again when that is over",
            headers={"Retry-After": "10"},
        )


@router.get("", response_model=Paged[AuditEntry])
def audit(
    desk: AtDesk,
    actor: Which = "",
    action: Which = "",
    runbook: Which = "",
    host: Which = "",
    incident: About = None,
    since: Since = None,
    until: Until = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Response:
    """The events of the record, newest first."""
    found = desk.audit(
        actor=actor,
        action=action,
        runbook=runbook,
        host=host,
        incident=incident,
        since=since,
        until=until,
        before=place("audit", cursor),
        limit=limit + 1,
    )
    return answer(page("audit", found, limit, lambda each: each.seq))


@router.get("/verify", response_model=ReportView)
def verify(desk: AtDesk) -> Response:
    """Compute the whole chain again and check its seals; `holds` is the verdict."""
    _take_turn()
    try:
        return answer(desk.verify_audit())
    finally:
        AT_ONCE.release()


@router.get("/check", response_model=RecordCheck)
def check(desk: AtDesk) -> Response:
    """How far the check of the record is that goes on, or what the last one said."""
    return answer(desk.record_check())


@router.post("/check", status_code=202, response_model=RecordCheck)
def begin_check(desk: AtDesk) -> Response:
    """Begin to verify the record beside everything else; one that goes on is for everybody."""
    return answer(desk.check_record(), 202)


@router.get(
    "/export",
    response_class=StreamingResponse,
    responses={200: {"content": {name: {"schema": {"type": "string"}} for name in TYPES.values()}}},
)
def export(desk: AtDesk, form: Form = "jsonl") -> Response:
    """The whole record, streamed."""
    _take_turn()
    try:
        blocks = _blocks(desk.export_audit(form))
        first = next(blocks, "")  # what is wrong is said before the answer begins
    except BaseException:
        AT_ONCE.release()
        raise

    def over() -> None:
        blocks.close()  # a reader who left keeps no snapshot of the store
        AT_ONCE.release()

    return Leaving(chain([first], blocks), over, TYPES[form])


def _blocks(lines: Iterator[str]) -> Generator[str, None, None]:
    """Many lines at once: each piece of an answer costs a change of threads."""
    block, size = [], 0
    for line in lines:
        block.append(line)
        size += len(line)
        if size >= BLOCK:
            yield "".join(block)
            block, size = [], 0
    if block:
        yield "".join(block)


@router.get("/{number}", response_model=AuditEntry)
def entry(desk: AtDesk, number: Number) -> Response:
    """One event with everything that was sealed."""
    return answer(desk.audit_entry(number))
