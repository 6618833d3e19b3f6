"""Probes that don't repeat secrets: what a program printed is struck out before anybody sees it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from autofix.core.readings import Fact, Reading, Target
from autofix.ports import FleetProbe, Probe

Secrets = Callable[[str], Iterable[str]]
Strike = Callable[[str], str]


class Striker:
    """Strikes the secrets of a host out of texts; made anew when they change."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets
        self._made: dict[str, tuple[tuple[str, ...], Strike]] = {}

    def of(self, host: str) -> Strike:
        from autofix.ansible.text import Redactor

        found = tuple(self._secrets(host))
        made = self._made.get(host)
        if made is None or made[0] != found:
            made = self._made[host] = (found, Redactor(found).strike)
        return made[1]


class Discreet:
    """A probe whose facts are told without the host's secrets. Numbers stay what they are: they
    are compared."""

    def __init__(self, probe: Probe, striker: Striker) -> None:
        self._probe, self._striker = probe, striker
        self.name: str = probe.name
        self.facts: Mapping[str, Fact] = probe.facts
        self.open_ended: bool = probe.open_ended

    def options_schema(self) -> Mapping[str, Any]:
        return self._probe.options_schema()

    def check_options(self, options: Mapping[str, Any]) -> list[str]:
        return self._probe.check_options(options)

    def look(
        self, target: Target, options: Mapping[str, Any], *, timeout: float, now: float
    ) -> list[Reading]:
        strike = self._striker.of(target.host)
        seen = self._probe.look(target, options, timeout=timeout, now=now)
        return [replace(each, facts=_struck(each.facts, strike)) for each in seen]


class DiscreetFleet(Discreet):
    """The same for a probe that asks once about many hosts."""

    def __init__(self, probe: Probe, fleet: FleetProbe, striker: Striker) -> None:
        super().__init__(probe, striker)
        self._fleet = fleet

    def look_at_all(
        self,
        targets: Sequence[Target],
        options: Mapping[str, Any],
        *,
        timeout: float,
        now: float,
    ) -> Mapping[str, list[Reading]]:
        found = self._fleet.look_at_all(targets, options, timeout=timeout, now=now)
        return {
            host: [
                replace(each, facts=_struck(each.facts, self._striker.of(host))) for each in all_
            ]
            for host, all_ in found.items()
        }


def _struck(value: Any, strike: Strike) -> Any:
    if isinstance(value, str):
        return strike(value)
    if isinstance(value, Mapping):
        return {_struck(name, strike): _struck(each, strike) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_struck(each, strike) for each in value]
    return value


def discreet(load: Callable[[str], Probe], secrets: Secrets) -> Callable[[str], Probe]:
    """The same probes by name, each discreet."""
    striker = Striker(secrets)

    def made(name: str) -> Probe:
        probe = load(name)
        if isinstance(probe, FleetProbe):
            return DiscreetFleet(probe, probe, striker)
        return Discreet(probe, striker)

    return made
