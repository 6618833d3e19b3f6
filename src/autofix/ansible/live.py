"""One running run as the server sees it: its executor, its events, and its end."""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from autofix import crashpoints
from autofix.ansible import processes
from autofix.ansible.folder import RunFolder
from autofix.ansible.ledger import Ledger
from autofix.ansible.verdict import Ending
from autofix.ansible.wire import WireReader
from autofix.core.runs import RunEvent
from autofix.errors import RunnerError
from autofix.ports import Cancel

#: Seconds: how often `cancel` is looked at, how long the executor gets to end a run by itself,
#: and how long the sweep after it may take.
GLANCE, PATIENCE, SWEEP = 0.1, 1.0, 5.0
CHUNK = 65536
ERRORS = "executor.err"
#: The executor's last word is bounded by its own limits, far below this.
_LAST_WORD = 256 * 1024


class LiveRun:
    """Starts the executor; `follow` blocks, in the same thread, until nothing of it is left."""

    def __init__(
        self,
        folder: RunFolder,
        command: Sequence[str],
        environment: Mapping[str, str],
        order: Mapping[str, Any],
        *,
        mark: str,
        isolated: bool,
        timeout: float,
        ledger: Ledger,
    ) -> None:
        self._folder = folder
        self._mark = mark
        self._timeout = timeout
        self._deadline = time.monotonic() + timeout
        self._ledger = ledger
        self._reader = WireReader()
        self._connection: socket.socket | None = None
        self._last_word = b""
        self._over = False
        parent = 0 if isolated else os.getpid()
        folder.write("order.json", {**order, "deadline": self._deadline, "parent": parent})
        self._listener: socket.socket | None = folder.listen()
        try:
            self._executor = _spawn(folder, command, environment)
        except OSError:
            self._listener.close()
            raise
        crashpoints.reach("executor.started")

    def follow(self, on_event: Callable[[RunEvent], None], cancel: Cancel) -> Ending:
        """Pass events on as they come, until the run has ended or has been ended."""
        cancelled = timed_out = False
        try:
            self._tell(RunEvent("start", time.time()), on_event)
            while not (cancelled or timed_out or self._stranger()):
                self._step(on_event)
                if self._done():
                    break
                cancelled = cancel.is_set()
                timed_out = time.monotonic() >= self._deadline
        finally:
            self._end()
        word = self._word()
        # The executor looks at the deadline too, in case this thread could not.
        late = "rc" not in word and time.monotonic() >= self._deadline
        timed_out = timed_out or (late and not cancelled)
        finished = self._over and not (cancelled or timed_out)
        return Ending(
            rc=word.get("rc"),
            said=str(word.get("said", "")) or self._errors(),
            cancelled=cancelled,
            timed_out=self._timeout if timed_out and not cancelled else None,
            killed=finished and "rc" not in word,
            missing=self._reader.missing,
        )

    def _done(self) -> bool:
        """The executor has gone (and with it all that could write) and everything is read."""
        return self._over and self._connection is None

    def _stranger(self) -> bool:
        return bool(self._ledger.tally.stranger)

    def _step(self, on_event: Callable[[RunEvent], None]) -> None:
        """Wait a glance long for a connection, events, or the executor's end."""
        out = self._executor.stdout
        assert out is not None
        sources = [self._listener, self._connection, None if self._over else out]
        ready = _ready([source for source in sources if source is not None])
        if self._listener in ready and self._listener is not None:
            self._accept()
        elif self._connection in ready and self._connection is not None:
            self._read(on_event)
        elif out in ready:
            chunk = os.read(out.fileno(), CHUNK)
            self._last_word = (self._last_word + chunk)[:_LAST_WORD]
            self._over = not chunk

    def _accept(self) -> None:
        """The first connection is Ansible's, made before any task; there is no second."""
        assert self._listener is not None
        with contextlib.suppress(BlockingIOError):
            self._connection, _ = self._listener.accept()
            self._folder.unlink_socket()
            self._listener.close()
            self._listener = None

    def _read(self, on_event: Callable[[RunEvent], None]) -> None:
        assert self._connection is not None
        try:
            chunk = self._connection.recv(CHUNK)
        except ConnectionError:
            chunk = b""
        for message in self._reader.feed(chunk):
            for event in self._ledger.take(message):
                self._tell(event, on_event)
            if self._stranger():
                return
        if not chunk:
            self._connection.close()
            self._connection = None

    def _tell(self, event: RunEvent, on_event: Callable[[RunEvent], None]) -> None:
        try:
            on_event(event)
        except Exception as error:
            raise RunnerError(
                f"the run was ended, since its events could not be kept: {error}"
            ) from error

    def _end(self) -> None:
        """Ask the executor to end; kill it if it does not; then see that nothing is left."""
        executor = self._executor
        assert executor.stdin is not None
        assert executor.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            executor.stdin.close()
        try:
            executor.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            executor.kill()
            executor.wait()
        processes.end_all(lambda: processes.marked([self._mark]), grace=0.0, limit=SWEEP)
        for open_ in (self._listener, self._connection, executor.stdout):
            if open_ is not None:
                open_.close()

    def _errors(self) -> str:
        """What the executor, or bubblewrap, had to complain about."""
        try:
            with (self._folder.path / ERRORS).open("rb") as file:
                return file.read(CHUNK).decode(errors="replace")
        except OSError:
            return ""

    def _word(self) -> dict[str, Any]:
        try:
            word = json.loads(self._last_word)
        except ValueError:
            return {}
        return word if isinstance(word, dict) else {}


def _ready(sources: Sequence[Any]) -> list[Any]:
    """Those with something to read, within a glance; also of descriptors above 1023."""
    poll = select.poll()
    by_descriptor = {source.fileno(): source for source in sources}
    for descriptor in by_descriptor:
        poll.register(descriptor, select.POLLIN)
    return [by_descriptor[descriptor] for descriptor, _ in poll.poll(GLANCE * 1000)]


def _spawn(
    folder: RunFolder, command: Sequence[str], environment: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    """In a session of its own: a Ctrl-C on the terminal is the server's to handle."""
    with (folder.path / ERRORS).open("wb") as errors:
        return subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=dict(environment),
            cwd=folder.path,
            start_new_session=True,
        )
