"""A web server on a free port, and raw connections to it."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from autofix.web import sockets
from autofix.web.protocol import Bounds
from autofix.web.serving import WebServer
from autofix.web.sockets import Listener


@contextmanager
def listening(
    app: Callable[..., Any],
    *,
    bounds: Bounds | None = None,
    more: tuple[Listener, ...] = (),
    trusted: Callable[[str], bool] = lambda _: False,
) -> Iterator[int]:
    """The port on which this app answers while the block lasts."""
    server = WebServer(app, [*sockets.tcp("127.0.0.1", 0), *more], trusted=trusted, bounds=bounds)
    server.start()
    try:
        yield server.listeners[0].socket.getsockname()[1]
    finally:
        server.stop()
        assert server.died == ""


def connected(port: int, *, seconds: float = 10.0) -> socket.socket:
    one = socket.create_connection(("127.0.0.1", port), timeout=seconds)
    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return one


def asked(port: int, raw: bytes) -> bytes:
    """All that comes back until the server closes."""
    with connected(port) as one:
        one.sendall(raw)
        return rest(one)


def rest(one: socket.socket) -> bytes:
    found = b""
    while True:
        try:
            part = one.recv(65536)
        except ConnectionResetError:
            return found
        if not part:
            return found
        found += part


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def eventually(condition: Callable[[], Any], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.01)
