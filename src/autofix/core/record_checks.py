"""A check of the whole record that goes on at the server, as far as it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class CheckState(StrEnum):
    NEVER = "never"  # none since the server was started
    RUNNING = "running"
    OVER = "over"  # `report` says what came of it
    FAILED = "failed"  # `why` says why it could not be made


@dataclass(frozen=True)
class RecordCheck:
    """`done` of `size` entries are checked; `report` is that of `autofix audit verify --json`.
    Times are seconds since 1970."""

    state: CheckState = CheckState.NEVER
    by: str = ""
    began_at: float = 0.0
    ended_at: float | None = None
    done: int = 0
    size: int = 0
    report: Mapping[str, Any] | None = None
    why: str = ""
