"""Logging in by the identity provider: to it, and back with a code. Bound to the browser by a
cookie, so that nobody can be logged in as somebody else by a link."""

from __future__ import annotations

import hmac
from typing import Annotated
from urllib.parse import quote, unquote

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from autofix.core.inert import inert
from autofix.desk.logins import TooMany
from autofix.desk.vouched import LASTS
from autofix.errors import Denied, StoreError
from autofix.web import pages
from autofix.web.api.common import services_of
from autofix.web.console.places import inside
from autofix.web.paths import path
from autofix.web.services import IdentityProvider
from autofix.web.session import entrance_of, set_cookie
from autofix.web.who import address, cookie_name

router = APIRouter(prefix="/auth/oidc", include_in_schema=False)
CALLBACK = "/auth/oidc/callback"
#: The cookie of where he wanted to go; whatever stands in it is taken for an address of ours only.
WANTED = "autofix-wanted"
Said = Annotated[str, Query(max_length=4096)]
NOT_SET = "logging in by an identity provider is not set up"


@router.get("/login")
def login(request: Request, next: Said = "/") -> Response:
    """`next`: where he wanted to go; kept in his browser while he is away."""
    found = services_of(request).oidc()
    if found is None:
        return pages.problem(request, 404, NOT_SET, "see `oidc` in the settings")
    now = services_of(request).context().clock.now()
    try:
        begun = entrance_of(request).vouched.begin(address(request))
        url = found.login_url(begun, back(request), now)
    except TooMany:
        return pages.problem(
            request, 429, "too many logins from this address", "try again in a minute"
        )
    except StoreError as error:
        return pages.problem(request, 503, str(error), error.hint)
    said = RedirectResponse(url, 303)
    scheme = request.url.scheme
    for name, value in (
        (_state_cookie(scheme), begun.state),
        (WANTED, quote(inside(next), safe="")),
    ):
        said.set_cookie(
            name,
            value,
            max_age=int(LASTS),
            path="/",
            secure=scheme == "https",
            httponly=True,
            samesite="lax",  # it comes back from another site
        )
    return said


@router.get("/callback")
def callback(request: Request, code: Said = "", state: Said = "", error: Said = "") -> Response:
    found = services_of(request).oidc()
    if found is None:
        return pages.problem(request, 404, NOT_SET, "see `oidc` in the settings")
    try:
        said: Response = _come_in(request, found, code, state, error)
    except Denied as denied:
        said = pages.problem(request, 403, str(denied), denied.hint)
    except StoreError as failed:
        said = pages.problem(request, 503, str(failed), failed.hint)
    scheme = request.url.scheme
    # A browser takes it for the cookie's end only with what the cookie came with.
    for name in (_state_cookie(scheme), WANTED):
        said.delete_cookie(name, path="/", secure=scheme == "https", httponly=True, samesite="lax")
    return said


def back(request: Request) -> str:
    """The address that is registered at the provider."""
    public = services_of(request).context().book.public_url.rstrip("/")
    if public:
        return f"{public}{CALLBACK}"
    base = str(request.scope.get("root_path", ""))
    return f"{request.url.scheme}://{request.url.netloc}{base}{CALLBACK}"


def _come_in(
    request: Request, provider: IdentityProvider, code: str, state: str, error: str
) -> Response:
    entrance, here, scheme = entrance_of(request), address(request), request.url.scheme
    try:
        bound = request.cookies.get(_state_cookie(scheme), "")
        if not state or not hmac.compare_digest(bound.encode(), state.encode()):
            raise Denied("this login was begun in another browser", hint="begin anew")
        begun = entrance.vouched.take(state)
        if error or not code:
            said = inert(error, 80) or "no code"
            raise Denied(f"the identity provider says: {said}", hint="begin anew")
        now = services_of(request).context().clock.now()
        who = provider.stranger(code, begun, back(request), now)
    except Denied as denied:
        entrance.denials.denied("unknown", "login", str(denied), address=here)
        raise
    old = request.cookies.get(cookie_name(scheme), "")
    opened = entrance.vouched.come_in(who, provider.options.roles, address=here, old=old)
    wanted = inside(unquote(request.cookies.get(WANTED, "/")))
    answer = RedirectResponse(path(request) + wanted.lstrip("/"), 303)
    set_cookie(answer, scheme, opened, lax=True)
    return answer


def _state_cookie(scheme: str) -> str:
    return "__Host-autofix-oidc" if scheme == "https" else "autofix-oidc"
