"""A silence: a window in which a runbook, a host, a group or what bears a label is left alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Silence:
    """One row. It always has an end and a reason; everything it names must fit (empty fits all).

    Times are seconds since the epoch. `ended_at`: somebody ended it before its time.
    """

    id: int
    at: float  # when it was made
    by: str
    reason: str
    starts_at: float
    until: float
    runbook: str = ""
    host: str = ""
    group: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    ended_at: float | None = None
    ended_by: str = ""

    def active(self, now: float) -> bool:
        return self.ended_at is None and self.starts_at <= now < self.until

    def over(self, now: float) -> bool:
        return self.ended_at is not None or self.until <= now

    def covers(
        self, runbook: str, host: str, groups: Collection[str], labels: Mapping[str, str]
    ) -> bool:
        """A label that the incident does not bear fits nothing."""
        return (
            self.runbook in ("", runbook)
            and self.host in ("", host)
            and (not self.group or self.group in groups)
            and all(labels.get(name) == value for name, value in self.labels.items())
        )

    @property
    def scope(self) -> str:
        """What it covers, in words: `redis-memory-high on web1`, `group cache, team=db`."""
        parts = [
            self.runbook,
            self.host and f"on {self.host}",
            self.group and f"group {self.group}",
        ]
        labels = ", ".join(f"{name}={value}" for name, value in self.labels.items())
        return " ".join(filter(None, [*parts, labels])) or "everything"
