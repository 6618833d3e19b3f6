"""Asking a server's API: requests as JSON, answers as our values, problems as our errors."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from autofix import __version__
from autofix.core.plain import plain
from autofix.remote.answers import error_of, misunderstood, parsed
from autofix.remote.codec import decode
from autofix.remote.wire import ANSWER, Reply, Request, Wire

V1 = "/api/v1"
#: So long, in seconds, it is waited when the server says that it is asked too often.
PATIENCE = 15.0
Value = TypeVar("Value")
#: The kind of an answer that is read by whoever asked.
JSON: Any = Any


def path(*parts: str | int) -> str:
    """`/api/v1/incidents/4/resolve`; names are quoted, so that none becomes another route."""
    return "/".join([V1, *(quote(str(each), safe="") for each in parts)])


class Client:
    """`token` is shown to a server that is not ours; `actor` tells our own one, over its socket,
    who sits here."""

    def __init__(
        self,
        wire: Wire,
        *,
        token: str = "",
        actor: str = "",
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._wire, self._sleep = wire, sleep
        self._headers = {"Accept": "application/json", "User-Agent": f"autofix/{__version__}"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        if actor:
            self._headers["X-Autofix-Actor"] = quote(actor, safe=" ()@\\+$")  # ASCII only

    @property
    def server(self) -> str:
        return self._wire.at.name

    def close(self) -> None:
        self._wire.close()

    def get(
        self, kind: type[Value], *parts: str | int, timeout: float = ANSWER, **query: Any
    ) -> Value:
        """A thing of this kind; what is None or empty in the query is left out."""
        reply = self._ask("GET", _with(path(*parts), query), None, {}, True, timeout)
        return self._read(kind, reply)

    def act(
        self,
        kind: type[Value],
        method: str,
        *parts: str | int,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
        once: bool = False,
        timeout: float = ANSWER,
    ) -> Value:
        """Do something. `once`: under a key by which the server knows a second try of the same,
        so that it is made when the connection broke and nobody knows what was heard."""
        headers = {"Idempotency-Key": secrets.token_hex(16)} if once else {}
        data = None if body is None else json.dumps(plain(body)).encode()
        if data is not None:
            headers["Content-Type"] = "application/json"
        where = _with(path(*parts), query or {})
        return self._read(kind, self._ask(method, where, data, headers, once, timeout))

    def _ask(
        self,
        method: str,
        where: str,
        body: bytes | None,
        headers: Mapping[str, str],
        twice: bool,
        timeout: float,
    ) -> Reply:
        request = Request(method, where, body, {**self._headers, **headers}, timeout)
        reply = self._wire.ask(request, twice=twice)
        if reply.status == 429 and _wait(reply) <= PATIENCE:
            self._sleep(_wait(reply))
            reply = self._wire.ask(request, twice=twice)
        if reply.status >= 300:
            raise self._error(reply)
        return reply

    def _error(self, reply: Reply) -> Exception:
        again = reply.headers.get("retry-after", "")
        return error_of(reply.status, reply.body, self.server, retry_after=again)

    def _read(self, kind: type[Value], reply: Reply) -> Value:
        try:
            return decode(kind, parsed(reply.body, self.server))
        except ValueError as error:
            raise misunderstood(self.server, str(error)) from None

    @contextmanager
    def lines(
        self, *parts: str | int, accept: str, timeout: float = ANSWER, **query: Any
    ) -> Iterator[Iterator[str]]:
        """An answer line by line, as it comes, with the ends of its lines."""
        headers = {**self._headers, "Accept": accept, **query.pop("headers", {})}
        request = Request("GET", _with(path(*parts), query), None, headers, timeout)
        with self._wire.lines(request) as (reply, lines):
            if reply.status >= 300:
                raise self._error(reply)
            yield (line.decode("utf-8", "replace") for line in lines)


def _with(where: str, query: Mapping[str, Any]) -> str:
    """Lists stand as the same name several times; truth as JSON writes it."""
    kept = {
        name: json.dumps(value) if isinstance(value, bool) else plain(value)
        for name, value in query.items()
        if value is not None and value not in ("", False, [], ())
    }
    return f"{where}?{urlencode(kept, doseq=True)}" if kept else where


def _wait(reply: Reply) -> float:
    text = reply.headers.get("retry-after", "")
    return float(text) if text.isdecimal() and len(text) < 6 else 1.0
