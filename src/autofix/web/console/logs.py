"""A run's log, in bounded portions: for its page, for the pages that show its last lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from autofix.core.runs import Run, RunEvent
from autofix.ports import Desk
from autofix.web.api.common import LARGEST
from autofix.web.api.streams import OVER
from autofix.web.console.logbook import TEXT, Portion, excerpt, portion

#: Events of one page, failures listed above them, last lines on other pages.
EACH, FAILED, TAIL = 500, 50, 20
#: Places of one portion of what a search found.
FOUND = 50
#: Characters of a text that are read: what is cut shows by one more.
MOST = TEXT


@dataclass(frozen=True)
class Log:
    """What is shown of a run's log. `size`: how many events there are; `going`: it is the newest
    portion of a run that goes on."""

    portion: Portion
    size: int
    going: bool

    @property
    def older(self) -> int:
        """`before` of the portion before this one; 0: there is none."""
        return self.portion.first if self.portion.first > 1 else 0

    @property
    def newer(self) -> int:
        """`after` of the portion after this one; 0: there is none."""
        return self.portion.last if 0 < self.portion.last < self.size else 0

    @property
    def seen(self) -> int:
        """Where the live stream goes on."""
        return self.portion.last or self.size


def log_of(
    desk: Desk, run: Run, *, after: int | None = None, before: int | None = None, each: int = EACH
) -> Log:
    """The portion after an event, or before one, or the newest. `run` was read before this, so what
    it told before its end is there."""
    if after is not None:
        found = desk.run_events(run.id, after, each, cut=MOST)
    else:
        found = desk.run_events(run.id, limit=each, before=before or LARGEST, cut=MOST)
    whole = after is None and not before
    newest = found if whole else desk.run_events(run.id, limit=1, before=LARGEST, cut=0)
    size = newest[-1][0] if newest else 0
    last = found[-1][0] if found else size
    return Log(portion(found), size, run.state not in OVER and last == size)


@dataclass(frozen=True)
class Found:
    """What of a whole log says `words`: a portion of it, each with what to show of it. `more`:
    after which event the next portion begins; 0: there is none."""

    words: str
    events: Sequence[tuple[int, RunEvent, str]]
    more: int


def found_in(desk: Desk, number: int, words: str, after: int = 0) -> Found:
    """All that was kept is searched, shown or not."""
    found = desk.run_events(number, after, FOUND + 1, has=words, cut=MOST)
    shown = [(at, event, excerpt(event, words)) for at, event in found[:FOUND]]
    return Found(words, shown, shown[-1][0] if len(found) > FOUND else 0)


def tail_of(desk: Desk, run: Run, each: int = TAIL) -> Log:
    """Its last lines, for `log_parts.tail`."""
    return log_of(desk, run, each=each)
