"""What a run would be, told before anything is started."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Foresight(StrEnum):
    """What would become of a host, as far as can be told without looking at it anew."""

    ACTS = "acts"  # its first step would start
    ASKS = "asks"  # a person would be asked to approve first
    WAITS = "waits"  # its turn comes after other hosts
    REFUSED = "refused"  # a guard says no, and nothing would be started
    UNKNOWN = "unknown"  # nothing was seen of it yet: the look at the beginning decides


@dataclass(frozen=True)
class PreviewHost:
    """`guard` is what says no, if one does; `acceptable`: a person may run it in spite of that.
    `incident`: the one that is open there. `seen_at`: when what this is judged by was seen."""

    host: str
    foresight: Foresight
    reason: str
    guard: str = ""
    acceptable: bool = False
    incident: int | None = None
    seen_at: float | None = None


@dataclass(frozen=True)
class PreviewVariable:
    """A variable of a playbook. Where `known` is false, `value` is the text it will be made of:
    it differs by host, or depends on what is seen then."""

    name: str
    value: Any
    known: bool


@dataclass(frozen=True)
class PreviewStep:
    """A step as it would be tried; `asks`: in words when a person must approve it."""

    playbook: str
    when: str = ""
    variables: tuple[PreviewVariable, ...] = ()
    asks: str = ""
    rollback: str = ""
    afterwards: str = ""
    timeout: float = 0.0


@dataclass(frozen=True)
class Preview:
    """`faults` says what would not be taken: by `hosts`, `subject`, or the input's name as
    `inputs.NAME`. With any of them nothing else is told. Of many hosts the first hundred are
    judged; `unjudged` counts the others."""

    runbook: str
    title: str
    severity: str
    check: bool
    subject: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    hosts: tuple[PreviewHost, ...] = ()
    unjudged: int = 0
    steps: tuple[PreviewStep, ...] = ()
    verification: str = ""
    turns: str = ""
    faults: Mapping[str, str] = field(default_factory=dict)

    @property
    def acceptable(self) -> bool:
        """May a person run it in spite of what a guard says?"""
        return any(each.acceptable for each in self.hosts)
