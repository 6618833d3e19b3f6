"""A link to a server: TCP or a Unix socket, cut off when the look's time is over; TLS settings."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TypeVar

from autofix.core.readings import Target
from autofix.errors import ProbeError
from autofix.probes import net, variables, words
from autofix.probes.net import Deadline

Item = TypeVar("Item")
Seen = TypeVar("Seen")


class LinkError(ProbeError):
    """The server could not be reached or asked; the message is one line for people."""


@dataclass(frozen=True)
class Tls:
    """How to speak TLS with a server. The certificate is always checked."""

    ca: str = ""  # PEM file; the system's authorities when empty
    cert: str = ""
    key: str = ""
    check_hostname: bool = True

    @classmethod
    def of(cls, target: Target, prefix: str) -> Tls:
        """From `<prefix>_tls_ca`, `_cert`, `_key` and `_check_hostname`."""
        check = variables.flag(target, f"{prefix}_tls_check_hostname")
        return cls(
            ca=variables.text(target, f"{prefix}_tls_ca"),
            cert=variables.text(target, f"{prefix}_tls_cert"),
            key=variables.text(target, f"{prefix}_tls_key"),
            check_hostname=check is not False,
        )

    def context(self) -> ssl.SSLContext:
        """A context that refuses unknown certificates. LinkError when a file can't be read."""
        try:
            context = ssl.create_default_context(cafile=self.ca or None)
            context.check_hostname = self.check_hostname
            if self.cert:
                context.load_cert_chain(self.cert, self.key or None)
        except OSError as error:
            files = ", ".join(file for file in (self.ca, self.cert, self.key) if file)
            why = words.one_line(error.strerror or error)
            raise LinkError(f"TLS: can't use {words.one_line(files)}: {why}") from error
        return context


def open_link(
    stack: ExitStack, host: str, port: int, path: str, deadline: Deadline
) -> socket.socket:
    """A connected socket (a Unix socket when `path` is given), closed by the caller.

    Until `stack` is closed, the deadline shuts the connection down: whoever waits on a server
    that accepts and stays silent, or trickles, wakes up then. NetError in words.
    """
    sock = _unix(path, deadline) if path else net.connect(host, port, deadline)
    # TLS takes the socket over and leaves an empty shell behind; the copy keeps a handle on it.
    handle = stack.enter_context(sock.dup())
    stack.enter_context(net.cut_at(deadline, handle))
    return sock


def _unix(path: str, deadline: Deadline) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.settimeout(deadline.left())
    try:
        sock.connect(path)
    except OSError as error:
        sock.close()
        raise net.NetError(words.of_os_error(error, place=f"the socket {path}")) from error
    return sock


def of_tls_error(error: Exception, place: str) -> str:
    """What a failed TLS handshake means, in words."""
    if isinstance(error, ssl.SSLCertVerificationError):
        why = words.one_line(error.verify_message or error)
        return f"TLS: the certificate of {place} is not trusted: {why}"
    why = words.one_line(getattr(error, "reason", None) or error or "no answer in time")
    return f"TLS with {place} failed ({why}): does it speak TLS?"


def cause_of(error: BaseException) -> OSError | None:
    """The system's own error under a library's, if one is there."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OSError):
            return seen
        original = getattr(seen, "original_exception", None)
        seen = original or seen.__cause__ or seen.__context__
    return None


def of_error(error: BaseException, place: str, deadline: Deadline) -> str:
    """A failed connection in words, whatever library wrapped it."""
    if deadline.passed:
        return late(place, deadline)
    cause = cause_of(error)
    if isinstance(cause, ssl.SSLError):
        return of_tls_error(cause, place)
    if isinstance(cause, TimeoutError):
        return late(place, deadline)
    if cause is not None:
        return words.of_os_error(cause, place=place)
    return f"{place}: {words.one_line(error)}"


def late(place: str, deadline: Deadline) -> str:
    return f"{place} did not answer within {deadline.seconds:g} s (timed out)"


def at_once(items: Sequence[Item], look: Callable[[Item], Seen]) -> list[Seen]:
    """Look at all of them at the same time, so that a dead one doesn't use up the others' time."""
    if len(items) == 1:
        return [look(items[0])]
    with ThreadPoolExecutor(max_workers=len(items), thread_name_prefix="look") as pool:
        return list(pool.map(look, items))
