"""Who is called, and when again: levels with waits, begun anew until somebody answers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from autofix.core.decisions import approval_key
from autofix.core.durations import human
from autofix.core.incidents import ASKING, ENDED, Incident, State

#: How long one channel may take before the next is tried, in seconds.
CHANNEL_TIMEOUT = 12.0
#: What a policy waits for when it does not say, in seconds.
WAIT, REPEAT, ACK_LASTS = 900.0, 1800.0, 4 * 3600.0


@dataclass(frozen=True)
class Level:
    """Channels tried in order until one takes the page; seconds until the next level is called."""

    channels: tuple[str, ...]
    wait: float = WAIT


@dataclass(frozen=True)
class Policy:
    """Who is paged, level after level, until somebody acknowledges.

    `repeat`: seconds after the last level's wait until it begins anew; None: it does not.
    `ack_lasts`: seconds after which an incident that is acknowledged and not resolved is called
    for again.
    """

    name: str
    levels: tuple[Level, ...]
    repeat: float | None = REPEAT
    ack_lasts: float = ACK_LASTS

    @property
    def channels(self) -> tuple[str, ...]:
        """Every channel once, in the order of the levels: for what has no levels of its own."""
        return unique(name for level in self.levels for name in level.channels)


def simple(name: str, *channels: str) -> Policy:
    """The short form: one level."""
    return Policy(name, (Level(channels),) if channels else ())


def unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


@dataclass(frozen=True)
class Call:
    """One call: which level (from 0) in which round (from 1), and when the next one is due."""

    level: int
    round: int
    next_at: float | None


def next_call(policy: Policy, calls: int, now: float) -> Call:
    """The call that is made now, when `calls` were made before."""
    rounds, level = divmod(calls, len(policy.levels))
    wait = policy.levels[level].wait
    if level + 1 < len(policy.levels):
        return Call(level, rounds + 1, now + wait)
    return Call(level, rounds + 1, None if policy.repeat is None else now + wait + policy.repeat)


@dataclass(frozen=True)
class Again:
    """The next level is called. `anew`: from the first one."""

    reason: str
    anew: bool = False


@dataclass(frozen=True)
class Later:
    """Somebody has it: look again then."""

    until: float
    reason: str


@dataclass(frozen=True)
class Enough:
    """Nobody is called any more."""

    reason: str


@dataclass(frozen=True)
class Over:
    """It has ended: pages that channels can close are closed."""

    reason: str


Due = Again | Later | Enough | Over


def when_due(incident: Incident, policy: Policy | None, now: float) -> Due:
    """What an incident's `call_at`, now that it has come, asks for."""
    if incident.state in ENDED:
        return Over(f"it is {incident.state}")
    if incident.state not in (*ASKING, State.ACKNOWLEDGED):
        return Enough(f"it is {incident.state}: nobody is asked for")
    if incident.state is State.AWAITING_APPROVAL and _approved(incident):
        return Enough("its step is approved")
    since = incident.acknowledged_at
    if since is None:
        return Again("nobody has acknowledged it")
    until = since + (policy.ack_lasts if policy else ACK_LASTS)
    if now < until:
        return Later(until, "somebody has it")
    lasted = human(now - since)
    return Again(f"acknowledged {lasted} ago, and not resolved since", anew=True)


def _approved(incident: Incident) -> bool:
    return approval_key(incident, incident.step) in incident.approved
