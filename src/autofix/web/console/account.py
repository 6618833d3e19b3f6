"""One's own account: password, second factor, tokens; language and colours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import parse_qs, urlsplit

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import RedirectResponse, Response

from autofix.core.accounts import Visit
from autofix.core.roles import Role
from autofix.desk.logins import TooMany
from autofix.desk.passwords import SHORTEST, Busy
from autofix.desk.rules import asks_second_factor
from autofix.errors import AutofixError, Denied
from autofix.web.api.common import LARGEST, AtDesk, services_of
from autofix.web.console import kept
from autofix.web.console.acting import act
from autofix.web.console.frame import Looking, Viewer, show, to
from autofix.web.console.tokens import OWN_LASTS, made_page
from autofix.web.forms import Form, form
from autofix.web.paths import path
from autofix.web.problems import status_of
from autofix.web.qr import picture
from autofix.web.session import entrance_of
from autofix.web.who import address, cookie_name, visit, who

router = APIRouter(prefix="/account", include_in_schema=False)
Fields = Annotated[Form, Depends(form)]
Number = Annotated[int, Path(ge=1, le=LARGEST)]


@router.get("")
def account(request: Request, looking: Looking, desk: AtDesk) -> Response:
    return _page(request, looking, desk)


@router.post("/password")
def password(request: Request, looking: Looking, desk: AtDesk, fields: Fields) -> Response:
    here, own = visit(request), entrance_of(request).own
    if fields.get("new_password", "") != fields.get("password_again", ""):
        return _page(request, looking, desk, 422, wrong="The two new passwords are not the same.")
    old, new = fields.get("old_password", ""), fields.get("new_password", "")
    why, status = _refused(lambda: own.change_password(here, old, new))
    if why:
        return _page(request, looking, desk, status, wrong=why)
    return to(request, "account", said="password")


@router.post("/sessions/end")
def end_others(request: Request) -> Response:
    entrance_of(request).own.end_others(visit(request))
    return to(request, "account", said="others_ended")


@router.post("/tokens")
def add_token(request: Request, looking: Looking, desk: AtDesk, fields: Fields) -> Response:
    return made_page(request, looking, desk, fields, back=("account",))


@router.post("/tokens/{number}/revoke")
def revoke(
    request: Request, looking: Looking, desk: AtDesk, fields: Fields, number: Number
) -> Response:
    return act(
        request,
        looking,
        fields,
        lambda: desk.revoke_token(number),
        to=("account",),
        said="revoked",
    )


@router.get("/second-factor")
def second_factor(request: Request, looking: Looking, next: str = "/") -> Response:
    return _enrolling(request, looking, Form([("next", next)]))


@router.post("/second-factor")
def begin(request: Request, looking: Looking, fields: Fields) -> Response:
    """A new seed, seen this once."""
    here, own = visit(request), entrance_of(request).own
    found: list[str] = []
    why, status = _refused(lambda: found.append(own.begin_second_factor(here)))
    if why:
        return _enrolling(request, looking, fields, status, wrong=why)
    [uri] = found
    drawn = picture(uri, "otpauth")
    return _enrolling(
        request, looking, fields, step="code", uri=uri, seed=_seed(uri), picture=drawn
    )


@router.post("/second-factor/code")
def confirm(request: Request, looking: Looking, fields: Fields) -> Response:
    """The first code. Then on to where he wanted to go, or to what he was sending."""
    here, own = visit(request), entrance_of(request).own
    code = fields.get("code", "").strip()
    why, status = _refused(lambda: own.confirm_second_factor(here, code))
    if why:
        return _enrolling(request, looking, fields, status, step="code", wrong=why)
    waiting, fresh = kept.waiting(fields, looking.principal.name), _afresh(request, looking)
    if sent := kept.shown(request, fresh, waiting):
        return sent
    if waiting.address == "/":
        return to(request, "account", said="second_factor_on")
    return RedirectResponse(path(request) + waiting.address.lstrip("/"), 303)


@router.post("/second-factor/drop")
def drop(request: Request, looking: Looking, desk: AtDesk, fields: Fields) -> Response:
    here, own = visit(request), entrance_of(request).own
    given, code = fields.get("password", ""), fields.get("code", "").strip()
    why, status = _refused(lambda: own.drop_second_factor(here, given, code))
    if why:
        return _page(request, looking, desk, status, wrong=why)
    return to(request, "account", said="second_factor_off")


def _refused(do: Callable[[], Any]) -> tuple[str, int]:
    """Why not, in words, with the answer's status; empty when it was done."""
    try:
        do()
    except TooMany:
        return "too many tries: wait a quarter of an hour", 429
    except Busy:
        return "the server is checking many passwords: try again in ten seconds", 503
    except Denied as error:
        return _words(error), 403
    except AutofixError as error:
        return _words(error), status_of(error)
    return "", 200


def _words(error: AutofixError) -> str:
    return f"{error}: {error.hint}" if error.hint else str(error)


def _seed(uri: str) -> str:
    """In groups of four, as people type it."""
    seed = parse_qs(urlsplit(uri).query)["secret"][0]
    return " ".join(seed[at : at + 4] for at in range(0, len(seed), 4))


def _enrolling(
    request: Request, looking: Viewer, fields: Form, status: int = 200, **values: Any
) -> Response:
    here = visit(request)
    waiting = kept.waiting(fields, looking.principal.name)
    given = {"has": _has(request, here), **waiting.values, **values}
    return kept.enrolling(request, looking, status, owed=not here.session.passed, **given)


def _afresh(request: Request, looking: Viewer) -> Viewer:
    """With the roles that he has now."""
    cookie = request.cookies.get(cookie_name(request.url.scheme), "")
    found = services_of(request).doorman.by_session(cookie, address=address(request))
    principal = found.principal if found else looking.principal
    return Viewer(principal, looking.csrf, looking.now, looking.version)


def _has(request: Request, here: Visit) -> bool:
    """Has he a second factor already?"""
    with services_of(request).context().store.reading() as reads:
        user = reads.user(here.session.user)
    return bool(user and user.second_factor)


def _page(
    request: Request, looking: Viewer, desk: AtDesk, status: int = 200, wrong: str = ""
) -> Response:
    found = who(request)
    with services_of(request).context().store.reading() as reads:
        user = reads.user(looking.principal.name)
    rules = services_of(request).settings()
    return show(
        request,
        looking,
        "account.html",
        status,
        room="-",
        user=user,
        session=found.visit.session if found.visit else None,
        sessions=entrance_of(request).own.sessions(found.visit) if found.visit else [],
        tokens=desk.tokens() if looking.may("self") else [],
        roles=[role for role in Role if role in looking.principal.roles],
        asked=bool(user and asks_second_factor(rules, user.roles)),
        shortest=SHORTEST,
        lasts=OWN_LASTS,
        wrong=wrong,
    )
