"""What looks saw is written down for charts, beside what they mean and in the same commit."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from autofix.core.conditions import Condition
from autofix.core.readings import Reading
from autofix.core.runbooks import ProbeTrigger, Runbook
from autofix.core.series import VERIFY, Memory, Sample, judged, numbers
from autofix.core.thresholds import scale
from autofix.core.triggers import Verdict, Watch

Key = tuple[str, str, str, str]
_TROUBLE = frozenset({Verdict.PENDING, Verdict.FIRES, Verdict.FIRING, Verdict.CLEARS})
#: What was not looked at for so many seconds is not remembered.
OLD = 86400.0
#: Beyond so many memories the old ones are looked for.
MANY = 10_000


@dataclass
class Samples:
    """What is remembered of the looks before, so that nothing has to be asked of the store. Lost
    with the process: the next look of each target is then written."""

    _memories: dict[Key, Memory] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def batch(self) -> Batch:
        with self._lock:
            return Batch(self._memories)

    def keep(self, batch: Batch) -> None:
        """It is committed."""
        with self._lock:
            self._memories.update(batch.seen)
            if len(self._memories) > MANY and batch.seen:
                now = max(each.kept.at for each in batch.seen.values())
                young = {k: m for k, m in self._memories.items() if now - m.kept.at < OLD}
                self._memories = young


@dataclass
class Batch:
    """The looks of one transaction."""

    _before: Mapping[Key, Memory]
    seen: dict[Key, Memory] = field(default_factory=dict)
    written: list[Sample] = field(default_factory=list)

    def add(self, runbook: Runbook, watch: Watch, reading: Reading) -> None:
        """A look of a trigger."""
        conditions = conditions_of(runbook, watch.trigger)
        target, look = (watch.host, watch.subject), str(watch.trigger)
        sample = replace(
            sample_of(runbook, target, look, reading, conditions), verdict=str(watch.verdict)
        )
        old = self.seen.get(sample.key) or self._before.get(sample.key)
        if old is None and not sample.facts and not reading.error:
            return  # nothing that could be drawn
        trouble = watch.firing or watch.verdict in _TROUBLE
        self.seen[sample.key], new = judged(old, sample, _scales(conditions), trouble=trouble)
        self.written += new


def conditions_of(runbook: Runbook, index: int | None) -> list[Condition]:
    """What speaks about the failure: the trigger's conditions, and the verification's."""
    found: list[Condition | None] = []
    if index is not None and 0 <= index < len(runbook.triggers):
        trigger = runbook.triggers[index]
        if isinstance(trigger, ProbeTrigger):
            found += [trigger.when, trigger.clear_when]
    if runbook.verify is not None:
        found.append(runbook.verify.until)
    return [each for each in found if each is not None]


def sample_of(
    runbook: Runbook,
    target: tuple[str, str],
    look: str,
    reading: Reading,
    conditions: list[Condition],
) -> Sample:
    """The numbers that these conditions name. Of a look that failed only that it did."""
    names = frozenset[str]().union(*(each.names for each in conditions))
    wanted = names & {"reachable"} if reading.error else names
    facts = numbers(reading.facts, wanted)
    return Sample(runbook.name, *target, look, reading.at, facts=facts)


def of_incident(
    runbook: Runbook, target: tuple[str, str], reading: Reading, look: str = VERIFY
) -> list[Sample]:
    """A look that is written whatever it saw; nothing when there is nothing to draw."""
    conditions = conditions_of(runbook, None)
    sample = sample_of(runbook, target, look, reading, conditions)
    return [sample] if sample.facts or reading.error else []


def _scales(conditions: list[Condition]) -> dict[str, float]:
    found: dict[str, float] = {}
    for each in conditions:
        for name, value in scale(each.text).items():
            found[name] = max(found.get(name, 0.0), value)
    return found
