"""One sentinel for a state folder: a kernel lock, free the moment its holder dies."""

from __future__ import annotations

import fcntl
import os
import re
import signal
import time
from contextlib import suppress
from pathlib import Path

from autofix.app.sentinel.files import LOCK

#: Seconds that an older sentinel may take to end before its successor gives up.
PATIENCE = 10.0
_CHILD = re.compile(r"sentinel pid (\d+) started by serve")


def name(*, child: bool) -> str:
    """What stands in the lock's file."""
    return f"sentinel pid {os.getpid()} started by {'serve' if child else 'itself'}"


def hold(state: Path, text: str) -> int | None:
    """The open lock, held until this process ends; None when another sentinel has it."""
    handle = os.open(state / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    _sign(handle, text.encode())
    return handle


def _sign(handle: int, text: bytes) -> None:
    """On a full disk it is held without a name: a watcher is needed more than ever then."""
    with suppress(OSError):
        os.ftruncate(handle, 0)
        os.pwrite(handle, text, 0)


def holder(state: Path) -> str:
    """Who watches this state folder; empty when nobody does."""
    try:
        handle = os.open(state / LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return os.pread(handle, 200, 0).decode("utf-8", "replace") or "a sentinel"
    else:
        return ""
    finally:
        os.close(handle)


def started_by_serve(text: str) -> int | None:
    """The process of a sentinel that a server started."""
    found = _CHILD.fullmatch(text)
    return int(found[1]) if found else None


def succeed(state: Path, text: str) -> int | None:
    """Take the place of a sentinel that a server started; one that has its own unit stays."""
    deadline = time.monotonic() + PATIENCE
    while (held := hold(state, text)) is None and time.monotonic() < deadline:
        older = started_by_serve(holder(state))
        if older is None and holder(state):
            return None
        if older is not None:
            with suppress(ProcessLookupError):
                os.kill(older, signal.SIGTERM)
        time.sleep(0.1)
    return held
