"""The gate: what every request passes, before the app and after it."""

from __future__ import annotations

import logging
import secrets

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from autofix.web import hooks
from autofix.web.clerk import Clerk
from autofix.web.peers import PEER, Peer, find_peer
from autofix.web.problems import Problem
from autofix.web.protocol import UID
from autofix.web.services import Services

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
HSTS = (b"strict-transport-security", b"max-age=31536000")
NO_STORE = (b"cache-control", b"no-store")


class Gate:
    """An ASGI app around ours."""

    def __init__(self, app: ASGIApp, services: Services, clerk: Clerk) -> None:
        self._app, self._services, self._clerk = app, services, clerk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        settings = self._services.settings()
        peer = find_peer(scope, tuple(settings.trusted_proxies), scope.get(UID))
        scope[PEER], scope[hooks.CLERK] = peer, self._clerk
        if peer.proxied:
            scope["client"] = (peer.address, 0)
            scope["scheme"] = "https" if peer.secure else "http"
        said = _Said(send, peer)
        try:
            fault = _fault(scope)
            if fault is not None:
                await hooks.problem(fault)(scope, receive, said)
                return
            base = settings.base_path
            if base and peer.uid is None:
                scope["root_path"] = base
            if scope["method"] == "POST" and (source := _hook(scope["path"], base)):
                await (await hooks.answered(source, scope, receive))(scope, receive, said)
                return
            if scope["method"] == "HEAD":
                scope = {**scope, "method": "GET"}  # uvicorn leaves the body out
            await self._app(scope, receive, said)
        except Exception as error:  # noqa: BLE001 - whoever asked gets an answer, the log the rest
            await self._crashed(error, scope, receive, said)

    async def _crashed(self, error: Exception, scope: Scope, receive: Receive, said: _Said) -> None:
        number = secrets.token_hex(6)
        log.error("request %s failed: %s %s", number, scope["method"], scope["path"][:200],
                  exc_info=error)  # fmt: skip
        if not said.begun:
            words = f"a defect in autofix; its log has it as request {number}"
            await hooks.problem(Problem(500, words))(scope, receive, said)


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


def _fault(scope: Scope) -> Problem | None:
    """What no client of ours sends."""
    hosts = sum(name == b"host" for name, _ in scope["headers"])
    if hosts > 1 or (hosts == 0 and scope["http_version"] == "1.1"):
        return Problem(400, "a request has one Host header")
    return None


def _hook(path: str, base: str) -> str:
    """The source's name if this is a post of alerts; these take the short way."""
    if base and path.startswith(base):
        path = path[len(base) :]
    if not path.startswith(hooks.PREFIX):
        return ""
    source = path[len(hooks.PREFIX) :]
    return "" if "/" in source else source
