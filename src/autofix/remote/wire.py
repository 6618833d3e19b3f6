"""HTTP to one server with nothing but the standard library: a socket, TCP or TLS.

No proxy of the environment is used, no redirect followed, no certificate taken on trust. An answer
that is too large or too late is given up. Everything that fails on the way is a StoreError (exit
code 4) in one line: `Broken` when it may go well if it is tried again.
"""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from autofix.core.inert import inert
from autofix.errors import StoreError, UsageError
from autofix.remote.address import Address

#: Seconds to get through to the server, and to wait for its next byte.
REACH, ANSWER = 5.0, 30.0
#: The largest answer in bytes, and the longest line of one that comes line by line.
LARGEST, LONGEST_LINE = 256 * 1024 * 1024, 16 * 1024 * 1024


class Broken(StoreError):
    """The connection broke or could not be made; `sent`: the server may have had the request."""

    def __init__(self, message: str, *, hint: str = "", sent: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.sent = sent


@dataclass(frozen=True)
class Request:
    method: str
    path: str  # with its query, already quoted
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    timeout: float = ANSWER  # seconds until the next byte


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes


class _Local(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, file: Path, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._file = file

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._file))


def trust(ca: Path | None) -> ssl.SSLContext:
    """The authorities of the system, or only those of this file. UsageError for a file that is
    none."""
    try:
        context = ssl.create_default_context(cafile=str(ca) if ca else None)
    except (OSError, ssl.SSLError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else "no certificate"
        raise UsageError(
            f"--server-ca {ca}: {why}", hint="name a PEM file with the certificates to trust"
        ) from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


class Wire:
    """One connection at a time, kept open between requests of a kind that may be asked twice."""

    def __init__(self, at: Address, ca: Path | None = None) -> None:
        self.at = at
        self._tls = trust(ca) if at.tls else None
        self._open: http.client.HTTPConnection | None = None

    def close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None

    def ask(self, request: Request, *, twice: bool = False) -> Reply:
        """The whole answer. `twice`: it does no harm to ask again when the connection breaks."""
        try:
            return self._ask(request, fresh=not twice)
        except Broken as error:
            if not twice or not error.sent:
                raise
        return self._ask(request, fresh=True)

    def _ask(self, request: Request, *, fresh: bool) -> Reply:
        response = self._sent(request, fresh=fresh)
        try:
            return Reply(response.status, _headers(response), self._body(response))
        finally:
            response.close()  # a connection that ends with its answer leaves the socket to it

    @contextmanager
    def lines(self, request: Request) -> Iterator[tuple[Reply, Iterator[bytes]]]:
        """An answer line by line as it comes; the body of a refusal stands in the reply."""
        response = self._sent(request, fresh=True)
        try:
            refused = self._body(response) if response.status >= 300 else b""
            yield Reply(response.status, _headers(response), refused), self._lines(response)
        finally:
            response.close()
            self.close()

    def _sent(self, request: Request, *, fresh: bool) -> http.client.HTTPResponse:
        if fresh:
            self.close()
        connection = self._connection(request.timeout)
        with self._told(sent=True):
            connection.request(
                request.method, self.at.base + request.path, request.body, dict(request.headers)
            )
            return connection.getresponse()

    def _body(self, response: http.client.HTTPResponse) -> bytes:
        with self._told(sent=True):
            body = response.read(LARGEST + 1)
            if len(body) > LARGEST:
                raise StoreError(f"{self.at.name} answered more than {LARGEST} bytes")
            if response.length:
                raise http.client.IncompleteRead(body, response.length)
            return body

    def _lines(self, response: http.client.HTTPResponse) -> Iterator[bytes]:
        while line := self._line(response):
            yield line

    def _line(self, response: http.client.HTTPResponse) -> bytes:
        with self._told(sent=True):
            line = response.readline(LONGEST_LINE)
            if not line and response.length:
                raise http.client.IncompleteRead(b"", response.length)
            return line

    def _connection(self, timeout: float) -> http.client.HTTPConnection:
        if self._open is None or self._open.sock is None:
            self._open = self._made()
            with self._told(sent=False):
                self._open.connect()
        self._open.sock.settimeout(timeout)
        return self._open

    def _made(self) -> http.client.HTTPConnection:
        if self.at.socket is not None:
            return _Local(self.at.socket, REACH)
        if self._tls is None:
            return http.client.HTTPConnection(self.at.host, self.at.port, timeout=REACH)
        return http.client.HTTPSConnection(
            self.at.host, self.at.port, timeout=REACH, context=self._tls
        )

    @contextmanager
    def _told(self, *, sent: bool) -> Iterator[None]:
        """Everything that can go wrong on the way, in a line."""
        try:
            yield
        except ssl.SSLCertVerificationError as error:
            self.close()
            raise StoreError(
                f"{self.at.name} shows a certificate that is not trusted: {error.verify_message}",
                hint="--server-ca FILE names the authority that signed it",
            ) from None
        except (OSError, http.client.HTTPException) as error:
            self.close()
            said = "broke off" if sent else "can't be reached"
            hint = "" if sent else self._hint()
            raise Broken(f"{self.at.name} {said}: {_why(error)}", hint=hint, sent=sent) from None

    def _hint(self) -> str:
        return "is it running? see --server and AUTOFIX_SERVER" if self.at.socket is None else ""


def _headers(response: http.client.HTTPResponse) -> dict[str, str]:
    return {name.lower(): value for name, value in response.getheaders()}


def _why(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, http.client.RemoteDisconnected | http.client.IncompleteRead):
        return "it closed the connection"
    words = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return inert(words or type(error).__name__, 300)
