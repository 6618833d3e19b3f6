"""Who asks, and whether he may: before any route, for every route, by the one table.

A request that fits no line of the table goes no further, so no route can be reached that has no
policy. What is left to the desk is the runbook that something is about.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from re import Pattern
from typing import Any, TypeVar
from urllib.parse import unquote

from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection, Request
from starlette.responses import RedirectResponse
from starlette.routing import compile_path
from starlette.types import ASGIApp, Receive, Scope, Send

from autofix.core.accounts import Visit
from autofix.core.roles import Permission, Principal, refusal
from autofix.desk.doorman import TurnedAway
from autofix.errors import Denied, StoreError
from autofix.web import forms, origin, people
from autofix.web.paths import path as way_to
from autofix.web.paths import route_path
from autofix.web.policy import ROUTES, V1
from autofix.web.problems import Problem
from autofix.web.protocol import UID
from autofix.web.services import Services

WHO, ROUTE = "autofix.who", "autofix.route"
ACTOR = "x-autofix-actor"
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="autofix"'}
Found = TypeVar("Found")
#: What a session may do that still owes its second factor.
_SECOND = f"{V1}/session/second-factor"
#: The page for it: `GET` shows it, `POST` makes a seed, `/code` takes the first code.
ENROLL = "/account/second-factor"
ENROLLING = frozenset(
    {
        ("GET", f"{V1}/session"),
        ("DELETE", f"{V1}/session"),
        ("POST", _SECOND),
        ("PUT", _SECOND),
        ("GET", ENROLL),
        ("POST", ENROLL),
        ("POST", f"{ENROLL}/code"),
        ("POST", "/logout"),
    }
)


class Owes(Problem):
    """A person opened a page who has to set up his second factor first: he is led there."""

    def __init__(self) -> None:
        super().__init__(403, "this account needs a second factor first")


class Stale(Problem):
    """The form is of another session than the one that sends it."""


@dataclass(frozen=True)
class Who:
    """`visit`: when he is known by a session."""

    principal: Principal
    visit: Visit | None = None

    @property
    def mark(self) -> str:
        """The same token or session, however it was shown."""
        return self.visit.session.digest if self.visit else self.principal.actor


def who(request: Request) -> Who:
    """Whom the guard let in. Problem 401 on a route that lets in everybody."""
    found: Who | None = request.scope.get(WHO)
    if found is None:
        raise Problem(401, "say who you are", headers=CHALLENGE)
    return found


def asker(request: Request) -> Principal:
    return who(request).principal


def visit(request: Request) -> Visit:
    """The browser's session. Problem 403 for who came in another way."""
    found = who(request).visit
    if found is None:
        raise Problem(403, "this is about a session", "log in with name and password")
    return found


def cookie_name(scheme: str) -> str:
    """Under TLS a name that browsers bind to this very host."""
    return "__Host-autofix" if scheme == "https" else "autofix"


def address(request: HTTPConnection) -> str:
    return request.client.host if request.client else ""


def verified(request: Request) -> None:
    """A dependency of every route: the one that was judged is the one that answers."""
    route = request.scope.get("route")
    judged = request.scope.get(ROUTE)
    if judged is None or judged[1] != getattr(route, "path", None):
        raise Problem(403, "this route has no policy")


