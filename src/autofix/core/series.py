"""What is worth keeping of looks over time, for charts; and how many points of it are drawn."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

#: A change of less than this part of a value, or of what it is compared with, is noise.
BAND = 0.005
#: At least one look in so many seconds is kept.
AT_LEAST = 300.0
#: So many seconds after trouble every look is still kept.
AFTER = 600.0
#: Of an incident so many seconds before and after it are kept as long as it is itself.
AROUND = 3600.0
#: Of one that is open for weeks only its beginning, and its end: seconds of each.
LONG = 2 * 86400.0
#: Looks that are kept without looking at what changed: there are few, and each decided something.
VERIFY, FIRST = "verify", "first"

Number = float | int | bool
Point = tuple[float, float | None]  # when, and how much; None: nothing was seen


@dataclass(frozen=True)
class Sample:
    """The numbers of one look. `look` is the trigger's index, `verify` or `first`; without facts
    it could not look."""

    runbook: str
    host: str
    subject: str
    look: str
    at: float
    verdict: str = ""  # of the trigger, see `triggers.Verdict`
    facts: Mapping[str, Number] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str, str, str]:
        return self.runbook, self.look, self.host, self.subject


@dataclass(frozen=True)
class Memory:
    """What must be known of earlier looks: the last that was kept, one that was not kept since,
    and until when all are."""

    kept: Sample
    passed: Sample | None = None
    every_until: float = -math.inf


def numbers(facts: Mapping[str, object], names: Collection[str]) -> dict[str, Number]:
    """The finite numbers and truth values among these facts."""
    return {
        name: value
        for name in sorted(names)
        if isinstance(value := facts.get(name), bool | int | float) and _finite(value)
    }


def _finite(value: Number) -> bool:
    """Within a double: a whole number may be longer than one."""
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def judged(
    memory: Memory | None, sample: Sample, scale: Mapping[str, float], *, trouble: bool
) -> tuple[Memory, list[Sample]]:
    """What of this look, and of the one before, is to be written.

    `scale`: with what each fact is compared. The last look before a change is written with it, so
    that a line between points never invents a slope.
    """
    if memory is None:
        return Memory(sample, None, sample.at + AFTER if trouble else -math.inf), [sample]
    # A clock that was set back: from then on as ever, not only when the old time is reached.
    until = sample.at + AFTER if trouble else min(memory.every_until, sample.at + AFTER)
    changed = _changed(memory.kept, sample, scale)
    every = trouble or sample.at <= until
    if not (changed or every or abs(sample.at - memory.kept.at) >= AT_LEAST):
        return replace(memory, passed=sample, every_until=until), []
    before = [memory.passed] if memory.passed is not None and changed else []
    return Memory(sample, None, until), [*before, sample]


def _changed(old: Sample, new: Sample, scale: Mapping[str, float]) -> bool:
    if old.verdict != new.verdict or old.facts.keys() != new.facts.keys():
        return True
    return any(_differ(old.facts[n], v, scale.get(n, 0.0)) for n, v in new.facts.items())


def _differ(old: Number, new: Number, scale: float) -> bool:
    if isinstance(old, bool) or isinstance(new, bool):
        return old is not new
    return abs(new - old) > BAND * max(abs(old), abs(scale))


def points(samples: Sequence[Sample], fact: str) -> list[Point]:
    """One fact over time; where nothing was seen, or nobody looked for long, stands None."""
    found: list[Point] = []
    for each in samples:
        value = each.facts.get(fact)
        if value is not None:
            found.append((each.at, float(value)))
        elif not each.facts or each.facts.get("reachable") is False:
            found.append((each.at, None))
    return _parted(found)


def _parted(found: list[Point]) -> list[Point]:
    """With a gap wherever there was none for much longer than is usual for these."""
    apart = sorted(after[0] - before[0] for before, after in pairwise(found))
    long = max(3 * AT_LEAST, 3 * apart[len(apart) // 2]) if apart else math.inf
    gaps = [
        ((before[0] + after[0]) / 2, None)
        for before, after in pairwise(found)
        if after[0] - before[0] > long and before[1] is not None and after[1] is not None
    ]
    return sorted([*found, *gaps], key=lambda each: each[0])


def thinned(found: Sequence[Point], limit: int) -> list[Point]:
    """At most `limit` (5 or more) of them in order: first and last, of each stretch between the
    lowest, the highest and a gap."""
    if len(found) <= limit:
        return list(found)
    inner = range(1, len(found) - 1)
    size = math.ceil(len(inner) / ((limit - 2) // 3))
    picked = {0, len(found) - 1}
    for start in range(1, len(found) - 1, size):
        picked |= _telling(found, range(start, min(start + size, len(found) - 1)))
    return [found[index] for index in sorted(picked)]


def _telling(found: Sequence[Point], stretch: range) -> set[int]:
    seen = [(value, index) for index in stretch if (value := found[index][1]) is not None]
    gaps = [index for index in stretch if found[index][1] is None]
    return {*gaps[:1], *((min(seen)[1], max(seen)[1]) if seen else ())}
