"""Connecting within one deadline."""

from __future__ import annotations

import socket
import time

import pytest

from autofix.probes import net, words
from autofix.probes.net import Deadline, NetError


def test_a_deadline_never_gives_a_timeout_of_nothing() -> None:
    passed = Deadline(0.0)
    assert passed.passed
    assert passed.left() > 0
    assert Deadline(100.0).left(at_most=2.0) == 2.0


def test_a_name_is_resolved_and_connected() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        sock = net.connect("localhost", server.getsockname()[1], Deadline(5.0))
        with sock:
            assert sock.getpeername() == server.getsockname()


@pytest.mark.parametrize("port", [0, 65536, -1])
def test_a_port_that_is_none_is_said_in_words(port: int) -> None:
    with pytest.raises(NetError, match="ports go from 1 to 65535"):
        net.connect("127.0.0.1", port, Deadline(5.0))


@pytest.mark.parametrize("name", ["no-such-host.invalid", "a" * 80, "..", "bad name"])
def test_a_name_that_leads_nowhere_is_said_in_words(name: str) -> None:
    with pytest.raises(NetError, match="can't be resolved"):
        net.connect(name, 80, Deadline(5.0))


def test_a_resolver_that_hangs_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*args: object, **kwargs: object) -> list[object]:
        time.sleep(1.0)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    began = time.monotonic()
    with pytest.raises(NetError, match="was not resolved in time"):
        net.resolve("slow.example", 80, Deadline(0.2))
    assert time.monotonic() - began < 0.8


def test_a_dead_address_does_not_eat_the_time_of_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        good = server.getsockname()
        dead = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 1))
        live = (socket.AF_INET, socket.SOCK_STREAM, 6, "", good)
        monkeypatch.setattr(net, "resolve", lambda *_: [dead, live])
        with net.connect("two.example", good[1], Deadline(5.0)) as sock:
            assert sock.getpeername() == good


def test_a_socket_is_cut_at_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        deadline = Deadline(0.2)
        with net.connect(*server.getsockname(), Deadline(5.0)) as sock, net.cut_at(deadline, sock):
            began = time.monotonic()
            assert sock.recv(1) == b""  # the wait ends, though its own timeout is 5 s
            assert time.monotonic() - began < 3


def test_a_strangers_text_becomes_one_inert_line() -> None:
    assert words.one_line("a\n  b\t\x1b[31m\u202ec") == "a b \\u001b[31m\\u202ec"
    assert len(words.one_line("x" * 100_000)) == words.LIMIT


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ConnectionRefusedError(111, "x"), "refused the connection"),
        (ConnectionResetError(104, "x"), "cut the connection"),
        (OSError(113, "x"), "no route to db1 port 22"),
        (OSError(24, "x"), "too many open files"),
        (TimeoutError("x"), "no answer from db1 port 22 in time"),
        (PermissionError(13, "x"), "db1 port 22: permission denied"),
        (OSError("odd"), "db1 port 22: odd"),
    ],
)
def test_errors_of_the_system_become_words(error: OSError, said: str) -> None:
    assert said in words.of_os_error(error, place="db1 port 22")
