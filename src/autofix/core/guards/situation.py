"""What the guards know at the moment of deciding, and what one of them says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from autofix.core.incidents import Incident
from autofix.core.pauses import Pause
from autofix.core.runbooks import Runbook


@dataclass(frozen=True)
class Situation:
    """What is known at the moment of deciding about one incident."""

    now: float
    pauses: tuple[Pause, ...] = ()
    locked_by: str = ""  # the run that holds the host, in words
    blind: str = ""  # why the target could not be looked at just now
    owed: str = ""  # afterwards or a rollback still owed on this target, in words
    working_hosts: frozenset[str] = frozenset()  # where this runbook works now (other incidents)
    last_ended: float | None = None  # end of the latest incident of this target that ran something
    attempts: int = 0  # incidents of this target in the window that ran something
    first_attempt: float | None = None  # the oldest of them


@dataclass(frozen=True)
class Brake:
    """A guard that says no. `until`: when it may say yes; `final`: a person decides."""

    guard: str
    reason: str
    until: float | None = None
    page: bool = False
    final: bool = False


Guard = Callable[[Runbook, Incident, Situation], Brake | None]
