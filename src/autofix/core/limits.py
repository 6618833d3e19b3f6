"""Limits over all runbooks: what autofix does at most, however much seems to be broken."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """On by default.

    `groups`: the groups that `percent_of_group` counts; None: every group of a host but `all` and
    `ungrouped`.
    """

    runs_per_hour: int = 60
    hosts_at_once: int = 10
    percent_of_group: float = 30.0
    groups: frozenset[str] | None = None

    def counts(self, group: str) -> bool:
        if self.groups is None:
            return group not in ("all", "ungrouped")
        return group in self.groups


@dataclass(frozen=True)
class GroupAtWork:
    """One group of a host: its size, and its other hosts that are worked on now."""

    name: str
    size: int
    busy: frozenset[str]
