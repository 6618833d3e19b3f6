"""A business calendar: the working time of a week, its holidays, and counting along it.

Edges are wall times of the calendar's zone; what is counted are real seconds, so that the day on
which the clock changes is an hour shorter or longer. An edge in a repeated hour counts as early
as it can when it opens and as late as it can when it closes; an edge in a skipped hour lies as
far behind the change as it would have lain behind the gap's beginning.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

#: Minutes of a day: [from, until).
Hours = tuple[tuple[int, int], ...]
DAY_MINUTES = 1440
FULL: Hours = ((0, DAY_MINUTES),)
#: Nothing is counted further ahead than this, in seconds.
HORIZON = 100 * 366 * 86400.0
#: Computed days that are remembered.
REMEMBERED = 4000


@dataclass(frozen=True)
class Calendar:
    """When people work.

    `week`: weekday (0 is Monday) → working hours. `holidays` are dates (ISO) without any.
    `workdays` are dates worked in spite of the week, with the hours of its first working day.
    """

    name: str
    timezone: str
    week: Mapping[int, Hours]
    holidays: frozenset[str] = frozenset()
    workdays: frozenset[str] = frozenset()
    _known: dict[int, tuple[tuple[float, float], ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @property
    def around_the_clock(self) -> bool:
        return not self.holidays and all(self.week.get(day) == FULL for day in range(7))

    def open_at(self, at: float) -> bool:
        """Is this moment working time? The edge that opens belongs to it, the closing one not."""
        return self.next_open(at) == at

    def next_open(self, at: float) -> float | None:
        """The first working moment from `at` on, `at` itself included; None: there is none."""
        if self.around_the_clock:
            return at
        return next((max(begin, at) for begin, _ in self._spans(at)), None)

    def next_close(self, at: float) -> float | None:
        """The end of the working time that `at` lies in; `at` itself when closed; None: never."""
        if self.around_the_clock:
            return None
        closing = at
        for begin, end in self._spans(at):
            if begin > closing:
                return closing
            closing = end
            if closing > at + HORIZON:
                return None
        return closing

    def after(self, at: float, seconds: float) -> float | None:
        """The moment at which so much working time has passed since `at`; None: never."""
        if self.around_the_clock or seconds <= 0:
            return at + max(seconds, 0.0)
        left = seconds
        for begin, end in self._spans(at):
            opening = max(begin, at)
            if left <= end - opening:
                return opening + left
            left -= end - opening
            if end > at + HORIZON:
                break
        return None

    def between(self, start: float, end: float) -> float:
        """Seconds of working time between two moments; 0 when they stand the other way round."""
        if self.around_the_clock:
            return max(end - start, 0.0)
        total = 0.0
        for opening, closing in self._spans(start):
            if opening >= end:
                break
            total += min(closing, end) - max(opening, start)
        return total

    def end_of_day(self, at: float) -> float | None:
        """The last closing of the day that `at` lies in, or of the next day that opens."""
        if (opening := self.next_open(at)) is None:
            return None
        day = datetime.fromtimestamp(opening, self._zone()).toordinal()
        return max((end for _, end in self._day(day)), default=opening)

    @property
    def working_day(self) -> float:
        """Seconds that a working day has: those of the week's first one."""
        return sum(end - start for start, end in self._first_hours()) * 60.0

    def _spans(self, at: float) -> Iterator[tuple[float, float]]:
        """Working times that end after `at`, in order, none overlapping."""
        day = datetime.fromtimestamp(at, self._zone()).toordinal() - 1
        closed, last = 0, float("-inf")
        # Longer than any row of holidays can close it: there is no working time then.
        patience = 7 * (len(self.holidays) + 2)
        while closed < patience and day < date.max.toordinal() - 1:
            found = self._day(day)
            for begin, end in found:
                begin = max(begin, last)
                if end > max(begin, at):
                    yield begin, end
                    last = end
            closed = 0 if found else closed + 1
            day += 1

    def _day(self, ordinal: int) -> tuple[tuple[float, float], ...]:
        found = self._known.get(ordinal)
        if found is None:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            found = self._known[ordinal] = tuple(self._reckon(date.fromordinal(ordinal)))
        return found

    def _reckon(self, day: date) -> Iterator[tuple[float, float]]:
        zone = self._zone()
        for start, end in sorted(self._hours(day)):
            opening = _moment(day, start, zone, late=False)
            # Midnight opens the next day when it comes first: nothing is counted twice.
            closing = _moment(day, end, zone, late=end < DAY_MINUTES)
            if opening < closing:
                yield opening, closing

    def _hours(self, day: date) -> Hours:
        if day.isoformat() in self.holidays:
            return ()
        if day.isoformat() in self.workdays:
            return self._first_hours()
        return self.week.get(day.weekday(), ())

    def _first_hours(self) -> Hours:
        return next((self.week[day] for day in sorted(self.week) if self.week[day]), ())

    def _zone(self) -> tzinfo:
        return UTC if self.timezone == "UTC" else ZoneInfo(self.timezone)


def _moment(day: date, minute: int, zone: tzinfo, *, late: bool) -> float:
    """The moment of this wall time; with `late` the second one where a clock change repeats it."""
    wall = datetime(day.year, day.month, day.day, tzinfo=zone) + timedelta(minutes=minute)
    # In a skipped hour only fold 0 lies behind the change, and it is the larger one.
    return max(wall.timestamp(), wall.replace(fold=1).timestamp()) if late else wall.timestamp()


#: Mondays to Fridays, as long as the settings name no calendar `business` of their own.
BUSINESS: Mapping[int, Hours] = dict.fromkeys(range(5), ((9 * 60, 18 * 60),))
#: Around the clock, every day: built in, under this name.
ALWAYS = Calendar("always", "UTC", dict.fromkeys(range(7), FULL))
