"""What was seen over time, for charts."""

from __future__ import annotations

from autofix.core.charted import Readings, limits, milestones, series_of, window
from autofix.core.incidents import Incident, Origin
from autofix.core.roles import Permission
from autofix.core.runbooks import ProbeTrigger, Runbook
from autofix.core.series import AROUND, Sample
from autofix.desk.base import Room
from autofix.errors import NotFound
from autofix.ports import Reads

#: A small chart is some hundred pixels wide.
FEW = 120
#: So many looks are read for one chart, and as many of its beginning.
MOST = 50_000


def _trigger(incident: Incident) -> int | None:
    """Which trigger fired; None when it was no probe's."""
    return incident.trigger if incident.origin is Origin.PROBE else None


def _seen_last(reads: Reads, runbook: str, host: str) -> str:
    watches = reads.watches(runbook, host)
    last = max(watches, key=lambda each: (each.firing, not each.misses, each.at), default=None)
    return last.subject if last else ""


def _samples(reads: Reads, of: Incident, since: float, until: float) -> list[Sample]:
    """Of more than can be drawn the newest, and how it began."""
    target = (of.runbook, of.host, of.subject)
    found = reads.samples(*target, since, until, MOST)
    if len(found) < MOST:
        return found
    begun = reads.samples(*target, since, of.opened_at + AROUND, MOST)
    return [*(each for each in begun if each.at < found[0].at), *found]


class ReadingsRoom(Room):
    def readings(self, incident: int) -> Readings:
        self.may(Permission.READ, "readings")
        ctx = self.ctx
        with ctx.store.reading() as reads:
            found = reads.incident(incident)
            if found is None:
                raise NotFound(
                    f"there is no incident {incident}", hint="see `autofix incidents list`"
                )
            since, until = window(found, ctx.clock.now())
            samples = _samples(reads, found, since, until)
            runs = reads.runs(incident=incident)
        book = self._book(found.runbook)
        compared = limits(book, _trigger(found), dict(found.inputs)) if book else {}
        series = series_of(samples, compared, self._units(book))
        return Readings(since, until, series, milestones(found, runs, samples))

    def recent(self, runbook: str, host: str, subject: str = "", since: float = 0.0) -> Readings:
        self.may(Permission.READ, "readings")
        now = self.ctx.clock.now()
        with self.ctx.store.reading() as reads:
            which = subject or _seen_last(reads, runbook, host)
            samples = reads.samples(runbook, host, which, since, now)
        book = self._book(runbook)
        compared = limits(book, None, {}) if book else {}
        return Readings(since, now, series_of(samples, compared, self._units(book), FEW))

    def _book(self, name: str) -> Runbook | None:
        """As it is in force; None when it is gone."""
        if name not in self.place.contexts.names():
            return None
        return self.place.contexts.of(name).book.runbooks.get(name)

    def _units(self, book: Runbook | None) -> dict[str, str]:
        if book is None:
            return {}
        used = [each.probe for each in book.triggers if isinstance(each, ProbeTrigger)]
        used += [book.verify.probe] if book.verify else []
        known = self.place.probes()
        return {
            fact.name: fact.unit
            for name in reversed(used)
            if name in known
            for fact in known[name].facts.values()
        }
