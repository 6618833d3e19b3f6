"""Questions to a server about hosts and its settings."""

from __future__ import annotations

from autofix.core.fleet import Fleet, HostStory
from autofix.core.inforce import SettingsInForce
from autofix.remote.looks import Room


class Places(Room):
    def fleet(
        self,
        *,
        name: str = "",
        group: str = "",
        open_only: bool = False,
        after: str = "",
        limit: int = 50,
    ) -> Fleet:
        return self.client.get(
            Fleet, "fleet", name=name, group=group, open=open_only, after=after, limit=limit
        )

    def host(self, name: str) -> HostStory:
        return self.client.get(HostStory, "fleet", name)

    def settings(self) -> SettingsInForce:
        return self.client.get(SettingsInForce, "settings")
