"""Logging in and out, and what a person changes about himself: password and second factor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Request, Response
from pydantic import ConfigDict, Field

from autofix.core.accounts import Session, Visit
from autofix.core.roles import Permission, Principal, Role, permissions
from autofix.desk.entrance import Entrance
from autofix.desk.logins import WINDOW, FarAway, Opened, TooMany
from autofix.desk.passwords import Busy
from autofix.errors import Denied
from autofix.web.api.bodies import Body
from autofix.web.api.common import ONE_LINE, StrictRoute, answer, services_of
from autofix.web.api.views import View
from autofix.web.policy import V1
from autofix.web.problems import Problem
from autofix.web.who import CHALLENGE, Who, address, cookie_name, visit, who

router = APIRouter(prefix=f"{V1}/session", route_class=StrictRoute, tags=["session"])
Done = TypeVar("Done")
Password = Annotated[str, Field(max_length=1024)]
Code = Annotated[str, Field(max_length=20)]


def _like(example: dict[str, Any]) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [example]})


class Login(Body):
    """`code`: of the second factor, for who has one."""

    model_config = _like({"name": "ann", "password": "…", "code": "123456"})

    name: Annotated[str, Field(max_length=200, pattern=ONE_LINE)]
    password: Password
    code: Code = ""


class Confirming(Body):
    model_config = _like({"code": "123456"})

    code: Code


class Dropping(Body):
    model_config = _like({"password": "…", "code": "123456"})

    password: Password
    code: Code


class NewPassword(Body):
    model_config = _like({"old": "…", "new": "…"})

    old: Password
    new: Password


class SessionView(View):
    """Who one is here. `csrf` belongs into `X-CSRF-Token` of whatever changes something; empty
    without a session. `passed`: else a second factor is to be set up first."""

    name: str
    actor: str
    via: str
    roles: list[Role]
    permissions: list[Permission]
    runbooks: list[str] | None
    csrf: str
    passed: bool
    until: float | None


class Seed(View):
    """`otpauth://…` for the authenticator; shown this once."""

    uri: str


def entrance_of(request: Request) -> Entrance:
    """Problem 503 where nobody logs in by a browser."""
    found = services_of(request).entrance
    if found is None:
        raise Problem(503, "nobody can log in here", "show a token")
    return found


@router.post("", response_model=SessionView)
def login(request: Request, body: Login) -> Response:
    """Log in; a cookie comes back. Whatever is wrong is told in the same words."""
    old = request.cookies.get(cookie_name(request.url.scheme), "")
    logins, here = entrance_of(request).logins, address(request)
    try:
        opened = _slowly(
            lambda: logins.login(body.name, body.password, body.code, address=here, old=old)
        )
    except FarAway as error:
        raise Problem(403, str(error)) from error
    except Denied as error:
        raise Problem(401, str(error), headers=CHALLENGE) from error
    said = answer(_view(opened.principal, opened.session))
    set_cookie(said, request.url.scheme, opened)
    return said


@router.get("", response_model=SessionView)
def show(request: Request) -> Response:
    """Who one is, and what one may do."""
    found: Who = who(request)
    return answer(_view(found.principal, found.visit.session if found.visit else None))


@router.delete("", status_code=204, response_class=Response)
def logout(request: Request) -> Response:
    """The session is over, here and at the server."""
    entrance_of(request).logins.logout(visit(request).session)
    said = answer(None)
    scheme = request.url.scheme
    said.delete_cookie(cookie_name(scheme), path="/", secure=scheme == "https", httponly=True)
    return said


@router.post("/second-factor", status_code=201, response_model=Seed)
def begin_second_factor(request: Request) -> Response:
    """A seed for an authenticator; it counts once a code of it has come."""
    here, own = visit(request), entrance_of(request).own
    return answer({"uri": _slowly(lambda: own.begin_second_factor(here))}, 201)


@router.put("/second-factor", response_model=SessionView)
def confirm_second_factor(request: Request, body: Confirming) -> Response:
    """The first code. From now on each login asks for one."""
    here, entrance = visit(request), entrance_of(request)
    _slowly(lambda: entrance.own.confirm_second_factor(here, body.code))
    return answer(_of(_again(request, entrance, here)))


@router.delete("/second-factor", status_code=204, response_class=Response)
def drop_second_factor(request: Request, body: Dropping) -> Response:
    """One's own, by password and code. Who lost his authenticator asks an administrator."""
    here, own = visit(request), entrance_of(request).own
    _slowly(lambda: own.drop_second_factor(here, body.password, body.code))
    return answer(None)


@router.put("/password", status_code=204, response_class=Response)
def change_password(request: Request, body: NewPassword) -> Response:
    """Other sessions end; this one goes on."""
    here, own = visit(request), entrance_of(request).own
    _slowly(lambda: own.change_password(here, body.old, body.new))
    return answer(None)


def set_cookie(said: Response, scheme: str, opened: Opened, *, lax: bool = False) -> None:
    """Kept from scripts and from other sites. It ends with the browser, or earlier here.

    `lax`: the browser comes from the identity provider, another site, and must show it at once.
    """
    said.set_cookie(
        cookie_name(scheme),
        opened.cookie,
        path="/",
        secure=scheme == "https",
        httponly=True,
        samesite="lax" if lax else "strict",
    )


def _slowly(act: Callable[[], Done]) -> Done:
    """429 for who tries too often: try again after a quarter of an hour."""
    try:
        return act()
    except TooMany as error:
        after = {"Retry-After": str(int(WINDOW))}
        raise Problem(429, str(error), error.hint, after) from error
    except Busy as error:
        raise Problem(503, str(error), error.hint, {"Retry-After": "10"}) from error


def _again(request: Request, entrance: Entrance, before: Visit) -> Visit:
    """The session as it stands after a change."""
    cookie = request.cookies.get(cookie_name(request.url.scheme), "")
    return entrance.doorman.by_session(cookie, address=address(request)) or before


def _of(found: Visit) -> dict[str, Any]:
    return _view(found.principal, found.session)


def _view(principal: Principal, session: Session | None) -> dict[str, Any]:
    return {
        "name": principal.name,
        "actor": principal.actor,
        "via": principal.via,
        "roles": sorted(principal.roles),
        "permissions": sorted(permissions(principal.roles)),
        "runbooks": None if principal.runbooks is None else sorted(principal.runbooks),
        "csrf": session.csrf if session else "",
        "passed": session.passed if session else True,
        "until": session.until if session else None,
    }
