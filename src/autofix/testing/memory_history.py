"""How runbooks did lately, in memory: a part of `ports.Reads`."""

from __future__ import annotations

from autofix.core.histories import Counted
from autofix.core.incidents import Incident, State
from autofix.testing.memory_standing import StandingReads


class HistoryReads(StandingReads):
    def counted(self, since: float, runbook: str = "") -> list[Counted]:
        mine = [
            each
            for each in self._data.incidents.values()
            if each.opened_at >= since and not each.check and runbook in ("", each.runbook)
        ]
        return [_counted(name, mine) for name in sorted({each.runbook for each in mine})]


def _counted(name: str, incidents: list[Incident]) -> Counted:
    mine = [each for each in incidents if each.runbook == name]
    healed = [each for each in mine if _healed(each)]
    took = [str(int((each.ended_at or 0) - each.opened_at)) for each in healed]
    paged = sum(each.calls > 0 for each in mine)
    return Counted(name, len(mine), len(healed), paged, ",".join(took))


def _healed(incident: Incident) -> bool:
    judged = incident.looks.judged if incident.looks else ""
    filed = incident.state is State.CLOSED and judged == "healed"
    return filed or incident.state is State.HEALED
