"""The page behind the link in a page to a person: it shows what is meant, and a button takes it.

Opening the link never does anything: mail programs and chats open links by themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import HTMLResponse

from autofix.core.addresses import near
from autofix.core.door import text_fault
from autofix.core.incidents import Incident, State
from autofix.core.runs import Run
from autofix.errors import HeldError, NotFound
from autofix.flow import taking
from autofix.flow.context import Context
from autofix.ports import Reads
from autofix.web import pages
from autofix.web.api.common import services_of
from autofix.web.forms import Form, small
from autofix.web.paths import path
from autofix.web.problems import TITLES

router = APIRouter(include_in_schema=False)
Code = Annotated[str, Path(min_length=1, max_length=200)]
Fields = Annotated[Form, Depends(small)]
#: Tries from one address within so many seconds.
TRIES, WINDOW = 30, 60.0
#: Runs that are told of each incident, and incidents of a link that is over.
TRIED, OVER = 6, 5
#: What is known of a link that nobody gave out.
NOTHING = taking.Asked((), 0)


@router.get("/ack/{code}")
def show(request: Request, code: Code) -> HTMLResponse:
    ctx = services_of(request).context()
    if _too_often(ctx, request):
        return _slower(request)
    try:
        asked = taking.asked(ctx, code)
    except NotFound:
        return _over(request, ctx, "unknown", 404)
    if asked.over or not asked.count:
        return _over(request, ctx, asked.over or "nothing", 409, asked)
    return _page(request, ctx, "ack", asked.incidents, asked.count)


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
    except (HeldError, NotFound):
        return _why_not(request, ctx, code)
    return _page(request, ctx, "taken", taken[: taking.SHOWN], len(taken), by=by)


def _why_not(request: Request, ctx: Context, code: str) -> HTMLResponse:
    """The button did nothing: the link was used or is too old, or somebody was faster."""
    try:
        asked = taking.asked(ctx, code)
    except NotFound:
        return _over(request, ctx, "unknown", 409)
    return _over(request, ctx, asked.over or "nothing", 409, asked)


def _page(
    request: Request,
    ctx: Context,
    template: str,
    incidents: Sequence[Incident],
    count: int,
    **more: Any,
) -> HTMLResponse:
    """With what one decides by: what each is about, and what was tried."""
    known = ctx.book.runbooks
    titles = {name: book.title for name, book in known.items()}
    with ctx.store.reading() as reads:
        tried = {each.id: _fixes(reads, each.id) for each in incidents}
    given = {"titles": titles, "tried": tried, "now": ctx.clock.now(), **more}
    where = _where(request, incidents)
    return pages.page(request, template, incidents=incidents, count=count, more=where, **given)


def _fixes(reads: Reads, incident: int) -> list[Run]:
    """The last of its runs, the oldest first."""
    found = reads.runs(incident=incident, limit=TRIED)
    return sorted(found, key=lambda run: run.id)


def _where(request: Request, incidents: Sequence[Incident]) -> str:
    """The page of the console for who can log in."""
    one = [incidents[0].id] if len(incidents) == 1 else []
    return path(request, "incidents", *one)


def _over(
    request: Request, ctx: Context, why: str, status: int, asked: taking.Asked = NOTHING
) -> HTMLResponse:
    """This link does nothing any more: why, how it stands, and where to go on."""
    with ctx.store.reading() as reads:
        has = {each.id: _who_has(reads, each) for each in asked.incidents[:OVER]}
    return pages.page(
        request, "ack_over", status, title=TITLES[status], why=why, used_at=asked.used_at,
        incidents=asked.incidents[:OVER], has=has, now=ctx.clock.now(),
        more=_where(request, asked.incidents),
    )  # fmt: skip


def _who_has(reads: Reads, incident: Incident) -> str:
    if incident.state is not State.ACKNOWLEDGED:
        return ""
    found = reads.audit(
        incident=incident.id, action="incident.acknowledged", newest_first=True, limit=1
    )
    return found[0].event.actor if found else ""


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
