"""httpx over a connection with one deadline: the name, the handshake and every byte.

httpx's own timeouts are for each single read: a server that trickles a byte a second never
reaches them. Here each wait gets what is left of the whole.
"""

# The signatures are httpcore's; its timeouts give way to the deadline.
# ruff: noqa: ARG002

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import httpcore
import httpx

from autofix.errors import ProbeError
from autofix.probes import net
from autofix.probes.net import Deadline

#: How a request may fail, of whatever library.
FAILURES = (
    ProbeError,
    OSError,
    httpx.HTTPError,
    httpx.InvalidURL,
    httpcore.ProtocolError,
    httpcore.NetworkError,
    httpcore.TimeoutException,
    httpcore.UnsupportedProtocol,
)


@dataclass(frozen=True)
class Secured:
    """What a TLS handshake agreed on: the server's certificate (DER) and the version."""

    certificate: bytes
    version: str


class Transport(httpx.BaseTransport):
    """Sends requests until the deadline; `secured` is the first TLS handshake that was made.

    Failures come out as NetError, OSError (TLS among them) or httpcore's own exceptions.
    """

    def __init__(self, context: ssl.SSLContext, deadline: Deadline) -> None:
        self._backend = _Backend(deadline)
        self._pool = httpcore.ConnectionPool(ssl_context=context, network_backend=self._backend)

    @property
    def secured(self) -> Secured | None:
        return self._backend.secured

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        body = request.stream
        assert isinstance(body, httpx.SyncByteStream)
        url = request.url
        answer = self._pool.handle_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(
                    scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
                ),
                headers=request.headers.raw,
                content=body,
                extensions=request.extensions,
            )
        )
        assert isinstance(answer.stream, Iterable)
        return httpx.Response(
            status_code=answer.status,
            headers=answer.headers,
            stream=_Body(answer.stream),
            extensions=answer.extensions,
        )

    def close(self) -> None:
        self._pool.close()

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        yield from self._stream

    def close(self) -> None:
        if hasattr(self._stream, "close"):
            self._stream.close()


class _Backend(httpcore.NetworkBackend):
    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline
        self.secured: Secured | None = None

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore.NetworkStream:
        return _Stream(net.permitted(host, port, self._deadline), self._deadline, self)


class _Stream(httpcore.NetworkStream):
    def __init__(self, sock: socket.socket, deadline: Deadline, backend: _Backend) -> None:
        self._sock, self._deadline, self._backend = sock, deadline, backend

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self._hurry()
        return self._sock.recv(max_bytes)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._hurry()
        self._sock.sendall(buffer)

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        self._hurry()
        try:
            secure = ssl_context.wrap_socket(self._sock, server_hostname=server_hostname)
        except BaseException:
            self._sock.close()
            raise
        self._sock = secure
        if self._backend.secured is None:
            certificate = secure.getpeercert(binary_form=True) or b""
            self._backend.secured = Secured(certificate, secure.version() or "")
        return self

    def get_extra_info(self, info: str) -> Any:
        return self._sock if info == "socket" else None

    def close(self) -> None:
        self._sock.close()

    def _hurry(self) -> None:
        if self._deadline.passed:
            raise TimeoutError("the deadline has passed")
        self._sock.settimeout(self._deadline.left())
