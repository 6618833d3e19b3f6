"""What the guards know at the moment of deciding, and what one of them says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from autofix.core.batches import InWave
from autofix.core.breakers import CLOSED, Breaker
from autofix.core.calendars import Calendar
from autofix.core.freezes import Freeze
from autofix.core.incidents import Incident
from autofix.core.limits import GroupAtWork, Limits
from autofix.core.pauses import Pause
from autofix.core.runbooks import Runbook
from autofix.core.silences import Silence


@dataclass(frozen=True)
class Situation:
    """What is known at the moment of deciding about one incident."""

    now: float
    groups: frozenset[str] = frozenset()  # of the host
    pauses: tuple[Pause, ...] = ()
    silences: tuple[Silence, ...] = ()  # all that are in force now
    freezes: tuple[Freeze, ...] = ()  # all that are in force now
    calendar: Calendar | None = None  # of the runbook's `hours`; None: there is none of that name
    breaker: Breaker = CLOSED
    last_ended: float | None = None  # end of the latest incident of this target that ran something
    waits_for: tuple[str, ...] = ()  # what `depends_on` finds in the way, in words
    names: Mapping[str, Any] = field(default_factory=dict)  # what `unless` may name
    locked_by: str = ""  # the run that holds the host, in words
    owed: str = ""  # afterwards or a rollback still owed on this target, in words
    working_hosts: frozenset[str] = frozenset()  # where this runbook works now (other incidents)
    armed: int = 0  # hosts of the runbook's triggers, where a percentage asks for it
    wave: tuple[InWave, ...] = ()  # what goes on with this runbook, where it has batches
    busy_hosts: frozenset[str] = frozenset()  # where any runbook works now (other incidents)
    busy_groups: tuple[GroupAtWork, ...] = ()  # groups of the host in which others are worked on
    started: tuple[float, ...] = ()  # when fixes started in the last hour, oldest first
    limits: Limits = field(default_factory=Limits)
    abort: str = ""  # what speaks for aborting already, in words
    backlog: float = 0.0  # from 0, nothing else waits for a decision, to 1: all that can be managed
    blind: str = ""  # why the target could not be looked at just now


@dataclass(frozen=True)
class Brake:
    """A guard that says no. `until`: when it may say yes; `final`: a person decides; `quiet`:
    somebody wants it so, and nobody is told however long it takes."""

    guard: str
    reason: str
    until: float | None = None
    page: bool = False
    final: bool = False
    quiet: bool = False


Guard = Callable[[Runbook, Incident, Situation], Brake | None]
