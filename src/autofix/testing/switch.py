"""Pauses that hold without the store, in memory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from autofix.core.pauses import Pause


class FakeSwitch:
    """What is set holds until it is lifted."""

    def __init__(self, *pauses: Pause) -> None:
        self._pauses: dict[str, Pause] = {}
        self._count = 0
        for each in pauses:
            self.set(each)

    def pauses(self) -> list[Pause]:
        return sorted(self._pauses.values(), key=lambda pause: pause.at)

    def set(self, pause: Pause) -> Pause:
        self._count += 1
        named = replace(pause, id=f"p{self._count}")
        old = [key for key, each in self._pauses.items() if each.is_for(pause.runbook, pause.host)]
        self._pauses[named.id] = named
        self.lift(old)
        return named

    def lift(self, ids: Iterable[str]) -> None:
        for each in list(ids):
            self._pauses.pop(each, None)
