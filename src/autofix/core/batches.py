"""Batches: of many hosts the first few are healed before the next ones are touched.

A wave is what goes on with one runbook now. Sizes are cumulative: `[1, 10%, 100%]` means one host,
then up to a tenth of them, then the rest. A host is touched once a fix was decided for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from autofix.core.incidents import LIVE, WITH_A_PERSON, WORKING, State
from autofix.core.shares import share

#: So many hosts are named in a reason; the others are counted.
NAMED = 3


@dataclass(frozen=True)
class InWave:
    """One incident of a wave, as far as batches care. No rehearsals."""

    incident: int
    host: str
    state: State
    fix_started_at: float | None = None
    reason: str = ""

    @property
    def touched(self) -> bool:
        return self.fix_started_at is not None or self.state in WORKING

    @property
    def ready(self) -> bool:
        """Nothing but the batches, or what comes after them, is in its way."""
        return self.state is State.OPEN or (
            self.state is State.HELD and self.reason.startswith(("batches:", "at_once:"))
        )


@dataclass(frozen=True)
class Go:
    """Its turn."""


@dataclass(frozen=True)
class Wait:
    reason: str


@dataclass(frozen=True)
class Stop:
    reason: str


@dataclass(frozen=True)
class _Host:
    name: str
    members: tuple[InWave, ...]

    @property
    def ready(self) -> int | None:
        """The number of its first incident that only waits for its turn."""
        return next((each.incident for each in self.members if each.ready), None)

    @property
    def touched_at(self) -> tuple[float, int]:
        starts = [m.fix_started_at for m in self.members if m.fix_started_at is not None]
        return min(starts, default=float("inf")), self.members[0].incident

    @property
    def touched(self) -> bool:
        return any(each.touched for each in self.members)

    @property
    def failed(self) -> bool:
        return any(each.touched and each.state in WITH_A_PERSON for each in self.members)

    @property
    def over(self) -> bool:
        """What was tried here has ended, and well, or a person has resolved it."""
        return not any(each.touched and each.state in LIVE for each in self.members)

    @property
    def state(self) -> State:
        return next((m.state for m in self.members if m.state in LIVE), self.members[-1].state)


def limits(sizes: Sequence[int | float], group: int) -> list[int]:
    """How many hosts may be touched up to the end of each batch but the last, which is the rest.

    `sizes`: whole numbers are hosts, floats percentages of `group`.
    """
    found: list[int] = []
    for size in sizes:
        hosts = size if isinstance(size, int) else share(size, group)
        whole = isinstance(size, float) and size >= 100
        if not whole and (not found or hosts > found[-1]):
            found.append(hosts)
    return found


def turn(
    sizes: Sequence[int | float], group: int, incident: int, host: str, wave: Sequence[InWave]
) -> Go | Wait | Stop:
    """May a fix start on this host, the first one of this incident? `wave` may hold it, too."""
    ends = limits(sizes, group)
    hosts = _by_host([each for each in wave if each.incident != incident])
    touched = sorted((h for h in hosts if h.touched), key=lambda each: each.touched_at)
    failed = next((at for at, each in enumerate(touched) if each.failed), None)
    if failed is not None:
        number = 1 + sum(failed >= end for end in ends)
        why = f"batch {number} failed on {touched[failed].name}: the rest is left alone"
        return Stop(why)
    if any(each.name == host for each in touched):
        return Go()
    for number, end in enumerate(ends, 1):
        first = touched[:end]
        if len(first) == end and all(each.over for each in first):
            continue
        untouched = [(each.ready, each) for each in hosts if not each.touched]
        ahead = [each for ready, each in untouched if ready is not None and ready < incident]
        if len(touched) + len(ahead) < end:
            return Go()
        waiting = [each for each in first if not each.over] or ahead
        return Wait(
            _wait(number, len(ends) + 1, end - (ends[number - 2] if number > 1 else 0), waiting)
        )
    return Go()


def _by_host(wave: Sequence[InWave]) -> list[_Host]:
    found: dict[str, list[InWave]] = {}
    for each in sorted(wave, key=lambda member: member.incident):
        found.setdefault(each.host, []).append(each)
    return [_Host(name, tuple(members)) for name, members in found.items()]


def _wait(number: int, of: int, size: int, waiting: Sequence[_Host]) -> str:
    named = [f"{each.name} is {str(each.state).replace('_', ' ')}" for each in waiting[:NAMED]]
    more = f" and {len(waiting) - NAMED} more" if len(waiting) > NAMED else ""
    hosts = "1 host" if size == 1 else f"{size} hosts"
    return f"batch {number} of {of} ({hosts}) first: {', '.join(named)}{more}"
