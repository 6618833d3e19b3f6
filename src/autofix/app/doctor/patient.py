"""Whom the doctor looks at: one project, and how far the look may go."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from autofix.app.doctor.finding import Finding
from autofix.app.sentinel import lock
from autofix.app.site import Site
from autofix.config import Settings
from autofix.core.marks import Mark
from autofix.errors import AutofixError


@dataclass
class Patient:
    """`hosts`: which of the inventory are reached (empty: none); `timeout`: seconds for one of
    them; `send_pages`: test pages are really sent."""

    site: Site
    hosts: str = "all"
    timeout: float = 10.0
    send_pages: bool = False

    @property
    def settings(self) -> Settings:
        return self.site.settings

    @property
    def state(self) -> Path:
        return self.settings.state

    @cached_property
    def server(self) -> str:
        """Who leads; empty when no server runs, or when the store can't say."""
        try:
            return self.site.store.leader()
        except AutofixError:
            return ""

    @cached_property
    def sentinel(self) -> str:
        """Who watches the state folder; empty when nobody does."""
        return lock.holder(self.state)

    def mark(self, name: str) -> Mark | None:
        with self.site.store.reading() as reads:
            return reads.mark(name)

    @property
    def now(self) -> float:
        return self.site.clock.now()


Check = Callable[[Patient], Iterable[Finding]]
