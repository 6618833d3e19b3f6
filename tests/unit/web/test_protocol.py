"""Connections: who is slow, who sends too much, who holds too many, and who may stay for hours."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from autofix.web import sockets
from autofix.web.protocol import UID, Bounds
from unit.web.wirekit import asked, connected, eventually, listening, rest, status

#: Everything a tenth as long as it is.
QUICK = Bounds(receive=0.6, idle=0.6, write=0.6, linger=0.3, look=0.05)
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
FLOODED = threading.Event()
CLOSE = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Says how large the body was; `/early` answers before it is read, `/stream` never ends."""
    if scope["path"] == "/early":
        await answer(send, 413, b"no")
        return
    size, more = 0, True
    while more:
        message = await receive()
        size += len(message.get("body", b""))
        more = message.get("more_body", False)
    if scope["path"] == "/stream":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while (await asyncio.wait({asyncio.ensure_future(receive())}, timeout=0.2))[1]:
            await send({"type": "http.response.body", "body": b"tick\n", "more_body": True})
        return
    if scope["path"] == "/flood":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(200):
            body = {"type": "http.response.body", "body": b"x" * 65536, "more_body": True}
            await send(body)
        FLOODED.set()
        return
    await answer(send, 200, f"{size} {scope.get(UID)}".encode())


async def answer(send: Any, code: int, body: bytes) -> None:
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": code, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def test_requests_follow_each_other_on_one_connection() -> None:
    with listening(app) as port, connected(port) as one:
        for _ in range(3):
            one.sendall(GET)
            assert status(one.recv(4096)) == 200
        one.sendall(GET + GET + CLOSE)
        assert rest(one).count(b"200 OK") == 3


@pytest.mark.parametrize(
    "begun",
    [b"", b"GET", b"GET / HTTP/1.1\r\nHost: a\r\n",
     b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc",
     b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"],
    ids=["nothing", "a word", "half a head", "half a body", "half a chunk"],
)  # fmt: skip
def test_who_does_not_come_to_an_end_is_closed(begun: bytes) -> None:
    with listening(app, bounds=QUICK) as port, connected(port) as one:
        one.sendall(begun)
        start = time.monotonic()
        said = rest(one)
        assert time.monotonic() - start < 3
        assert status(said) == 408


def test_drops_of_a_head_do_not_prolong_it() -> None:
    with listening(app, bounds=QUICK) as port, connected(port) as one:
        start = time.monotonic()
        try:
            for each in GET[:-2] * 50:
                one.sendall(bytes([each]))
                time.sleep(0.02)
        except OSError:
            pass
        assert time.monotonic() - start < 3


def test_an_idle_connection_is_closed_without_a_word() -> None:
    with listening(app, bounds=QUICK) as port, connected(port) as one:
        one.sendall(GET)
        assert rest(one).count(b"HTTP/1.1") == 1


def test_a_stream_is_not_cut_by_any_deadline() -> None:
    with listening(app, bounds=QUICK) as port, connected(port) as one:
        one.sendall(b"GET /stream HTTP/1.1\r\nHost: a\r\n\r\n")
        start, found = time.monotonic(), b""
        while time.monotonic() - start < 1.5:
            found += one.recv(4096)
        assert found.count(b"tick") >= 4


def test_who_does_not_read_his_answer_is_closed() -> None:
    with listening(app, bounds=QUICK) as port, connected(port) as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        one.sendall(b"GET /flood HTTP/1.1\r\nHost: a\r\n\r\n")
        assert FLOODED.wait(10), "the app still waits for who does not read"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", 400),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 101 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\nA: " + b"b" * 40_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nA: " + b"b" * 40_000, 431),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
         400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400),
    ],
    ids=["words", "TLS", "address", "headers", "header", "endless header", "smuggled", "length"],
)  # fmt: skip
def test_what_is_no_request_of_ours_is_refused_as_a_problem(raw: bytes, code: int) -> None:
    with listening(app) as port:
        said = asked(port, raw)
        assert status(said) == code
        assert b"application/problem+json" in said


def test_an_early_answer_can_be_read_while_the_body_is_still_sent() -> None:
    with listening(app, bounds=QUICK) as port, connected(port) as one:
        one.sendall(b"POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 4000000\r\n\r\n")
        one.sendall(b"x" * 2_000_000)
        assert status(rest(one)) == 413


CHUNKED = b"POST /headers HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n"


