"""The page behind the link in a page to a person: it shows what is meant, and a button takes it.

Opening the link never does anything: mail programs and chats open links by themselves.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import HTMLResponse

from autofix.core.addresses import near
from autofix.core.door import text_fault
from autofix.errors import HeldError, NotFound
from autofix.flow import taking
from autofix.flow.context import Context
from autofix.web import pages
from autofix.web.api.common import services_of
from autofix.web.forms import Form, small

router = APIRouter(include_in_schema=False)
Code = Annotated[str, Path(min_length=1, max_length=200)]
Fields = Annotated[Form, Depends(small)]
#: Tries from one address within so many seconds.
TRIES, WINDOW = 30, 60.0
SPENT = "if the incident still needs somebody, take it by `autofix incidents ack NUMBER`"


@router.get("/ack/{code}")
def show(request: Request, code: Code) -> HTMLResponse:
    ctx = services_of(request).context()
    if _too_often(ctx, request):
        return _slower(request)
    try:
        asked = taking.asked(ctx, code)
    except NotFound as error:
        return pages.problem(request, 404, str(error), error.hint)
    if asked.over:
        return pages.problem(request, 409, asked.over, SPENT)
    if not asked.count:
        return pages.problem(request, 409, "nothing of it waits for anybody any more")
    return pages.page(request, "ack", incidents=asked.incidents, count=asked.count)


@router.post("/ack/{code}")
def take(request: Request, code: Code, fields: Fields) -> HTMLResponse:
    ctx = services_of(request).context()
    if _too_often(ctx, request):
        return _slower(request)
    name = " ".join(fields.get("name", "").split())
    if len(name) > 60 or text_fault(name):
        return pages.problem(
            request, 422, "a name has at most 60 letters, and no control characters"
        )
    by = f"{name or 'somebody'} (link)"
    try:
        taken = taking.by_code(ctx, code, by)
    except (HeldError, NotFound) as error:
        return pages.problem(request, 409, str(error), SPENT)
    shown = taken[: taking.SHOWN]
    return pages.page(request, "taken", incidents=shown, count=len(taken), by=by)


def _too_often(ctx: Context, request: Request) -> bool:
    address = near(request.client.host) if request.client else "socket"
    with ctx.store.transaction() as tx:
        return tx.count_try(f"ack {address}", ctx.clock.now(), WINDOW) > TRIES


def _slower(request: Request) -> HTMLResponse:
    answer = pages.problem(
        request, 429, "too many tries from this address", "try again in a minute"
    )
    answer.headers["Retry-After"] = str(int(WINDOW))
    return answer
