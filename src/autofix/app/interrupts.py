"""Ctrl-C while a command does the work itself: the first one interrupts, a second one hurries."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType

#: A closed terminal and a polite kill are interruptions, too: no playbook may outlive them.
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """Within the block the first signal raises KeyboardInterrupt and later ones set `hurry`, so
    that bringing things to rest is never itself cut off. Only in the main thread."""

    def __init__(self) -> None:
        self.hurry = threading.Event()
        self._raised = False
        self._before: dict[signal.Signals, object] = {}

    def __enter__(self) -> Interrupts:
        for each in SIGNALS:
            if signal.getsignal(each) is not signal.SIG_IGN:  # `nohup` is left alone
                self._before[each] = signal.signal(each, self._on_signal)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for each, handler in self._before.items():
            signal.signal(each, handler)  # type: ignore[arg-type]  # as we were given it

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        if self._raised:
            self.hurry.set()
            return
        self._raised = True
        raise KeyboardInterrupt
