"""Where the story of an incident is read from while it happens: the store, or a server."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from autofix.cli import reach
from autofix.core.audit import AuditEntry
from autofix.core.incidents import Incident
from autofix.core.runs import Run, RunEvent
from autofix.errors import StoreError
from autofix.flow.context import Context

#: How long a server may stay away until it is given up, and between two tries, in seconds.
AWAY, AGAIN = 20.0, 1.0
Value = TypeVar("Value")


@dataclass(frozen=True)
class Seen:
    """An incident now. `waiting`: a page about it has not been taken yet."""

    incident: Incident
    runs: Sequence[Run]
    entries: Sequence[AuditEntry]
    waiting: bool


class Source(Protocol):
    #: Seconds between two looks.
    poll: float

    def look(self, incident: int, after: int) -> Seen:
        """With what the record says of it after this entry."""

    def events(self, run: int, after: int) -> list[tuple[int, RunEvent]]:
        """A portion of a run's output after this event."""

    def live(self, run: int, after: int) -> Iterator[tuple[int, RunEvent]]:
        """Its output while it happens, until it is over; nothing where looking does as well."""


class OfStore:
    poll = 0.15

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    def look(self, incident: int, after: int) -> Seen:
        with self._ctx.store.reading() as reads:
            found = reads.incident(incident)
            assert found is not None
            waiting = any(page.due_at is not None for page in reads.pages(incident=incident))
            entries = reads.audit(incident=incident, after=after)
            return Seen(found, reads.runs(incident=incident), entries, waiting)

    def events(self, run: int, after: int) -> list[tuple[int, RunEvent]]:
        with self._ctx.store.reading() as reads:
            return reads.run_events(run, after)

    def live(self, run: int, after: int) -> Iterator[tuple[int, RunEvent]]:  # noqa: ARG002
        return iter(())


class OfServer:
    """`say` hears that the server is away, and that it is back. A local one that is gone for good
    gives way to the store."""

    def __init__(
        self, say: Callable[[str], None], sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._say, self._sleep = say, sleep
        self.poll = 0.5 if reach.from_afar() else OfStore.poll

    def steadily(self, ask: Callable[[], Value]) -> Value:
        """Asked until it answers. StoreError when it stays away: the work goes on without us."""
        away = 0.0
        while True:
            try:
                found = ask()
            except StoreError as error:
                if reach.instead():
                    continue
                if not away:
                    self._say(f"{error}: the work goes on there, and we go on asking")
                if away >= AWAY or not reach.asks_a_server():
                    raise
                self._sleep(AGAIN)
                away += AGAIN
                continue
            if away:
                self._say("the server answers again")
            return found

    def look(self, incident: int, after: int) -> Seen:
        story = self.steadily(lambda: reach.desk().incident(incident))
        entries = [entry for entry in story.record if entry.seq > after]
        waiting = any(page.due_at is not None for page in story.pages)
        return Seen(story.incident, story.runs, entries, waiting)

    def events(self, run: int, after: int) -> list[tuple[int, RunEvent]]:
        return self.steadily(lambda: reach.desk().run_events(run, after))

    def live(self, run: int, after: int) -> Iterator[tuple[int, RunEvent]]:
        """Where the stream breaks off, looking goes on."""
        if not reach.from_afar():
            return
        try:
            yield from reach.remote().live(run, after)
        except StoreError:
            return
