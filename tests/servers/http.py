"""A real HTTP server on a free port whose answers a test writes; it keeps what it was asked.

It can hang, trickle, cut the connection, and speak TLS with a certificate made on the spot.
"""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Asked:
    """One request that came in. Header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Answer:
    """What to send back. `hang`: nothing, until the server is closed. `trickle`: one byte of the
    whole answer, head and all, every so many seconds. `cut`: close without an answer."""

    status: int = 200
    body: bytes = b"ok\n"
    headers: Mapping[str, str] = field(default_factory=dict)
    hang: bool = False
    trickle: float = 0.0
    cut: bool = False


class HttpServer:
    """Answers come from `script` in order, the last one again and again; or from a function."""

    def __init__(
        self, answer: Callable[[Asked], Answer] | None = None, tls: ssl.SSLContext | None = None
    ) -> None:
        self.asked: list[Asked] = []
        self.script: list[Answer] = [Answer()]
        self.closing = threading.Event()
        self._answer = answer
        self._changed = threading.Condition()
        self._server = _Server(self, tls)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        self._scheme = "https" if tls else "http"

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self.port}"

    def say(self, *answers: Answer) -> None:
        """The answers to come, in order."""
        self.script = list(answers)

    def answer_to(self, asked: Asked) -> Answer:
        with self._changed:
            self.asked.append(asked)
            self._changed.notify_all()
            if self._answer:
                return self._answer(asked)
            return self.script.pop(0) if len(self.script) > 1 else self.script[0]

    def wait_for(self, count: int, seconds: float = 10.0) -> list[Asked]:
        """The requests, once there are `count` of them; AssertionError when they don't come."""
        with self._changed:
            came = self._changed.wait_for(lambda: len(self.asked) >= count, seconds)
            assert came, f"{len(self.asked)} of {count} requests came within {seconds} s"
            return list(self.asked)

    def close(self) -> None:
        self.closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()  # waits for the threads of open requests


@contextmanager
def http_server(
    answer: Callable[[Asked], Answer] | None = None, tls: ssl.SSLContext | None = None
) -> Iterator[HttpServer]:
    server = HttpServer(answer, tls)
    try:
        yield server
    finally:
        server.close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30.0
    server: _Server

    def setup(self) -> None:
        if self.server.tls:
            self.request = self.server.tls.wrap_socket(self.request, server_side=True)
        super().setup()

    def finish(self) -> None:
        super().finish()
        self.request.close()

    def handle_one_request(self) -> None:
        # One request a connection: closing the server never waits for an idle client.
        super().handle_one_request()
        self.close_connection = True

    def _any(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.command, self.path, headers, self.rfile.read(length))
        answer = self.server.owner.answer_to(asked)
        if answer.hang:
            self.server.owner.closing.wait()
        if answer.hang or answer.cut:
            return
        with suppress(OSError):  # the client may be gone
            if answer.trickle:
                self._trickle(answer.trickle)
            else:
                self._send(answer)

    do_GET = do_HEAD = do_POST = do_PUT = _any

    def _trickle(self, pause: float) -> None:
        for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n":
            self.request.sendall(bytes([byte]))
            if self.server.owner.closing.wait(pause):
                return

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if "content-length" not in {name.lower() for name in answer.headers}:
            self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True

    def __init__(self, owner: HttpServer, tls: ssl.SSLContext | None) -> None:
        self.owner, self.tls = owner, tls
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A client that refuses our certificate, or leaves early, is what tests are about.
        with suppress(OSError):
            request.close()


@contextmanager
def silent_server() -> Iterator[int]:
    """A port that accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as server:
        yield int(server.getsockname()[1])


@dataclass(frozen=True)
class Certificate:
    """A self-made certificate for 127.0.0.1 and localhost. `file` is its own authority."""

    file: Path
    context: ssl.SSLContext
    ends: datetime.datetime


def certificate(folder: Path, *, days: float = 30.0, name: str = "127.0.0.1") -> Certificate:
    """A self-signed certificate that ends in `days` (negative: it has)."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    ends = now + datetime.timedelta(days=days)
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, name),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Test House"),
        ]
    )
    addresses = [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))] if name == "127.0.0.1" else []
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(min(now, ends) - datetime.timedelta(days=1))
        .not_valid_after(ends)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name), *addresses]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    file, key_file = folder / "certificate.pem", folder / "key.pem"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, key_file)
    return Certificate(file, context, ends)
