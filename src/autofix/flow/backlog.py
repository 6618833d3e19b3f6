"""How much there is to decide about: the more, the less often what waits is looked at again."""

from __future__ import annotations

#: So many decisions due at one moment are a full backlog: the store names no more at once.
FULL = 500
#: Decisions in a second that may go on for ever, and those that are too many; over how long they
#: are counted, in seconds.
EASY, HARD, WINDOW = 40.0, 80.0, 60.0


class Backlog:
    """`level`: from 0, nothing waits, to 1, as much waits as can be looked at.

    It rises at once with what is due, and falls again only while decisions are few: else ten
    thousand that wait would be asked for faster and faster until there is time for nothing else.
    """

    def __init__(self) -> None:
        self.level = 0.0
        self._since: float | None = None
        self._begun = 0

    def seen(self, now: float, due: int, begun: int) -> None:
        """At this moment so many decisions were due, and so many of them were begun just now."""
        self.level = max(self.level, min(1.0, due / FULL))
        self._begun += begun
        if self._since is None or now < self._since:
            self._since = now
        passed = now - self._since
        if passed >= WINDOW:
            self._judge(self._begun / passed, passed / WINDOW)
            self._since, self._begun = now, 0

    def _judge(self, rate: float, windows: float) -> None:
        if rate < EASY:
            self.level *= 0.5**windows
        elif rate > HARD:
            self.level = min(1.0, 1.5 * self.level + 0.05)
