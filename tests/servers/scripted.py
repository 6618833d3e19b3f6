"""A small server whose answers a test writes down, over TCP or a Unix socket."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import ThreadingMixIn, UnixStreamServer
from typing import Any

from autofix.remote.address import Address, of_socket, of_url


@dataclass(frozen=True)
class Heard:
    """What a server was asked."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


@dataclass
class Server:
    """`answer` is asked with each request: a status, a JSON value and headers; or it cuts off."""

    at: Address
    heard: list[Heard] = field(default_factory=list)


class Cut(Exception):
    """The connection ends without an answer."""


Answer = tuple[int, Any] | tuple[int, Any, dict[str, str]]
Script = Callable[[Heard], Answer]


@contextmanager
def served(
    script: Script, *, file: Path | None = None, tls: tuple[Path, Path] | None = None
) -> Iterator[Server]:
    heard: list[Heard] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _do(self) -> None:
            size = int(self.headers.get("Content-Length", 0))
            body = json.loads(self.rfile.read(size)) if size else None
            names = {name.lower(): value for name, value in self.headers.items()}
            heard.append(Heard(self.command, self.path, names, body))
            try:
                status, value, *more = script(heard[-1])
            except Cut:
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return
            self._answer(status, value, more[0] if more else {})

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _do

        def _answer(self, status: int, value: Any, headers: dict[str, str]) -> None:
            data = value if isinstance(value, bytes) else json.dumps(value).encode()
            self.send_response(status)
            for name, each in {"Content-Length": str(len(data)), **headers}.items():
                self.send_header(name, each)
            self.end_headers()
            self.wfile.write(data)

        def address_string(self) -> str:
            return "somebody"

        def log_message(self, *_: object) -> None:
            pass

    server: Any
    if file is not None:
        server = _UnixServer(str(file), Handler)
        at = of_socket(file)
    else:
        server = _Quiet(("127.0.0.1", 0), Handler)
        if tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        at = of_url(f"http{'s' if tls else ''}://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield Server(at, heard)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that goes away is part of these tests."""


class _UnixServer(ThreadingMixIn, UnixStreamServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that goes away is part of these tests."""
