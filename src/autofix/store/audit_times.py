"""The place in the record where a moment stands.

Entries stand in the order of their numbers, and so nearly in the order of their times: no index is
needed to find one, some twenty single entries are looked at among a million. Times may go back: a
clock was set, or a pause is written down later at its true time. So the place is that of a moment
SLACK earlier or later (and by as much more as a clock that was wrong for days was set back), and
what lies between is compared one by one.
"""

from __future__ import annotations

from collections.abc import Callable

#: Seconds by which an entry's time may lie before that of one with a smaller number.
SLACK = 86400.0
#: The time of the first entry with at least this number; None when there is none.
Timed = Callable[[int], float | None]


def before(since: float | None, last: int, time_of: Timed, more: float = 0.0) -> int:
    """A number after which everything stands that is not older than `since`; `last` is the
    newest entry's. `more`: seconds beyond SLACK by which times go back."""
    if since is None:
        return 0
    return _first(since - SLACK - more, last, time_of) - 1


def beyond(until: float | None, last: int, time_of: Timed, more: float = 0.0) -> int:
    """A number below which everything stands that is older than `until`."""
    if until is None:
        return last + 1
    return _first(until + SLACK + more, last, time_of)


def _first(moment: float, last: int, time_of: Timed) -> int:
    """The number from which on entries are as late as this, as far as halving tells."""
    low, high = 1, last + 1
    while low < high:
        middle = (low + high) // 2
        at = time_of(middle)
        if at is None or at >= moment:
            high = middle
        else:
            low = middle + 1
    return low
