"""Questions about what was seen over time: a part of `ports.Reads`."""

from __future__ import annotations

from autofix.core.series import Sample
from autofix.store import tables_readings
from autofix.store.queries import SqlQueries
from autofix.store.rows import Codec

SAMPLE = Codec(Sample, tables_readings.readings, {"facts": dict}, {})


class ReadingReads(SqlQueries):
    def samples(
        self,
        runbook: str,
        host: str,
        subject: str,
        since: float,
        until: float,
        limit: int = 50_000,
    ) -> list[Sample]:
        t = tables_readings.readings.c
        target = (t.runbook == runbook, t.host == host, t.subject == subject)
        newest = SAMPLE.every.where(*target, t.at >= since, t.at <= until)
        found = self._all(SAMPLE, newest.order_by(t.at.desc(), t.id.desc()).limit(limit))
        return found[::-1]
