"""What stands for many targets at once, in memory: a part of `ports.Reads`."""

from __future__ import annotations

from collections.abc import Collection

from autofix.core.alerts import Standing
from autofix.core.signals import SignalState
from autofix.testing.memory_paging import PagingReads


class StandingReads(PagingReads):
    def standing(
        self, targets: Collection[tuple[str, str, str]]
    ) -> dict[tuple[str, str, str], Standing]:
        found = {each: self._standing(each) for each in targets}
        return {each: one for each, one in found.items() if one != Standing()}

    def _standing(self, target: tuple[str, str, str]) -> Standing:
        live = self.live_incident(*target)
        waiting = [
            each
            for each in sorted(self._data.signals.values(), key=lambda each: each.id)
            if each.state is SignalState.RECEIVED
            and (each.runbook, each.host, each.subject) == target
            and not each.check
        ]
        return Standing(
            live.id if live and not live.check else None,
            next((each.id for each in waiting if each.firing), None),
            next((each.id for each in waiting if not each.firing), None),
        )
