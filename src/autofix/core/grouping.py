"""A storm is one page with a count: does this call get a page of its own, or join a digest?"""

from __future__ import annotations

from dataclasses import dataclass

from autofix.core.durations import human
from autofix.core.pages import Page

#: Seconds between two pages of one runbook to the same people.
APART = 300.0


@dataclass(frozen=True)
class Alone:
    """A page of its own, at once."""

    reason: str


@dataclass(frozen=True)
class Gathered:
    """In the digest that gathers already (`into`), or in a new one that is due then."""

    due_at: float
    reason: str
    into: Page | None = None


Placing = Alone | Gathered


def place(latest: Page | None, now: float, *, had_own: bool, together: int = 1) -> Placing:
    """Where calls of one runbook, policy and level go that are made at the same moment.

    `latest`: the last page of these, or the digest that gathers (see `Reads.latest_call`);
    `had_own`: the incident had a page of its own before; `together`: how many calls there are.
    """
    if had_own:
        return Alone("it had a page of its own before")
    if latest is not None and latest.gathers:
        return Gathered(latest.due_at or now, f"page {latest.id} gathers them", latest)
    if latest is not None and now - latest.created_at < APART:
        ago = human(max(now - latest.created_at, 0.0))
        return Gathered(latest.created_at + APART, f"page {latest.id} of this is {ago} old")
    if together > 1:
        return Gathered(now, f"{together} are called at once")
    return Alone("the first in a while")
