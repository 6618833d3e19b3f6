"""One check of the record at a time, in a thread of its own: who asked for it need not wait."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from autofix.core.record_checks import CheckState, RecordCheck
from autofix.errors import AutofixError, HeldError
from autofix.flow.context import log

Progress = Callable[[int, int], None]
Verify = Callable[[Progress], Mapping[str, Any]]
Ended = Callable[[RecordCheck], None]
#: Seconds that are waited for one that is told to stop.
STOPS = 10.0


class _Stopped(Exception):
    """The server stops: what is left is not looked at."""


class Checker:
    """The one that goes on, or the last one. All who ask see the same."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now = RecordCheck()
        self._thread: threading.Thread | None = None
        self._stopping = False

    def latest(self) -> RecordCheck:
        with self._lock:
            return self._now

    def begin(
        self,
        by: str,
        clock: Callable[[], float],
        verify: Verify,
        ended: Ended = lambda _: None,
    ) -> RecordCheck:
        """Begin one, unless one goes on: then that one is for everybody. `ended` is told what came
        of it, unless the server stopped before."""
        with self._lock:
            if self._now.state is CheckState.RUNNING or self._stopping:
                return self._now
            work = (clock, verify, ended)
            thread = threading.Thread(target=self._check, args=work, name="record-check")
            thread.daemon = True
            before, self._now = self._now, RecordCheck(CheckState.RUNNING, by, clock())
            try:
                thread.start()
            except RuntimeError as error:  # the kernel refuses one: else it would go on for ever
                self._now = before
                raise HeldError(
                    f"the check could not be begun: {error}", hint="try again in a moment"
                ) from error
            self._thread = thread
            return self._now

    def stop(self) -> None:
        """The store is going to be closed."""
        with self._lock:
            self._stopping, thread = True, self._thread
        if thread is not None:
            thread.join(STOPS)

    def _check(self, clock: Callable[[], float], verify: Verify, ended: Ended) -> None:
        try:
            report = verify(self._passed)
        except _Stopped:
            self._is(state=CheckState.FAILED, why="the server was stopped", ended_at=clock())
            return
        except AutofixError as error:
            self._is(state=CheckState.FAILED, why=str(error), ended_at=clock())
        except Exception:  # noqa: BLE001 - whoever asked is told, the log has the rest
            log.exception("a check of the record came to grief")
            why = "a defect in autofix; its log says more"
            self._is(state=CheckState.FAILED, why=why, ended_at=clock())
        else:
            self._is(state=CheckState.OVER, report=report, ended_at=clock())
        try:
            ended(self.latest())
        except AutofixError as error:
            log.error("what a check of the record found is not on the record: %s", error)
        except Exception:  # noqa: BLE001 - whoever asked is told all the same
            log.exception("what a check of the record found is not on the record")

    def _passed(self, done: int, size: int) -> None:
        if self._stopping:
            raise _Stopped
        self._is(done=done, size=max(size, done))

    def _is(self, **changes: Any) -> None:
        with self._lock:
            self._now = replace(self._now, **changes)
