"""TCP with one deadline for all of it: name lookup and every address that is tried."""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from autofix import outgoing
from autofix.errors import ProbeError
from autofix.probes import words

_MINIMUM = 0.001  # a socket timeout of 0 would mean "don't block"


class NetError(ProbeError):
    """A connection could not be made; the message is one line for people."""


class Deadline:
    """A moment on the monotonic clock by which everything must be over."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    @property
    def passed(self) -> bool:
        return time.monotonic() >= self._end

    def left(self, at_most: float | None = None) -> float:
        """Seconds left, never 0 or less, so that it can be given as a timeout."""
        seconds = max(self._end - time.monotonic(), _MINIMUM)
        return seconds if at_most is None else min(seconds, at_most)


def resolve(host: str, port: int, deadline: Deadline) -> list[Any]:
    """`getaddrinfo` for TCP, within the deadline. NetError when the name leads nowhere."""
    place = f"{host} port {port}"
    if not 0 < port < 65536:
        raise NetError(f"{place}: ports go from 1 to 65535")
    if _literal(host):
        return _found(_lookup(host, port), place)
    # The system's resolver knows no timeout: it is asked in a thread that is left behind, at
    # worst until the resolver itself gives up.
    answer: list[Any] = []
    thread = threading.Thread(
        target=lambda: answer.append(_lookup(host, port)), name="resolve", daemon=True
    )
    thread.start()
    thread.join(deadline.left())
    if not answer:
        raise NetError(f"the name of {place} was not resolved in time")
    return _found(answer[0], place)


def _found(answer: list[Any] | OSError, place: str) -> list[Any]:
    if isinstance(answer, OSError):
        raise NetError(words.of_os_error(answer, place=place)) from answer
    return answer


def permitted(host: str, port: int, deadline: Deadline) -> socket.socket:
    """`connect` for what a URL names: never to a cloud's metadata and the like."""
    try:
        infos = outgoing.permitted(resolve(host, port, deadline), host)
    except outgoing.NotAllowed as error:
        raise NetError(str(error)) from None
    return _connected(infos, host, port, deadline)


def connect(host: str, port: int, deadline: Deadline) -> socket.socket:
    """A connected socket, its timeout what was left then. NetError in words."""
    return _connected(resolve(host, port, deadline), host, port, deadline)


def _connected(infos: list[Any], host: str, port: int, deadline: Deadline) -> socket.socket:
    place = f"{host} port {port}"
    last: OSError = TimeoutError("no address was tried")
    for number, (family, kind, protocol, _, address) in enumerate(infos):
        if deadline.passed:
            break
        sock = socket.socket(family, kind, protocol)
        try:
            # What is left is shared by the addresses that are left: a dead one can't eat it all.
            sock.settimeout(deadline.left() / (len(infos) - number))
            sock.connect(address)
        except OSError as error:
            sock.close()
            last = error
        else:
            sock.settimeout(deadline.left())
            return sock
    raise NetError(words.of_os_error(last, place=place)) from last


@contextmanager
def cut_at(deadline: Deadline, sock: socket.socket) -> Iterator[None]:
    """Shut the socket down when the deadline passes, so that whoever waits on it wakes up."""

    def cut() -> None:
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(deadline.left(), cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()


def _literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def _lookup(host: str, port: int) -> list[Any] | OSError:
    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        return error
    except UnicodeError:  # a label too long or empty never gets as far as the resolver
        return socket.gaierror(socket.EAI_NONAME, "not a valid host name")
