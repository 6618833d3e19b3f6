"""The hosts of the inventory as autofix sees them now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from autofix.core.incidents import Incident
from autofix.core.pauses import Pause
from autofix.core.runs import Run
from autofix.core.silences import Silence
from autofix.core.triggers import Verdict, Watch

#: What matters most first: what fires, then what could not be looked at, then what may come.
WORST = (
    Verdict.FIRING,
    Verdict.FIRES,
    Verdict.BLIND,
    Verdict.UNSEEN,
    Verdict.PENDING,
    Verdict.UNKNOWN,
    Verdict.CLEARS,
    Verdict.QUIET,
)


@dataclass(frozen=True)
class FleetHost:
    """One host now. `verdict` is the worst of its watches' (empty: nothing watches it) and `why`
    what that one said; `looked_at` the latest look. `incidents`: how many are open, `severity` the
    worst of them. `run`: the one that holds it. `worked_at`: when the last run was planned or
    started."""

    name: str
    groups: tuple[str, ...] = ()
    verdict: str = ""
    why: str = ""
    looked_at: float | None = None
    incidents: int = 0
    severity: str = ""
    run: int | None = None
    silenced: str = ""  # why
    paused: str = ""  # by whom and why
    worked_at: float | None = None


@dataclass(frozen=True)
class Fleet:
    """A portion, by name. `next`: `after` of the portion that follows, empty on the last. `total`:
    how many fit what was asked for."""

    hosts: tuple[FleetHost, ...]
    next: str
    total: int
    groups: tuple[str, ...]  # to narrow it by


@dataclass(frozen=True)
class HostStory:
    """One host, with the last things that happened there. `runbooks` have a trigger for it, or
    none at all: people may run those."""

    host: FleetHost
    address: str
    runbooks: tuple[str, ...]
    watches: tuple[Watch, ...]
    incidents: tuple[Incident, ...]
    runs: tuple[Run, ...]
    silences: tuple[Silence, ...]
    pauses: tuple[Pause, ...]


def worst(watches: Iterable[Watch]) -> Watch | None:
    """The one that matters most; of several the latest."""
    order = {str(verdict): place for place, verdict in enumerate(WORST)}
    return min(
        watches,
        key=lambda each: (order.get(str(each.verdict), len(order)), -each.at),
        default=None,
    )
