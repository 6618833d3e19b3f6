"""What stands for many targets at once, in two questions: a part of `ports.Reads`."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sqlalchemy import Select, false, select

from autofix.core.alerts import Standing
from autofix.store import tables
from autofix.store.queries import LIVE, RECEIVED, SqlQueries

Target = tuple[str, str, str]
#: So many hosts are named in one question.
AT_ONCE = 400


class StandingReads(SqlQueries):
    def standing(self, targets: Collection[Target]) -> dict[Target, Standing]:
        incidents: dict[Target, int] = {}
        firing: dict[Target, int] = {}
        clearing: dict[Target, int] = {}
        for runbooks, hosts in _chunks(targets):
            i, s = tables.incidents.c, tables.signals.c
            live = select(i.runbook, i.host, i.subject, i.id).where(LIVE, i.check == false())
            live = live.where(i.runbook.in_(runbooks), i.host.in_(hosts))
            for runbook, host, subject, number in self._session.all(live):
                incidents[runbook, host, subject] = number
            for runbook, host, subject, number, fires in self._session.all(
                _waiting().where(s.runbook.in_(runbooks), s.host.in_(hosts))
            ):
                into = firing if fires else clearing
                into.setdefault((runbook, host, subject), number)
        found = (incidents.keys() | firing.keys() | clearing.keys()) & set(targets)
        return {
            each: Standing(incidents.get(each), firing.get(each), clearing.get(each))
            for each in found
        }


def _waiting() -> Select[tuple[str, str, str, int, bool]]:
    s = tables.signals.c
    return select(s.runbook, s.host, s.subject, s.id, s.firing).where(RECEIVED, s.check == false())


def _chunks(targets: Collection[Target]) -> Iterator[tuple[list[str], list[str]]]:
    runbooks = sorted({runbook for runbook, _, _ in targets})
    hosts = sorted({host for _, host, _ in targets})
    for at in range(0, len(hosts), AT_ONCE):
        yield runbooks, hosts[at : at + AT_ONCE]
