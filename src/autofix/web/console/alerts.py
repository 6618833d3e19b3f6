"""Alerts that came in: what each meant; judged anew, tried out; how a sender is connected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from autofix.core.alerts import Delivery, Judged
from autofix.core.inert import inert
from autofix.errors import AutofixError
from autofix.ports import Desk
from autofix.web.api.bodies import Trying
from autofix.web.api.common import AtDesk, Cursor, Number, Which, page, place, services_of
from autofix.web.console.acting import act
from autofix.web.console.filling import taken
from autofix.web.console.frame import Looking, Viewer, show
from autofix.web.forms import Form, form
from autofix.web.paths import path
from autofix.web.problems import status_of

router = APIRouter(include_in_schema=False)
Fields = Annotated[Form, Depends(form)]
#: Deliveries on a page, verdicts shown of one, and characters of a body.
PAGE, JUDGED, BODY = 50, 500, 20_000


@dataclass(frozen=True)
class Sender:
    """A source of the settings, and where it is to post."""

    name: str
    type: str
    url: str


@router.get("/alerts")
def alerts(
    request: Request, looking: Looking, desk: AtDesk, source: Which = "", cursor: Cursor = None
) -> Response:
    found = desk.alerts(source=source, before=place("alerts", cursor), limit=PAGE + 1)
    listed = page("alerts", found, PAGE, lambda each: each.id)
    return show(
        request, looking, "alerts.html", room="alerts", live="" if cursor else "all",
        deliveries=listed["items"], next=listed["next"], source=source, count=count,
        meant=meant, senders=senders(request), hooks=_hook(request, "alertmanager"),
    )  # fmt: skip


@router.get("/alerts/try")
def trying(request: Request, looking: Looking) -> Response:
    return _tried(request, looking)


@router.post("/alerts/try")
def tried(request: Request, looking: Looking, desk: AtDesk, fields: Fields) -> Response:
    source, body = fields.get("source", ""), fields.get("body", "")
    try:
        asked = taken(Trying, source=source, body=body)
        found = desk.test_alert(asked.source, asked.body, {})
    except AutofixError as error:
        wrong = {"detail": str(error), "hint": error.hint}
        status = status_of(error)
        return _tried(request, looking, status, source=source, body=body, wrong=wrong)
    return _tried(request, looking, source=found.source, body=body, found=found)


def _tried(
    request: Request,
    looking: Viewer,
    status: int = 200,
    *,
    source: str = "",
    body: str = "",
    wrong: dict[str, str] | None = None,
    found: Delivery | None = None,
) -> Response:
    return show(
        request, looking, "alert_try.html", status, room="alerts", source=source, body=body,
        wrong=wrong, found=found, senders=senders(request), most=JUDGED,
    )  # fmt: skip


@router.get("/alerts/{number}")
def alert(request: Request, looking: Looking, desk: AtDesk, number: Number) -> Response:
    found = desk.alert(number)
    return show(
        request, looking, "alert.html", room="alerts", live="all", each=found, count=count(found),
        most=JUDGED, incidents=_incidents(desk, found), body=inert(found.body, BODY, lines=True),
        cut=len(found.body) > BODY, whole=len(found.body.encode()) == found.size,
    )  # fmt: skip


@router.post("/alerts/{number}/replay")
def replay(
    request: Request, looking: Looking, desk: AtDesk, number: Number, fields: Fields
) -> Response:
    to = ("alerts",)
    do = lambda: desk.replay_alert(number)  # noqa: E731
    return act(request, looking, fields, do, to=to, said="replayed")


def senders(request: Request) -> list[Sender]:
    sources = services_of(request).context().book.sources
    return [Sender(name, each.type, _hook(request, name)) for name, each in sorted(sources.items())]


def _hook(request: Request, source: str) -> str:
    """Where it posts to: by the address that people use, if the settings say one."""
    public = services_of(request).context().book.public_url
    if public:
        return f"{public.rstrip('/')}/hooks/{source}"
    return f"{request.url.scheme}://{request.url.netloc}{path(request, 'hooks', source)}"


def count(delivery: Delivery) -> int:
    """Of its alerts."""
    return len({(each.alert, each.fingerprint) for each in delivery.judged})


def meant(delivery: Delivery) -> list[Judged]:
    """The verdicts that say most of it: what led to something before what did not."""
    return sorted(delivery.judged, key=lambda each: each.verdict == "ignored")[:3]


def _incidents(desk: Desk, delivery: Delivery) -> dict[int, int]:
    """By signal: the incident that it opened or fed."""
    waiting = [each.signal for each in delivery.judged[:50] if each.signal and not each.incident]
    found = ((number, desk.signal(number).incident) for number in waiting)
    return {number: incident for number, incident in found if incident}
