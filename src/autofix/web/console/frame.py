"""What every page of the console has around it: who looks, what he may, where he can go."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from autofix.core.roles import Permission, Principal, refusal
from autofix.core.words import marked as _
from autofix.web import pages
from autofix.web.api.common import services_of
from autofix.web.console.notices import notice
from autofix.web.paths import path
from autofix.web.who import who

#: The rooms of the console: where each is, its name in English, and what it asks for.
ROOMS: tuple[tuple[str, str, Permission], ...] = (
    ("", _("Now"), Permission.READ),
    ("incidents", _("Incidents"), Permission.READ),
    ("runbooks", _("Runbooks"), Permission.READ),
    ("runs", _("Runs"), Permission.READ),
    ("alerts", _("Alerts"), Permission.READ),
    ("silences", _("Silences"), Permission.READ),
    ("audit", _("Audit"), Permission.AUDIT),
    ("fleet", _("Fleet"), Permission.READ),
    ("settings", _("Settings"), Permission.READ),
)


@dataclass(frozen=True)
class Viewer:
    """Who looks at a page. `csrf` goes into every form, empty for who has no session."""

    principal: Principal
    csrf: str
    now: float
    version: int  # of everything, before the page was gathered: see `console.live`

    def may(self, permission: str, runbook: str = "") -> bool:
        """Is it worth showing him the button? The desk judges again when it is pressed."""
        return not refusal(self.principal, Permission(permission), runbook)


def viewer(request: Request) -> Viewer:
    found = who(request)
    csrf = found.visit.session.csrf if found.visit else ""
    ctx = services_of(request).context()
    return Viewer(found.principal, csrf, ctx.clock.now(), request.app.state.pulse.size(ctx))


Looking = Annotated[Viewer, Depends(viewer)]


def show(
    request: Request, looking: Viewer, template: str, status: int = 200, **values: Any
) -> HTMLResponse:
    """A page of the console. `room` (of ROOMS) is marked in the navigation. `live` keeps it up to
    date by itself: "all", or "incident=N" for what concerns that one only."""
    said = notice(request.query_params.get("said", ""))
    given = {"live": "", "said": said, "query": request.query_params, **values}
    rooms = [(place, name) for place, name, asks in ROOMS if looking.may(asks)]
    frame = {"looking": looking, "now": looking.now, "rooms": rooms, "key": _key}
    return pages.console(request, template, status, **frame, **given)


def to(request: Request, *parts: str | int, said: str = "", **query: Any) -> RedirectResponse:
    """On to another page, after an act; `said` names what is told there (`console.notices`)."""
    return RedirectResponse(path(request, *parts, said=said, **query), 303)


def _key() -> str:
    """Makes a form that is shown one that is sent once."""
    return secrets.token_urlsafe(12)
