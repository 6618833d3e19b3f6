"""A run's log as people read it: events gathered by play, task and host. Pure.

Events may be missing at either end (a portion of a long log), of kinds that we don't know, or about
a task whose beginning was never told: each finds its place by what it says itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from autofix.core.runs import RunEvent

Numbered = tuple[int, RunEvent]
#: What happened to a host, the worst first; other kinds (output, notice, …) say nothing of it.
WORST = ("failed", "unreachable", "ignored", "changed", "ok", "skipped")
BAD = frozenset({"failed", "unreachable"})
#: Characters of one text, and of all texts of a page; past that each is shown so short.
TEXT, ALL, SHORT = 2000, 400_000, 200
#: Characters that are shown on both sides of what a search found.
AROUND = 100
#: What only tells that something begins.
_HEADS = frozenset({"start", "play", "task"})


@dataclass(frozen=True)
class Line:
    """One event: its text, and whether there is more of it than is shown."""

    number: int
    kind: str
    at: float
    text: str
    cut: bool
    item: str = ""


@dataclass
class OnHost:
    """What was told of one host in one task; "" is the run itself."""

    name: str
    lines: list[Line] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """The worst that happened; "" when nothing was said of it (yet)."""
        seen = {line.kind for line in self.lines}
        return next((kind for kind in WORST if kind in seen), "")

    @property
    def bad(self) -> bool:
        return self.kind in BAD

    @property
    def first(self) -> str:
        """The first line of what was said."""
        return next((line.text.split("\n", 1)[0] for line in self.lines if line.text), "")

    @property
    def short(self) -> bool:
        """Is all of it said by its first line?"""
        said = [line for line in self.lines if line.text or line.cut]
        return not said or (len(said) == 1 and "\n" not in said[0].text and not said[0].cut
                            and not said[0].item and len(said[0].text) <= 200)  # fmt: skip


@dataclass
class Task:
    """`begun`: its beginning is on this page, under this number; else 0."""

    name: str
    at: float
    begun: int = 0
    hosts: list[OnHost] = field(default_factory=list)

    @property
    def kind(self) -> str:
        seen = {host.kind for host in self.hosts}
        return next((kind for kind in WORST if kind in seen), "")

    @property
    def bad(self) -> bool:
        return any(host.bad for host in self.hosts)

    @property
    def number(self) -> int:
        return self.begun or self.hosts[0].lines[0].number

    def of(self, host: str) -> OnHost:
        found = next((each for each in self.hosts if each.name == host), None)
        if found is None:
            found = OnHost(host)
            self.hosts.append(found)
        return found


@dataclass
class Play:
    name: str
    at: float
    number: int
    tasks: list[Task] = field(default_factory=list)

    @property
    def bad(self) -> bool:
        return any(task.bad for task in self.tasks)


@dataclass(frozen=True)
class Portion:
    """A part of a log: from event `first` to `last`, 0 and 0 when it is empty."""

    plays: Sequence[Play]
    first: int
    last: int
    events: int


def portion(found: Sequence[Numbered]) -> Portion:
    """The events of one page, in the order of their numbers, gathered."""
    room = ALL
    plays: list[Play] = []
    for number, event in found:
        most = TEXT if room > 0 else SHORT
        room -= min(len(event.text), most)
        _put(plays, number, event, most)
    first, last = (found[0][0], found[-1][0]) if found else (0, 0)
    return Portion(plays, first, last, len(found))


def line(number: int, event: RunEvent, most: int = TEXT) -> Line:
    cut, item = len(event.text) > most, event.data.get("item", "")
    return Line(number, event.kind, event.at, event.text[:most], cut, str(item)[:200])


def failures(found: Iterable[Numbered]) -> list[tuple[RunEvent, Line]]:
    """Failures as a list of their own, each with where it happened."""
    return [(event, line(number, event, SHORT * 2)) for number, event in found]


def excerpt(event: RunEvent, words: str) -> str:
    """The line that says these words, cut around them; "" when what was read of its text, or its
    name, doesn't."""
    named = {"task": event.task, "play": event.play}.get(event.kind, "")
    for each in (*event.text.splitlines(), named):
        at = each.lower().find(words.lower())
        if at >= 0:
            return each[max(at - AROUND, 0) : at + len(words) + AROUND]
    return ""


def _put(plays: list[Play], number: int, event: RunEvent, most: int) -> None:
    play = _play(plays, number, event)
    if event.kind in ("start", "play"):
        return
    task = _task(play, number, event)
    if event.kind != "task":
        task.of(event.host).lines.append(line(number, event, most))
    elif event.text:
        task.of("").lines.append(line(number, event, most))


def _play(plays: list[Play], number: int, event: RunEvent) -> Play:
    """The one it belongs to: the last of its name; what names none belongs to the last."""
    if event.kind != "play" and plays:
        if not event.play:
            return plays[-1]
        same = next((each for each in reversed(plays) if each.name in (event.play, "")), None)
        if same is not None and same.name:
            return same
    if event.kind == "start" and plays:
        return plays[-1]
    if plays and not plays[-1].name and not plays[-1].tasks:
        plays[-1].name = event.play
        return plays[-1]
    plays.append(Play(event.play, event.at, number))
    return plays[-1]


def _task(play: Play, number: int, event: RunEvent) -> Task:
    """A task of the same name that is told anew (a loop, a role twice) is another one."""
    if event.kind == "task":
        play.tasks.append(Task(event.task, event.at, number))
        return play.tasks[-1]
    same = next((each for each in reversed(play.tasks) if each.name == event.task), None)
    if same is None or (not event.task and play.tasks[-1] is not same):
        same = Task(event.task, event.at)
        play.tasks.append(same)
    return same
