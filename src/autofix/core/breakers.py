"""A circuit breaker that a person reset."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Reset:
    """One row a target: attempts before `at` count no more against its breaker."""

    runbook: str
    host: str
    subject: str
    at: float
    by: str
    reason: str = ""
