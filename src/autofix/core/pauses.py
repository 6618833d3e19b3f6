"""A pause: nothing new starts, for everything, one runbook or one host."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Pause:
    """Empty `runbook` and `host` means everything.

    `cancel_running`: what runs in this scope is to end, too. `id` names the pause on the record
    and its file in the state folder.
    """

    at: float
    by: str
    reason: str = ""
    runbook: str = ""
    host: str = ""
    cancel_running: bool = False
    id: str = ""

    @property
    def scope(self) -> str:
        return scope_of(self.runbook, self.host)

    @property
    def by_hand(self) -> bool:
        """A file that no `autofix pause` wrote, or that was damaged since."""
        return "@" in self.id

    @property
    def words(self) -> str:
        """`redis1 paused by ann: the vendor is on the line`."""
        return f"{self.scope} paused by {self.by}" + (f": {self.reason}" if self.reason else "")

    @property
    def wish(self) -> str:
        """What a run is told that it ends for: `ann: paused: the vendor is on the line`."""
        return f"{self.by}: paused" + (f": {self.reason}" if self.reason else "")

    def covers(self, runbook: str, host: str) -> bool:
        return self.runbook in ("", runbook) and self.host in ("", host)

    def is_for(self, runbook: str, host: str) -> bool:
        """Of exactly this scope."""
        return (self.runbook, self.host) == (runbook, host)


def is_wish_of_a_pause(asked: str) -> bool:
    """Was a run asked to end by a pause? `asked` is its `cancel_requested`."""
    said = asked.partition(": ")[2]
    return said == "paused" or said.startswith("paused: ")


def scope_of(runbook: str, host: str) -> str:
    """What is meant, in words."""
    if runbook and host:
        return f"{runbook} on {host}"
    return runbook or host or "everything"


def covering(pauses: Iterable[Pause], runbook: str, host: str) -> Pause | None:
    """The first pause that holds a run of this runbook on this host."""
    return next((each for each in pauses if each.covers(runbook, host)), None)


def merged(files: Sequence[Pause], rows: Sequence[Pause]) -> list[Pause]:
    """Every pause in force, once per scope, oldest first: one in a file counts even when the
    store knows nothing of it, and the other way round."""
    latest: dict[tuple[str, str], Pause] = {}
    for each in sorted([*rows, *files], key=lambda pause: pause.at):
        latest[each.runbook, each.host] = each
    return sorted(latest.values(), key=lambda pause: pause.at)
