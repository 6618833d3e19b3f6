"""A freeze: a time known beforehand in which nothing is done by itself."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True)
class Freeze:
    """One entry of the settings' `freezes:`; what is empty fits all. Seconds since the epoch."""

    starts_at: float
    until: float
    reason: str
    runbooks: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()

    def active(self, now: float) -> bool:
        return self.starts_at <= now < self.until

    def covers(self, runbook: str, host: str, groups: Collection[str]) -> bool:
        """Of hosts and groups one must fit, where any is named."""
        anywhere = not self.hosts and not self.groups
        here = anywhere or host in self.hosts or any(each in groups for each in self.groups)
        return here and (not self.runbooks or runbook in self.runbooks)
