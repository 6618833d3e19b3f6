"""Which channel tries a page next, and how long a channel that failed is left alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

#: How long a channel rests after failing, in seconds: doubled by each failure, up to the limit.
REST, REST_LIMIT = 15.0, 300.0


@dataclass(frozen=True)
class Try:
    """This channel, now. `skipped`: how many before it in turn were passed over."""

    channel: str
    skipped: int = 0


@dataclass(frozen=True)
class Wait:
    """All its channels failed and rest."""

    until: float


def choose(
    channels: Sequence[str], tried: int, resting: Mapping[str, float], now: float
) -> Try | Wait:
    """What happens next with a page that was tried `tried` times, `channels` in turn.

    `resting`: until when channels that failed lately are left to those whose turn it is to ask.
    One that rests is passed over as long as another does not. A page that has not been round all
    its channels yet never waits: what failed for others may work again.
    """
    turn = [channels[(tried + step) % len(channels)] for step in range(len(channels))]
    for skipped, name in enumerate(turn):
        if resting.get(name, now) <= now:
            return Try(name, skipped)
    if tried < len(channels):
        return Try(turn[0])
    return Wait(min(resting[name] for name in turn))


def rest(failures: int) -> float:
    """Seconds that a channel rests after so many failures in a row."""
    return float(min(REST * 2 ** min(failures - 1, 20), REST_LIMIT))
