"""The circuit breaker of one target: closed, open, or half-open for exactly one attempt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from autofix.core.durations import human
from autofix.core.runbooks import Attempts


@dataclass(frozen=True)
class Reset:
    """One row a target: a person made its open breaker half-open at `at`."""

    runbook: str
    host: str
    subject: str
    at: float
    by: str
    reason: str = ""


@dataclass(frozen=True)
class Attempt:
    """An incident that started at least one run. `trial`: the one let through half-open."""

    started_at: float
    ended_at: float | None = None
    trial: bool = False
    passed: bool = False  # it healed, or it ended well with `verify: none`


class BreakerState(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True)
class Breaker:
    """`why` in words; `until`: when an open one becomes half-open by itself."""

    state: BreakerState
    why: str
    until: float | None = None


@dataclass(frozen=True)
class Standing:
    """A target whose breaker is not closed."""

    runbook: str
    host: str
    subject: str
    breaker: Breaker


CLOSED = Breaker(BreakerState.CLOSED, "no attempts lately")


def breaker_state(
    limit: Attempts, attempts: Sequence[Attempt], reset: Reset | None, now: float
) -> Breaker:
    """How it stands now.

    `attempts`: the newest `limit.max` at least, newest first, none from before a person closed it.
    It opens with the attempt that fills the limit and stays open whatever leaves the window, until
    a person resets it or `limit.half_open` seconds passed. So without a reset and a shorter
    `half_open_after` no window of `per` ever holds more than `max` attempts.
    """
    if not attempts:
        return CLOSED
    last = attempts[0]
    failed = last.trial and not last.passed
    count = _in_a_row(limit, attempts)
    if not failed and count < limit.max:
        return Breaker(BreakerState.CLOSED, f"{count} of at most {limit.max} attempts")
    if reset is not None and reset.at > last.started_at:
        return Breaker(BreakerState.HALF_OPEN, f"{reset.by} reset it: one attempt is let through")
    opened = last.started_at if last.ended_at is None else last.ended_at
    until = opened + limit.half_open
    if now >= until:
        why = f"{human(limit.half_open)} have passed: one attempt is let through"
        return Breaker(BreakerState.HALF_OPEN, why)
    why = (
        "the one attempt let through did not heal"
        if failed
        else f"{count} attempts within {human(limit.per)} (at most {limit.max})"
    )
    return Breaker(BreakerState.OPEN, why, until)


def _in_a_row(limit: Attempts, attempts: Sequence[Attempt]) -> int:
    """Attempts in the window that ends with the newest; a trial that passed began a new count."""
    begin, count = attempts[0].started_at - limit.per, 0
    for each in attempts:
        if each.started_at <= begin:
            break
        count += 1
        if each.trial:
            break
    return count
