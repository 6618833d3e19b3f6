"""What every arrow of the flow works with: the ports, and the files in force."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from autofix.core.calendars import ALWAYS, Calendar
from autofix.core.escalation import Policy
from autofix.core.freezes import Freeze
from autofix.core.limits import Limits
from autofix.core.matching import Index
from autofix.core.pauses import Pause
from autofix.core.readings import Target
from autofix.core.runbooks import Runbook
from autofix.core.severities import Severities
from autofix.core.words import ENGLISH, Words
from autofix.errors import StoreError
from autofix.flow.backlog import Backlog
from autofix.flow.bounded import Bounded
from autofix.flow.lanes import Lanes
from autofix.flow.refusals import Refusals
from autofix.flow.rush import Rush
from autofix.flow.samples import Samples
from autofix.ports import (
    Channel,
    Clock,
    Inventory,
    Meter,
    PlaybookRunner,
    Probe,
    Source,
    Store,
    Switch,
)

log = logging.getLogger("autofix")


@dataclass(frozen=True)
class Book:
    """One loaded set of files. Replaced whole when they change, never half."""

    runbooks: Mapping[str, Runbook]
    inventory: Inventory
    channels: Mapping[str, Channel] = field(default_factory=dict)
    policies: Mapping[str, Policy] = field(default_factory=dict)
    connections: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # by probe
    severities: Severities = field(default_factory=Severities)
    calendars: Mapping[str, Calendar] = field(default_factory=lambda: {ALWAYS.name: ALWAYS})
    limits: Limits = field(default_factory=Limits)
    freezes: tuple[Freeze, ...] = ()
    sources: Mapping[str, Source] = field(default_factory=dict)  # who may post alerts
    public_url: str = ""  # where people's browsers find this server
    words: Words = ENGLISH  # of the language that pages are written in

    @cached_property
    def alerts(self) -> Index:
        """The alert triggers by the alert's name."""
        return Index(self.runbooks.values())

    @cached_property
    def _sizes(self) -> dict[str, int]:
        return {}

    def size(self, selector: str) -> int:
        """How many hosts; counted once, since every decision asks."""
        if selector not in self._sizes:
            self._sizes[selector] = len(self.inventory.hosts(selector))
        return self._sizes[selector]

    def groups_of(self, host: str) -> frozenset[str]:
        """Nothing for a host that left the inventory."""
        known = self.inventory.known(host) and self.inventory.hosts(host) == [host]
        return frozenset(self.inventory.groups_of(host)) if known else frozenset()

    def target(self, probe: str, host: str) -> Target:
        """The host with the settings' connection variables under the inventory's own."""
        target = self.inventory.target(host)
        defaults = {
            f"{probe}_{key}": value for key, value in self.connections.get(probe, {}).items()
        }
        shared = self.connections.get("ssh", {})
        return replace(target, variables={**shared, **defaults, **target.variables})

    def policy(self, runbook: Runbook) -> Policy | None:
        return self.policies.get(runbook.escalate) or self.policies.get("default")


class NoSwitch:
    """Nothing holds without the store."""

    def pauses(self) -> list[Pause]:
        return []

    def set(self, pause: Pause) -> Pause:
        return pause

    def lift(self, ids: Iterable[str]) -> None:
        pass


class NoMeter:
    """Nobody measures."""

    def looked(self, probe: str, seconds: float, failed: bool) -> None:
        pass

    def late(self, job: str, seconds: float) -> None:
        pass

    def delivered(self, source: str, status: int, seconds: float) -> None:
        pass


@dataclass
class Context:
    """The ports, and who we are. `switch` are the pauses that hold without the store.

    `store_failed` is told of every failure of the store; `delivered` are pages that a channel took
    and the store does not know of yet.
    """

    store: Store
    clock: Clock
    runner: PlaybookRunner
    probe: Callable[[str], Probe]
    book: Book
    owner: str
    switch: Switch = field(default_factory=NoSwitch)
    bounded: Bounded = field(default_factory=Bounded)  # looks of probes, which may hang
    rush: Rush = field(default_factory=Rush)  # what comes in goes before what came in
    store_failed: Callable[[StoreError], None] = lambda _: None
    delivered: dict[int, tuple[str, str]] = field(default_factory=dict)  # channel, answer by page
    lanes: Lanes = field(default_factory=Lanes)
    meter: Meter = field(default_factory=NoMeter)
    backlog: Backlog = field(default_factory=Backlog)  # of decisions
    samples: Samples = field(default_factory=Samples)  # what is kept of looks
    refusals: Refusals = field(default_factory=Refusals)  # posts that were not let in
