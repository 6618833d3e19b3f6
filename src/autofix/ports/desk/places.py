"""Questions about hosts, and about the settings in force."""

from __future__ import annotations

from typing import Protocol

from autofix.core.fleet import Fleet, HostStory
from autofix.core.inforce import SettingsInForce


class PlacesDesk(Protocol):
    def fleet(
        self,
        *,
        name: str = "",
        group: str = "",
        open_only: bool = False,
        after: str = "",
        limit: int = 50,
    ) -> Fleet:
        """Hosts by name. `name`: only those in whose name this stands; `open_only`: only those
        with an open incident; `after`: only those after this name."""

    def host(self, name: str) -> HostStory: ...
    def settings(self) -> SettingsInForce:
        """No secret is in it."""
