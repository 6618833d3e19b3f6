"""Questions about what happens: incidents, runs, pages, runbooks, brakes."""

from __future__ import annotations

from collections.abc import Iterable

from autofix.core.breakers import Standing
from autofix.core.deadlines import deadlines_of
from autofix.core.incidents import Incident, State
from autofix.core.overview import Overview
from autofix.core.pages import Page, PageState
from autofix.core.pauses import Pause, merged
from autofix.core.roles import Permission
from autofix.core.signals import Signal
from autofix.core.silences import Silence
from autofix.core.stories import (
    Answer,
    IncidentStory,
    PageStory,
    ProbeCard,
    RunbookCard,
    Status,
)
from autofix.desk import overview, status
from autofix.desk.base import Room, known_host
from autofix.desk.cards import card
from autofix.desk.explain import explain
from autofix.desk.telling import attempts_of
from autofix.errors import NotFound
from autofix.flow import breakers

#: How many of a digest's members are read for one answer.
MEMBERS = 100_000
#: Runs, and pages, of one incident: more than anybody lives through.
PARTS = 10_000


class Looks(Room):
    """Nothing here changes anything; whoever may read may ask all of it."""

    def status(self) -> Status:
        self.may(Permission.READ, "status")
        return status.gathered(self.place, self.ctx)

    def overview(self, limit: int = 50) -> Overview:
        self.may(Permission.READ, "overview")
        return overview.gathered(self.place, self.ctx, self.principal, limit)

    def runbooks(self) -> list[RunbookCard]:
        self.may(Permission.READ, "runbooks")
        book, names = self.place.contexts.good().book, self.place.contexts.names()
        known = [book.runbooks[name] for name in sorted(names) if name in book.runbooks]
        return [card(each, book) for each in known]

    def runbook(self, name: str) -> RunbookCard:
        self.may(Permission.READ, "runbook")
        self._known_runbook(name)
        book = self.place.contexts.of(name).book
        return card(book.runbooks[name], book)

    def why(self, runbook: str, host: str) -> Answer:
        self.may(Permission.READ, "why")
        ctx = self.place.contexts.whole()
        known_host(ctx.book.inventory, host)
        return explain(ctx, runbook, host, bool(ctx.store.leader()))

    def hosts(self) -> list[str]:
        self.may(Permission.READ, "hosts")
        return self.place.contexts.good().book.inventory.hosts("all")

    def probes(self) -> list[ProbeCard]:
        self.may(Permission.READ, "probes")
        return [
            ProbeCard(
                name, tuple(each.facts.values()), dict(each.options_schema()), each.open_ended
            )
            for name, each in sorted(self.place.probes().items())
        ]

    def incidents(
        self,
        *,
        states: Iterable[State] | None = None,
        runbook: str = "",
        host: str = "",
        severity: str = "",
        before: int | None = None,
        limit: int = 50,
    ) -> list[Incident]:
        self.may(Permission.READ, "incidents")
        with self.ctx.store.reading() as reads:
            return reads.incidents(
                states=states,
                runbook=runbook,
                host=host,
                severity=severity,
                before=before,
                limit=limit,
            )

    def incident(
        self, number: int, *, before: int | None = None, entries: int = 1000
    ) -> IncidentStory:
        self.may(Permission.READ, "incident")
        ctx = self.ctx
        with ctx.store.reading() as reads:
            incident = reads.incident(number)
            if incident is None:
                hint = "see `autofix incidents list`"
                raise NotFound(f"there is no incident {number}", hint=hint)
            told = reads.audit(incident=number, before=before, limit=entries, newest_first=True)
            return IncidentStory(
                incident,
                tuple(sorted(reads.runs(incident=number, limit=PARTS), key=lambda run: run.id)),
                tuple(sorted(reads.pages(incident=number, limit=PARTS), key=lambda page: page.id)),
                tuple(reads.digests(number)),
                tuple(reversed(told)),
                tuple(deadlines_of(incident, ctx.clock.now())),
            )

    def signal(self, number: int) -> Signal:
        self.may(Permission.READ, "signal")
        with self.ctx.store.reading() as reads:
            found = reads.signal(number)
        if found is None:
            raise NotFound(f"there is no signal {number}")
        return found

    def pages(
        self,
        *,
        incident: int | None = None,
        runbook: str = "",
        waiting: bool = False,
        before: int | None = None,
        limit: int = 50,
    ) -> list[Page]:
        self.may(Permission.READ, "pages")
        states = [PageState.QUEUED] if waiting else None
        with self.ctx.store.reading() as reads:
            found = reads.pages(
                incident=incident, runbook=runbook, states=states, before=before, limit=limit
            )
            shared = reads.digests(incident) if incident is not None else []
        more = [
            page
            for page in shared
            if (not waiting or page.due_at) and (before is None or page.id < before)
        ]
        return sorted([*found, *more], key=lambda page: -page.id)[:limit]

    def page(self, number: int) -> PageStory:
        self.may(Permission.READ, "page")
        with self.ctx.store.reading() as reads:
            page = reads.page(number)
            if page is None:
                raise NotFound(f"there is no page {number}", hint="see `autofix pages list`")
            members = tuple(reads.members(number, limit=MEMBERS))
            return PageStory(page, members, tuple(attempts_of(reads, page)))

    def silences(
        self,
        *,
        everything: bool = False,
        over: bool = False,
        before: int | None = None,
        limit: int = 1000,
    ) -> list[Silence]:
        self.may(Permission.READ, "silences")
        ctx = self.ctx
        now = ctx.clock.now()
        standing = None if everything or over else now
        with ctx.store.reading() as reads:
            return reads.silences(
                standing_at=standing, over_at=now if over else None, before=before, limit=limit
            )

    def pauses(self) -> list[Pause]:
        self.may(Permission.READ, "pauses")
        ctx = self.ctx
        with ctx.store.reading() as reads:
            return merged(ctx.switch.pauses(), reads.pauses())

    def breakers(self) -> list[Standing]:
        self.may(Permission.READ, "breakers")
        ctx = self.place.contexts.good()
        with ctx.store.reading() as reads:
            return breakers.standing(ctx, reads)
