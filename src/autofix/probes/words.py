"""Text from outside, made fit for one line of a fact: bounded, printable, inert."""

from __future__ import annotations

import errno
import os
import socket

from autofix.core.inert import inert

LIMIT = 300


def one_line(text: object, limit: int = LIMIT) -> str:
    """White space folded, active characters escaped, cut at `limit` characters."""
    return inert(" ".join(str(text)[: 10 * limit].split()), limit)


def of_os_error(error: OSError, *, place: str) -> str:
    """What an operating system error means for `place` (`10.0.0.5 port 22`)."""
    if isinstance(error, socket.gaierror):
        return f"the name of {place} can't be resolved ({one_line(error.strerror or error)})"
    if isinstance(error, TimeoutError):
        return f"no answer from {place} in time"
    known = {
        errno.ECONNREFUSED: f"{place} refused the connection: is the service up?",
        errno.EHOSTUNREACH: f"no route to {place}",
        errno.ENETUNREACH: f"no network leads to {place}",
        errno.ECONNRESET: f"{place} cut the connection",
        errno.EPIPE: f"{place} cut the connection",
        errno.EMFILE: "too many open files here; raise the limit of open files",
    }
    code = error.errno or 0
    reason = os.strerror(code) if code else one_line(error) or type(error).__name__
    return known.get(code) or f"{place}: {reason.lower()}"
