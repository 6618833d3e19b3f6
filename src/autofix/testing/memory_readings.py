"""What was seen over time, in memory: parts of `ports.Reads` and of retention."""

from __future__ import annotations

from autofix.core.series import AROUND, LONG, Sample
from autofix.testing.memory_history import HistoryReads
from autofix.testing.memory_state import Data


class ReadingReads(HistoryReads):
    def samples(
        self,
        runbook: str,
        host: str,
        subject: str,
        since: float,
        until: float,
        limit: int = 50_000,
    ) -> list[Sample]:
        found = [
            (each.at, number, each)
            for number, each in self._data.samples.items()
            if (each.runbook, each.host, each.subject) == (runbook, host, subject)
            and since <= each.at <= until
        ]
        return [each for _, _, each in sorted(found, key=lambda row: row[:2])][-limit:]


def forget_samples(data: Data, before: float, since: float) -> int:
    old = [
        number
        for number, each in data.samples.items()
        if since <= each.at < before and not _around(data, each)
    ]
    for number in old:
        del data.samples[number]
    return len(old)


def _around(data: Data, sample: Sample) -> bool:
    """Near an incident that is still kept."""
    return any(
        (row.runbook, row.host, row.subject) == (sample.runbook, sample.host, sample.subject)
        and row.opened_at - AROUND <= sample.at
        and (row.live or sample.at <= (row.ended_at or row.updated_at) + AROUND)
        and (
            sample.at <= row.opened_at + LONG
            or (not row.live and sample.at >= (row.ended_at or row.updated_at) - LONG)
        )
        for row in data.incidents.values()
    )