def test_what_stands_after_a_body_is_no_header() -> None:
    """A proxy takes a client's own X-Forwarded-For out of the head, and not out of there."""
    found: list[bytes] = []

    async def told(scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        found.extend(name for name, _ in scope["headers"])
        await answer(send, 200, b"")

    with listening(told) as port, connected(port) as one:
        one.sendall(CHUNKED + b"X-Forwarded-For: 127.0.0.1\r\n\r\n")
        assert status(one.recv(4096)) == 200
    assert found == [b"host", b"transfer-encoding"]


@pytest.mark.parametrize("line", [b"A: b\r\n", b"a" * 4096], ids=["headers", "one"])
def test_what_stands_after_a_body_is_bounded(line: bytes) -> None:
    with listening(app) as port, connected(port) as one:
        one.sendall(CHUNKED + (b"" if line.endswith(b"\n") else b"A: "))
        start = time.monotonic()
        try:
            while time.monotonic() - start < 5:
                one.sendall(line * (8192 // len(line)))
        except OSError:
            pass
        assert time.monotonic() - start < 5, "it is read without an end"


def test_an_upgrade_is_not_taken_and_the_request_is_answered() -> None:
    raw = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    with listening(app) as port, connected(port) as one:
        one.sendall(raw)
        assert status(one.recv(4096)) == 200


def test_of_too_many_from_one_address_the_slowest_make_room() -> None:
    few = Bounds(of_one=5)
    with listening(app, bounds=few) as port:
        slow = [connected(port) for _ in range(20)]
        for _ in range(3):
            assert status(asked(port, CLOSE)) == 200
        gone = 0
        for one in slow:
            one.settimeout(0.2)
            try:
                gone += one.recv(10) == b""
            except (ConnectionResetError, TimeoutError) as error:
                gone += isinstance(error, ConnectionResetError)
            one.close()
        assert gone >= 15


def test_a_trusted_proxy_holds_as_many_as_it_needs() -> None:
    few = Bounds(of_one=2)
    with listening(app, bounds=few, trusted=lambda address: address == "127.0.0.1") as port:
        held = [connected(port) for _ in range(10)]
        for one in held:
            one.sendall(CLOSE)
            assert status(rest(one)) == 200
            one.close()


def test_where_all_are_at_work_one_more_is_told_so() -> None:
    with listening(app, bounds=Bounds(connections=2)) as port:
        held = [connected(port) for _ in range(2)]
        for one in held:
            one.sendall(b"GET /stream HTTP/1.1\r\nHost: a\r\n\r\n")
            assert status(one.recv(4096)) == 200
        assert status(asked(port, CLOSE)) == 503
        for one in held:
            one.close()
        eventually(lambda: status(asked(port, CLOSE)) == 200)


def test_the_other_end_of_the_unix_socket_is_known(tmp_path: Path) -> None:
    listener = sockets.unix(tmp_path)
    with listening(app, more=(listener,)), socket.socket(socket.AF_UNIX) as one:
        one.settimeout(10)
        one.connect(sockets.short(tmp_path / "autofix.sock"))
        one.sendall(CLOSE)
        assert rest(one).endswith(f"0 {os.getuid()}".encode())


def test_nobody_can_say_over_the_net_that_he_is_at_the_socket() -> None:
    with listening(app) as port:
        assert asked(port, CLOSE).endswith(b"0 None")


def test_the_end_waits_for_what_is_being_answered() -> None:
    begun = threading.Event()

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        begun.set()
        await asyncio.sleep(0.5)
        await answer(send, 200, b"done")

    said: list[bytes] = []
    with listening(slow) as port:
        asking = threading.Thread(target=lambda: said.append(asked(port, CLOSE)))
        asking.start()
        assert begun.wait(10)
    asking.join(10)
    assert said[0].endswith(b"done")


def test_what_takes_too_long_is_cut_off_at_the_end_without_a_traceback(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("autofix.web.serving.GRACE", 0.1)
    begun = threading.Event()

    async def endless(scope: Any, receive: Any, send: Any) -> None:
        begun.set()
        await asyncio.sleep(600)

    with listening(endless) as port:
        asking = threading.Thread(target=lambda: asked(port, CLOSE))
        asking.start()
        assert begun.wait(10)
    asking.join(10)
    assert [each.getMessage() for each in caplog.records] == [
        "the web stops: requests not answered to their end: 1"
    ]