class Guard:
    """ASGI middleware; nothing of ours stands further in that asks who it is."""

    def __init__(self, app: ASGIApp, services: Services) -> None:
        self._app, self._services = app, services
        self._routes = Routes(path for _, path in ROUTES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return  # no websockets, no lifespan of ours
        request = Request(scope, receive)
        try:
            await self._judge(request)
        except Owes:
            here = request.url.query
            back = f"{route_path(request)}?{here}" if here else route_path(request)
            way = way_to(request, *ENROLL.strip("/").split("/"), next=back)
            await RedirectResponse(way, 303)(scope, receive, send)
            return
        except Problem as error:
            form = await self._what_was_typed(request, error)
            told = people.told(request, error.status, error.detail, error.hint, error.headers, form)
            await told(scope, receive, send)
            return
        await self._app(scope, forms.spent if forms.FORM in scope else receive, send)

    async def _judge(self, request: Request) -> None:
        """Problem unless the request may go on; who it is stands in the scope then."""
        scope = request.scope
        method = "GET" if request.method == "HEAD" else request.method
        path = self._routes.find(route_path(request), method)
        permission = ROUTES[method, path]
        scope[ROUTE] = (method, path)
        if permission is Permission.HOOK:
            return
        if permission is Permission.OPEN or self._metrics_for_all(permission):
            if method not in origin.SAFE:
                await self._in_thread(self._from_here, request, method, path, "unknown")
            return
        scope[WHO] = who = await self._in_thread(self._who, request, method, path)
        if who.visit is not None:
            shown = await _csrf(request, method)
            await self._in_thread(self._of_session, request, method, path, who.visit, shown)
            if not who.visit.session.passed:
                return  # he has no roles yet, and enrolling needs none
        if why := refusal(who.principal, permission):
            await self._in_thread(self._deny, request, method, path, who.principal.actor, why)

    def _metrics_for_all(self, permission: Permission) -> bool:
        return permission is Permission.METRICS and self._services.settings().metrics == "open"

    async def _in_thread(self, act: Callable[..., Found], *given: Any) -> Found:
        try:
            return await run_in_threadpool(act, *given)
        except StoreError as error:
            raise Problem(503, str(error), error.hint) from error

    def _who(self, request: Request, method: str, path: str) -> Who:
        try:
            return self._known(request)
        except Problem as error:
            self._denied(request, method, path, "unknown", error.detail)
            raise
        except Denied as error:
            who = getattr(error, "who", "unknown")
            self._denied(request, method, path, who, str(error))
            known = isinstance(error, TurnedAway) and error.known
            headers = {} if known else CHALLENGE
            raise Problem(403 if known else 401, str(error), error.hint, headers) from error

    def _known(self, request: Request) -> Who:
        doorman, scheme = self._services.doorman, request.url.scheme
        if UID in request.scope:
            said = unquote(request.headers.get(ACTOR, "").strip())
            return Who(doorman.by_socket(request.scope[UID], said))
        shown = request.headers.get("authorization", "")
        if shown:
            kind, _, token = shown.partition(" ")
            if kind.lower() != "bearer":
                raise Problem(401, "a token is shown as `Bearer af_…`", headers=CHALLENGE)
            return Who(doorman.by_token(token.strip(), address=address(request)))
        cookie = request.cookies.get(cookie_name(scheme), "")
        if not cookie:
            raise Problem(401, "say who you are", "log in, or show a token", CHALLENGE)
        found = doorman.by_session(cookie, address=address(request))
        if found is None:
            raise Problem(401, "this session is over", "log in again", CHALLENGE)
        return Who(found.principal, found)

    def _of_session(
        self, request: Request, method: str, path: str, visit: Visit, csrf: str
    ) -> None:
        """What only browsers are asked: that a page of ours sent it, and the second factor."""
        who = visit.principal.actor
        if method not in origin.SAFE:
            self._from_here(request, method, path, who)
            shown = csrf.encode("utf-8", "replace")
            if not hmac.compare_digest(shown, visit.session.csrf.encode()):
                why = "X-CSRF-Token is not this session's"
                self._denied(request, method, path, who, why)
                raise Stale(403, why)
        if not visit.session.passed and (method, path) not in ENROLLING:
            if method == "GET" and people.asks(request):
                raise Owes
            why = "this account needs a second factor first"
            self._deny(request, method, path, who, why)

    def _from_here(self, request: Request, method: str, path: str, who: str) -> None:
        if why := origin.fault(request.headers, request.url.scheme, self._ours()):
            self._deny(request, method, path, who, why)

    async def _what_was_typed(self, request: Request, error: Problem) -> forms.Form | None:
        """The form of who has to log in first, or has done so since: it is shown to him again.
        Never one that another site filled in: browsers leave our cookie out of what those send."""
        stale = isinstance(error, Stale)
        if not (stale or error.status == 401) or request.method in origin.SAFE:
            return None
        if not people.asks(request):
            return None
        if origin.fault(request.headers, request.url.scheme, self._ours()):
            return None
        with suppress(Problem):
            found = await forms.read(request.scope, request.receive)
            his = not stale or found.get(forms.WHOSE) == asker(request).name
            return found if his else None
        return None

    def _ours(self) -> list[str]:
        public = self._services.context().book.public_url
        return [public] if public else []

    def _deny(self, request: Request, method: str, path: str, who: str, why: str) -> None:
        self._denied(request, method, path, who, why)
        raise Problem(403, why)

    def _denied(self, request: Request, method: str, path: str, who: str, why: str) -> None:
        what, doorman = f"{method} {path}", self._services.doorman
        doorman.denied(who, what, why, address=address(request))


async def _csrf(request: Request, method: str) -> str:
    """What shows that a page of ours sent it: a header, or a field of the form."""
    shown = request.headers.get("x-csrf-token", "")
    if shown or method in origin.SAFE or not forms.is_form(request.headers):
        return shown
    return (await forms.read(request.scope, request.receive)).get("csrf", "")


class Routes:
    """Which line of the table a path means, by the router's own patterns."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._exact: set[str] = set()
        self._patterns: list[tuple[Pattern[str], str]] = []
        for path in dict.fromkeys(paths):
            if "{" in path:
                self._patterns.append((compile_path(path)[0], path))
            else:
                self._exact.add(path)

    def find(self, path: str, method: str) -> str:
        """Problem 404 or 405 for what is not there."""
        if path in self._exact:
            places = [path]
        else:
            places = [name for pattern, name in self._patterns if pattern.match(path)]
        for name in places:
            if (method, name) in ROUTES:
                return name
        if not places:
            raise Problem(404, "there is nothing at this address")
        known = sorted({each for each, name in ROUTES if name == places[0]})
        raise Problem(405, f"{method} is not done here", headers={"Allow": ", ".join(known)})
