"""Logging in and out by a browser. A form that was sent when the session had ended is kept."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from autofix.desk.logins import TooMany
from autofix.desk.passwords import Busy
from autofix.errors import AutofixError, Denied
from autofix.web import pages
from autofix.web.api.common import services_of
from autofix.web.console.places import inside
from autofix.web.forms import Form, form
from autofix.web.paths import path
from autofix.web.people import blank
from autofix.web.session import entrance_of, set_cookie
from autofix.web.who import address, cookie_name, visit

router = APIRouter(include_in_schema=False)


@router.get("/login")
def show(request: Request, next: str = "/") -> Response:
    return _page(request, 200, next=inside(next))


@router.post("/login")
def login(request: Request, fields: Annotated[Form, Depends(form)]) -> Response:
    back, name = inside(fields.get("next", "/")), fields.get("name", "").strip()
    old = request.cookies.get(cookie_name(request.url.scheme), "")
    logins = entrance_of(request).logins
    password, code = fields.get("password", ""), fields.get("code", "").strip()
    try:
        opened = logins.login(name, password, code, address=address(request), old=old)
    except (TooMany, Busy) as error:
        return _again(request, fields, 429 if isinstance(error, TooMany) else 503, error)
    except Denied as error:
        return _again(request, fields, 401, error)
    said = RedirectResponse(path(request) + back.lstrip("/"), 303)
    set_cookie(said, request.url.scheme, opened)
    return said


@router.post("/logout")
def logout(request: Request) -> Response:
    entrance_of(request).logins.logout(visit(request).session)
    said = RedirectResponse(path(request, "login"), 303)
    scheme = request.url.scheme
    said.delete_cookie(cookie_name(scheme), path="/", secure=scheme == "https", httponly=True)
    return said


def _again(request: Request, fields: Form, status: int, error: AutofixError) -> Response:
    words = f"{error}: {error.hint}" if error.hint else str(error)
    name, back = fields.get("name", ""), inside(fields.get("next", "/"))
    return _page(request, status, said=words, name=name, next=back)


def _page(request: Request, status: int, **values: object) -> Response:
    oidc = services_of(request).oidc() is not None
    return pages.console(request, "login.html", status, **blank(oidc=oidc, **values))
