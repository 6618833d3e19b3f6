"""Chores: small work that the server repeats, each at its own pace, one after the other."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from autofix.errors import AutofixError
from autofix.flow.context import Context, log

#: Seconds between two looks at whether a chore is due.
PACE = 1.0


@dataclass(frozen=True)
class Chore:
    """`work` is done every `every` seconds, at the start too; what it raises is logged."""

    name: str
    every: float
    work: Callable[[], None]


class Chores:
    """A thread that does what is due. A chore that fails is tried again at its next time."""

    def __init__(self, ctx: Context, chores: Sequence[Chore], stopping: threading.Event) -> None:
        self._ctx, self._stopping = ctx, stopping
        self._chores = tuple(chores)
        self._done_at: dict[str, float] = {}
        self._thread = threading.Thread(target=self._go_round, name="chores", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def _go_round(self) -> None:
        while not self._stopping.wait(PACE):
            self.do_due()

    def do_due(self) -> None:
        """Every chore whose time has come, once."""
        for chore in self._chores:
            now = self._ctx.clock.now()
            if now - self._done_at.get(chore.name, float("-inf")) >= chore.every:
                self._done_at[chore.name] = now
                _try(chore)


def _try(chore: Chore) -> None:
    try:
        chore.work()
    except AutofixError as error:
        log.error("%s: %s", chore.name, error)
    except Exception:  # noqa: BLE001 - the other chores go on
        log.exception("%s", chore.name)
