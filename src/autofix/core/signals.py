"""A signal: one observation about one host, from a probe, an alert, a schedule or a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from autofix.core.incidents import Origin


class SignalState(StrEnum):
    RECEIVED = "received"
    MATCHED = "matched"
    IGNORED = "ignored"


@dataclass(frozen=True)
class Signal:
    """One row. A probe's observation becomes a signal when its trigger fires or clears."""

    id: int
    origin: Origin
    at: float
    host: str
    runbook: str = ""
    subject: str = ""
    firing: bool = True  # False: the symptom went away
    trigger: int = 0
    facts: Mapping[str, Any] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, Any] = field(default_factory=dict)
    by: str = ""  # who: the sender, the person, the probe
    accepted: tuple[str, ...] = ()
    check: bool = False
    state: SignalState = SignalState.RECEIVED
    reason: str = ""
    incident: int | None = None
