"""The gate: what every request passes, before the app and after it."""

from __future__ import annotations

import logging
import re
import secrets

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from autofix.core.inert import inert
from autofix.web import hooks, people
from autofix.web.clerk import Clerk
from autofix.web.limits import Limits, credential_of
from autofix.web.peers import PEER, Peer, find_peer
from autofix.web.problems import NUMBER, Problem, defect
from autofix.web.protocol import UID
from autofix.web.services import Services
from autofix.web.who import WHO

log = logging.getLogger("autofix")

#: What a browser may do with any answer of ours: nothing, but what a page asks for itself.
HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),  # with less, forms of our own have no Origin
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
CSP = (
    b"content-security-policy",
    b"default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    b"base-uri 'none'; frame-ancestors 'none'",
)
_CODE = re.compile(r"(/(?:ack|setup)/).*", re.S)
HSTS = (b"strict-transport-security", b"max-age=31536000")
NO_STORE = (b"cache-control", b"no-store")


class Gate:
    """An ASGI app around ours."""

    def __init__(self, app: ASGIApp, services: Services, clerk: Clerk) -> None:
        self._app, self._services, self._clerk = app, services, clerk
        self._limits = Limits(lambda: services.settings().requests_per_minute)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        settings = self._services.settings()
        peer = find_peer(scope, tuple(settings.trusted_proxies), scope.get(UID))
        scope[PEER], scope[hooks.CLERK] = peer, self._clerk
        if peer.proxied:
            scope["client"] = (peer.address, 0)
            scope["scheme"] = "https" if peer.secure else "http"
        if settings.base_path and peer.uid is None:
            scope["root_path"] = settings.base_path
        said = _Said(send, peer)
        try:
            _check_host(scope)
            source = _hook(scope["path"], settings.base_path) if scope["method"] == "POST" else ""
            if source:
                answer = await self._post(source, peer, scope, receive)
                await answer(scope, receive, said)
            else:
                await self._ask(peer, scope, receive, said)
        except Problem as error:
            await self._told(error, scope)(scope, receive, said)
        except Exception as error:  # noqa: BLE001 - whoever asked gets an answer, the log the rest
            await self._crashed(error, scope, receive, said)

    async def _post(self, source: str, peer: Peer, scope: Scope, receive: Receive) -> Response:
        """Alerts: the short way."""
        wait = self._limits.post(peer.address) if peer.uid is None else 0
        if wait:
            why = "too many posts from this address showed a wrong secret"
            raise Problem(503, why, "try again later", {"retry-after": str(wait)})
        answer = await hooks.answered(source, scope, receive)
        if answer.status_code == 401 and peer.uid is None:
            self._limits.wrong_post(peer.address)
        return answer

    async def _ask(self, peer: Peer, scope: Scope, receive: Receive, said: _Said) -> None:
        scope[NUMBER], shown = secrets.token_hex(6), ""
        if peer.uid is None:
            shown = credential_of(scope["headers"])
            if wait := self._limits.enter(peer.address, shown):
                why = "too many requests in a minute"
                raise Problem(429, why, "ask less often", {"retry-after": str(wait)})
        if scope["method"] == "HEAD":
            scope = {**scope, "method": "GET"}  # uvicorn leaves the body out
        await self._app(scope, receive, said)
        if WHO in scope:
            self._limits.good(shown, scope[WHO].mark)

    async def _crashed(self, error: Exception, scope: Scope, receive: Receive, said: _Said) -> None:
        number = scope.setdefault(NUMBER, secrets.token_hex(6))
        log.error("request %s failed: %s %s", number, scope["method"], _shown(scope["path"]),
                  exc_info=error)  # fmt: skip
        if not said.begun:
            await self._told(Problem(500, defect(number)), scope)(scope, receive, said)

    @staticmethod
    def _told(error: Problem, scope: Scope) -> Response:
        """Senders and programs get a document, people a page."""
        if scope["method"] == "POST" and scope["path"].startswith(hooks.PREFIX):
            return hooks.problem(error)
        return people.told(Request(scope), error.status, error.detail, error.hint, error.headers)


class _Said:
    """`send`, with the headers that every answer has."""

    def __init__(self, send: Send, peer: Peer) -> None:
        self._send, self._peer = send, peer
        self.begun = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            headers = list(message.get("headers", ()))
            named = {name for name, _ in headers}
            headers += [each for each in self._ours() if each[0] not in named]
            message = {**message, "headers": headers}
        await self._send(message)

    def _ours(self) -> tuple[tuple[bytes, bytes], ...]:
        hsts = (HSTS,) if self._peer.secure and self._peer.uid is None else ()
        return (*HEADERS, CSP, NO_STORE, *hsts)


def _shown(path: str) -> str:
    """For the log: the code in a link opens what the link opens."""
    return inert(_CODE.sub(r"\1…", path), 200)


def _check_host(scope: Scope) -> None:
    """Problem 400 for what no client of ours sends."""
    hosts = sum(name == b"host" for name, _ in scope["headers"])
    if hosts > 1 or (hosts == 0 and scope["http_version"] == "1.1"):
        raise Problem(400, "a request has one Host header")


def _hook(path: str, base: str) -> str:
    """The source's name if this is a post of alerts; these take the short way."""
    if base and path.startswith(base):
        path = path[len(base) :]
    if not path.startswith(hooks.PREFIX):
        return ""
    source = path[len(hooks.PREFIX) :]
    return "" if "/" in source else source
