"""A mark: when something that must happen again and again last did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Mark:
    """One row a name (`heartbeat`, `synthetic`, …): the latest time, and what is known of it."""

    name: str
    at: float
    data: Mapping[str, Any] = field(default_factory=dict)


#: By how many `seconds`, all in all, times of the record have gone back (days at least, each time).
SET_BACK = "clock.back"
#: What became of the project's files at their last change: `problems`, empty when they were taken.
FILES = "files"
#: The events of the record after which that mark says so anew.
NEWS_OF_FILES = frozenset({"settings.rejected", "settings.loaded", "server.started"})
