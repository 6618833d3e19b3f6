"""One program run for a page: JSON on stdin, output bounded, its process group ended when late."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any

from autofix.errors import ChannelError

#: The last of each output stream that is kept, in bytes.
OUTPUT_LIMIT = 8 * 1024
_CHUNK = 4096
_POLL = 0.05  # seconds between looks whether the program has ended


@dataclass(frozen=True)
class Finished:
    """How a program ended; a negative code is the signal that ended it."""

    code: int
    stdout: str
    stderr: str


def run(argv: Sequence[str], data: bytes, env: Mapping[str, str], timeout: float) -> Finished:
    """Run without a shell, in a process group of its own. ChannelError when it can't or is late."""
    try:
        child = subprocess.Popen(
            list(argv),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(env),
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise ChannelError(f"can't start the program: {_reason(error)}") from None
    try:
        kept = _converse(child, data, time.monotonic() + timeout)
    except TimeoutError:
        raise ChannelError(f"the program did not end within {timeout:g} s and was ended") from None
    finally:
        _close(child)
    return Finished(child.returncode, *kept)


def _reason(error: Exception) -> str:
    return error.strerror or "" if isinstance(error, OSError) else "its arguments are not usable"


def _converse(child: subprocess.Popen[bytes], data: bytes, end: float) -> tuple[str, str]:
    """Feed and listen until the program ends: its last words on stdout and stderr."""
    kept = {"out": b"", "err": b""}
    view = memoryview(data)
    with selectors.DefaultSelector() as ready:
        _register(ready, child)
        drained = 0
        while True:
            if time.monotonic() >= end:
                raise TimeoutError
            events = ready.select(_POLL)
            over = child.poll() is not None
            # A process that it left in the background may hold the pipes open, and write on.
            if over and (not events or (drained := drained + 1) > 8):
                return _text(kept["out"]), _text(kept["err"])
            for key, _ in events:
                if key.data == "in":
                    view = _feed(ready, key.fileobj, view)
                else:
                    kept[key.data] = (kept[key.data] + _listen(ready, key.fileobj))[-OUTPUT_LIMIT:]


def _register(ready: selectors.BaseSelector, child: subprocess.Popen[bytes]) -> None:
    for stream, what in ((child.stdin, "in"), (child.stdout, "out"), (child.stderr, "err")):
        assert stream is not None
        os.set_blocking(stream.fileno(), False)
        ready.register(
            stream, selectors.EVENT_WRITE if what == "in" else selectors.EVENT_READ, what
        )


def _feed(ready: selectors.BaseSelector, stream: Any, view: memoryview) -> memoryview:
    try:
        view = view[os.write(stream.fileno(), view[:_CHUNK]) :]
    except BlockingIOError:
        return view
    except OSError:  # it does not want to read: its exit code decides
        view = view[:0]
    if not view:
        ready.unregister(stream)
        _shut(stream)
    return view


def _listen(ready: selectors.BaseSelector, stream: Any) -> bytes:
    try:
        heard = os.read(stream.fileno(), _CHUNK)
    except BlockingIOError:
        return b""
    if not heard:
        ready.unregister(stream)
    return heard


def _close(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    for stream in (child.stdin, child.stdout, child.stderr):
        if stream is not None:
            _shut(stream)


def _shut(stream: IO[bytes]) -> None:
    with suppress(OSError):
        stream.close()


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
