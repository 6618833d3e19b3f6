"""The server and its sentinel: it leaves what is open, starts it, takes up what it sent."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from autofix.app.sentinel import files, lock
from autofix.app.sentinel.known import known
from autofix.core.audit import AuditEvent
from autofix.core.marks import Mark
from autofix.errors import AutofixError
from autofix.flow.context import Context, log

MARK = "sentinel"
#: Seconds until a sentinel that ended at once is started again: doubling up to the limit.
AGAIN, AGAIN_LIMIT = 5.0, 300.0
LOG_BYTES = 1024 * 1024


class Sentry:
    """One server's dealings with the sentinel of its state folder."""

    def __init__(self, ctx: Context, project: Path, state: Path) -> None:
        self._ctx, self._project, self._state = ctx, project, state
        self._child: subprocess.Popen[bytes] | None = None
        self._started_at = float("-inf")
        self._wait = AGAIN
        self._left = ""

    def leave(self) -> None:
        """What is open, for the sentinel: it must know even with the store gone."""
        with self._ctx.store.reading() as reads:
            found = known(reads, self._ctx.clock.now())
        # The time alone is no news.
        text = files.known_text(found)
        news = json.dumps({**json.loads(text), "at": 0})
        if news != self._left:
            files.replace_text(self._state / files.KNOWN, text)
            self._left = news

    def leave_surely(self) -> None:
        """The same when the server stops: what can't be asked any more stays as it was."""
        try:
            self.leave()
        except (AutofixError, OSError) as error:
            log.error("what is open could not be left for the sentinel: %s", error)

    def keep(self, enabled: bool) -> None:
        """There is a sentinel: one of its own unit, or our child. A dead one is started again."""
        if self._child is not None and self._child.poll() is not None:
            log.info("the sentinel we started has ended (exit %s)", self._child.returncode)
            self._child = None
        if (
            not enabled
            or self._child is not None
            or time.monotonic() - self._started_at < self._wait
        ):
            return
        if lock.holder(self._state) and not self._ours_of_before():
            self._wait = AGAIN
            return
        lived = time.monotonic() - self._started_at
        self._wait = AGAIN if lived > AGAIN_LIMIT else min(self._wait * 2, AGAIN_LIMIT)
        self._start()

    def _ours_of_before(self) -> bool:
        """An older server's sentinel: it has that one's environment, so ours takes its place."""
        return lock.started_by_serve(lock.holder(self._state)) is not None

    def _start(self) -> None:
        self._started_at = time.monotonic()
        path = self._state / files.LOG
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        if path.exists() and path.stat().st_size > LOG_BYTES:
            flags |= os.O_TRUNC
        argv = [sys.executable, "-m", "autofix.app.sentinel", str(self._project), str(self._state)]
        handle = os.open(path, flags, 0o600)
        try:
            # A session of its own: what ends our process group does not end it.
            self._child = subprocess.Popen(
                [*argv, "child"], stdin=subprocess.DEVNULL, stdout=handle, stderr=handle,
                start_new_session=True, cwd="/",
            )  # fmt: skip
        finally:
            os.close(handle)
        log.info("the sentinel runs: pid %s", self._child.pid)

    def take_up(self) -> None:
        """Put what a sentinel sent into the record, each once."""
        lines = list(_sent(self._state / files.SENT))
        with self._ctx.store.reading() as reads:
            mark = reads.mark(MARK)
        last = int(mark.data.get("n", 0)) if mark else 0
        fresh = [line for line in lines if line["n"] > last]
        if not fresh:
            return
        with self._ctx.store.transaction() as tx:
            for line in fresh:
                tx.record(_event(line))
            newest = max(line["n"] for line in fresh)
            tx.set_mark(Mark(MARK, self._ctx.clock.now(), {"n": newest}))


def _event(line: Mapping[str, Any]) -> AuditEvent:
    verb = "paged" if line.get("channel") else "failed"
    payload = {key: line.get(key) for key in ("kind", "title", "channel", "words", "passed")}
    return AuditEvent(float(line["at"]), "sentinel", f"sentinel.{verb}", payload=payload)


def _sent(path: Path) -> Iterator[Mapping[str, Any]]:
    """Every whole line of what was sent."""
    try:
        text = path.read_text(errors="replace")
    except OSError:
        return
    for line in text.splitlines():
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            continue  # cut off in the middle of its writing
        good = isinstance(value, dict) and isinstance(value.get("n"), int)
        if good and isinstance(value.get("at"), int | float):
            yield value
