"""Logging in and out by a browser. A form that was sent when the session had ended is kept: it goes
through the login as fields `kept.…`, and is shown again, to be sent by hand."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from autofix.desk.logins import FarAway, Opened, TooMany
from autofix.desk.passwords import Busy
from autofix.errors import Denied
from autofix.web import pages
from autofix.web.api.common import services_of
from autofix.web.console import kept
from autofix.web.console.frame import Viewer
from autofix.web.console.places import inside
from autofix.web.forms import Form, form
from autofix.web.paths import path
from autofix.web.people import blank
from autofix.web.session import entrance_of, set_cookie
from autofix.web.who import address, cookie_name, visit

router = APIRouter(include_in_schema=False)
Fields = Annotated[Form, Depends(form)]


@router.get("/login")
def show(request: Request, next: str = "/") -> Response:
    return _page(request, 200, next=inside(next))


@router.post("/login")
def login(request: Request, fields: Fields) -> Response:
    name, logins = fields.get("name", "").strip(), entrance_of(request).logins
    old = request.cookies.get(cookie_name(request.url.scheme), "")
    password, code = fields.get("password", ""), fields.get("code", "").strip()
    try:
        opened = logins.login(name, password, code, address=address(request), old=old)
    except TooMany:
        return _again(request, fields, 429, "many")
    except Busy:
        return _again(request, fields, 503, "busy")
    except Denied as error:
        return _again(request, fields, 401, "far" if isinstance(error, FarAway) else "wrong")
    said = _in(request, fields, opened)
    set_cookie(said, request.url.scheme, opened)
    return said


@router.post("/login/kept")
def logged_in_elsewhere(request: Request, fields: Fields) -> Response:
    """He logged in by another tab, as by the identity provider; here waits what he had typed."""
    cookie = request.cookies.get(cookie_name(request.url.scheme), "")
    doorman = services_of(request).doorman
    found = doorman.by_session(cookie, address=address(request)) if cookie else None
    if found is None:
        return _again(request, fields, 401, "not_yet")
    viewer = Viewer(found.principal, found.session.csrf, _now(request), 0)
    waiting = kept.waiting(fields, found.principal.name)
    return kept.shown(request, viewer, waiting) or _to(request, waiting.address)


@router.post("/logout")
def logout(request: Request) -> Response:
    entrance_of(request).logins.logout(visit(request).session)
    said = RedirectResponse(path(request, "login"), 303)
    scheme = request.url.scheme
    said.delete_cookie(cookie_name(scheme), path="/", secure=scheme == "https", httponly=True)
    return said


def _in(request: Request, fields: Form, opened: Opened) -> Response:
    """Where he wanted to go; first what waits to be sent, and before all a second factor."""
    waiting = kept.waiting(fields, opened.principal.name)
    viewer = Viewer(opened.principal, opened.session.csrf, _now(request), 0)
    if not opened.session.passed:
        return kept.enrolling(request, viewer, **waiting.values)
    return kept.shown(request, viewer, waiting) or _to(request, waiting.address)


def _to(request: Request, back: str) -> RedirectResponse:
    return RedirectResponse(path(request) + back.lstrip("/"), 303)


def _now(request: Request) -> float:
    return services_of(request).context().clock.now()


def _again(request: Request, fields: Form, status: int, why: str) -> Response:
    name, waiting = fields.get("name", ""), kept.waiting(fields)
    return _page(request, status, why=why, name=name, **waiting.values)


def _page(request: Request, status: int, **values: object) -> Response:
    nobody = entrance_of(request).setup.needed()
    oidc = services_of(request).oidc() is not None
    return pages.console(request, "login.html", status, **blank(oidc=oidc, nobody=nobody, **values))
