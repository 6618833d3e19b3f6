"""A fake inventory from a mapping: `FakeInventory({"redis": {"r1": {"redis_port": 6379}}})`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from autofix.core.hosts import Host, HostTable

Variables = Mapping[str, Any]


class FakeInventory(HostTable):
    """Groups of hosts of variables; `all` has every host; a host may stand in several groups.

    `vaulted` names variables that count as having come out of a vault.
    """

    def __init__(
        self,
        groups: Mapping[str, Mapping[str, Variables | None]],
        *,
        vaulted: Collection[str] = (),
    ) -> None:
        variables: dict[str, dict[str, Any]] = {}
        member: dict[str, list[str]] = {}
        for group, hosts in groups.items():
            for name, given in hosts.items():
                variables.setdefault(name, {}).update(given or {})
                if group not in ("all", "ungrouped"):
                    member.setdefault(name, []).append(group)
        known = {name: tuple(hosts) for name, hosts in groups.items()}
        known["all"] = tuple(variables)
        known["ungrouped"] = tuple(name for name in variables if name not in member)
        super().__init__(
            {
                name: _host(name, sorted(member.get(name, ["ungrouped"])), given, vaulted)
                for name, given in variables.items()
            },
            known,
        )


def _host(name: str, groups: list[str], given: Variables, vaulted: Collection[str]) -> Host:
    secret = frozenset(key for key in given if key in vaulted)
    values = frozenset(given[key] for key in secret if isinstance(given[key], str))
    return Host(name, tuple(groups), dict(given), values, secret)
