"""The hosts that exist, as pure values: exact selection, aliases, what an expression may see.

`ansible/inventory.py` fills a `HostTable` from what Ansible read, `testing/inventory.py` from a
mapping. No name is ever expanded as a pattern: what is not known exactly is an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from autofix.core.inert import inert, names_a_secret
from autofix.core.readings import Target
from autofix.errors import ConfigError, Problem

#: What a host may be called: nothing that Ansible's limit patterns give a meaning.
HOST_NAME = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.-]*")
ALIASES = "autofix_aliases"
#: Shorter values can't be struck out of text without destroying it.
SHORTEST_SECRET = 4

Locate = Callable[[str], tuple[str, int]]


@dataclass(frozen=True)
class Host:
    """One host with its plain variables; `vaulted` are values that came out of a vault."""

    name: str
    groups: tuple[str, ...] = ()
    variables: Mapping[str, Any] = field(default_factory=dict, repr=False)
    vaulted: frozenset[str] = field(default=frozenset(), repr=False)
    vaulted_names: frozenset[str] = frozenset()

    @property
    def address(self) -> str:
        """`ansible_host`, or the name where there is none."""
        return str(self.variables.get("ansible_host") or self.name)

    def aliases(self) -> tuple[str, ...]:
        """Every text that names this host exactly: its name, its address, its own list."""
        more = self.variables.get(ALIASES) or []
        listed = [more] if isinstance(more, str) else more if isinstance(more, list) else []
        return tuple(dict.fromkeys([self.name, self.address, *map(str, listed)]))


class HostTable:
    """The hosts and groups of one reading of the inventory; it never changes."""

    def __init__(
        self,
        hosts: Mapping[str, Host],
        groups: Mapping[str, tuple[str, ...]],
        *,
        source: str = "inventory",
        locate: Locate | None = None,
        problems: tuple[Problem, ...] = (),
    ) -> None:
        self._source = source
        self._locate: Locate = locate or (lambda _: (source, 0))
        self._groups = dict(groups)
        self._ambiguous = {name for name in hosts if name in groups}
        # What can't be named safely is not there at all: it can be neither looked at nor changed.
        self._hosts = {
            name: host
            for name, host in hosts.items()
            if HOST_NAME.fullmatch(name) and name not in groups
        }
        self._aliases, shared = _aliases(self._hosts)
        self.problems = (*problems, *self._judge(hosts, shared))

    def _judge(
        self, hosts: Mapping[str, Host], shared: Mapping[str, list[str]]
    ) -> Iterator[Problem]:
        for name in hosts:
            if name in self._ambiguous:
                yield self._problem(name, f"host {name!r} is named as a group", "rename one")
            elif name not in self._hosts:
                hint = "letters, digits, _ . and -, no - first; set ansible_host for its address"
                yield self._problem(name, f"host {inert(name, 80)!r} is no name for a host", hint)
        for alias, names in shared.items():
            both = " and ".join(map(repr, names))
            yield self._problem(
                names[-1],
                f"hosts {both} share the alias {inert(alias, 80)!r}",
                f"give them different names, ansible_host and {ALIASES}",
            )
        for name, host in self._hosts.items():
            if not isinstance(host.variables.get(ALIASES, []), str | list):
                yield self._problem(name, f"{ALIASES} of {name!r} is not a list", "write a list")

    def _problem(self, name: str, message: str, hint: str) -> Problem:
        file, line = self._locate(name)
        return Problem(file, line, message, hint)

    def names(self) -> list[str]:
        """Every host, in the inventory's order."""
        return list(self._hosts)

    def groups(self) -> list[str]:
        """Every group, empty ones too."""
        return list(self._groups)

    def hosts(self, selector: str) -> list[str]:
        """Canonical names in a group, or the host itself; commas join; each host once.

        Raises ConfigError for an empty selector and for every name that is not known exactly.
        """
        words = [word.strip() for word in selector.split(",")]
        if not all(words):
            raise self._no(f"hosts {inert(selector, 80)!r} is empty", "name a group or a host")
        unknown = [word for word in words if not self.known(word)]
        if unknown:
            raise ConfigError([self._unknown("host or group", word) for word in unknown])
        both = [word for word in words if word in self._ambiguous]
        if both:
            raise self._no(f"{both[0]!r} is both a host and a group", "rename one")
        found = [name for word in words for name in (self._groups.get(word, (word,)))]
        return [name for name in dict.fromkeys(found) if name in self._hosts]

    def known(self, name: str) -> bool:
        return name in self._hosts or name in self._groups

    def host(self, name: str) -> Host:
        """Raises ConfigError when there is no such host."""
        found = self._hosts.get(name)
        if found is None:
            raise ConfigError([self._unknown("host", name)])
        return found

    def target(self, name: str) -> Target:
        host = self.host(name)
        own = tuple(each for each in host.aliases() if self._aliases.get(each) == name)
        return Target(host.name, host.address, dict(host.variables), own)

    def resolve(self, alias: str) -> str | None:
        """The host whose alias is exactly this; None for no host and for an alias of two."""
        return self._aliases.get(alias)

    def groups_of(self, name: str) -> list[str]:
        return list(self.host(name).groups)

    def host_facts(self, name: str) -> dict[str, Any]:
        """The `host.` namespace of expressions: the variables without anything secret."""
        host = self.host(name)
        plain = {
            key: _without_secrets(value, host.vaulted)
            for key, value in host.variables.items()
            if not _is_secret(key, value, host)
        }
        return {**plain, "name": host.name, "groups": list(host.groups)}

    def secrets(self, name: str) -> list[str]:
        """Values to strike out of anything shown, longest first."""
        host = self.host(name)
        found = set(host.vaulted)
        for key, value in host.variables.items():
            found |= _secrets_in(key, value)
        return sorted(
            (one for one in found if len(one) >= SHORTEST_SECRET), key=lambda s: (-len(s), s)
        )

    def _unknown(self, kind: str, name: str) -> Problem:
        known = [*self._hosts, *(self._groups if "group" in kind else ())]
        close = get_close_matches(name, known, n=1, cutoff=0.6)
        hint = f"did you mean {close[0]!r}?" if close else "names are compared exactly"
        return Problem(self._source, 0, f"no {kind} {inert(name, 80)!r} in the inventory", hint)

    def _no(self, message: str, hint: str) -> ConfigError:
        return ConfigError([Problem(self._source, 0, message, hint)])


def _aliases(hosts: Mapping[str, Host]) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Alias to host, and the aliases of more than one host, which name nobody."""
    owners: dict[str, list[str]] = {}
    for name, host in hosts.items():
        for alias in host.aliases():
            owners.setdefault(alias, []).append(name)
    single = {alias: names[0] for alias, names in owners.items() if len(names) == 1}
    return single, {alias: names for alias, names in owners.items() if len(names) > 1}


def _is_secret(key: str, value: Any, host: Host) -> bool:
    return names_a_secret(key) or key in host.vaulted_names or _tainted(value, host.vaulted)


def _tainted(value: Any, vaulted: frozenset[str]) -> bool:
    """Does this text hold something that came out of a vault?"""
    return isinstance(value, str) and any(
        secret == value or (len(secret) >= SHORTEST_SECRET and secret in value)
        for secret in vaulted
    )


def _without_secrets(value: Any, vaulted: frozenset[str]) -> Any:
    if isinstance(value, Mapping):
        return {
            key: _without_secrets(one, vaulted)
            for key, one in value.items()
            if not names_a_secret(str(key)) and not _tainted(one, vaulted)
        }
    if isinstance(value, list):
        return [_without_secrets(one, vaulted) for one in value if not _tainted(one, vaulted)]
    return value


def _secrets_in(key: str, value: Any, *, inside: bool = False) -> set[str]:
    """The texts under a name that says secret. A name of a file or variable holds no secret."""
    secret = inside or (names_a_secret(key) and not key.endswith(("_file", "_env")))
    if isinstance(value, Mapping):
        parts = [_secrets_in(str(name), one, inside=secret) for name, one in value.items()]
    elif isinstance(value, list):
        parts = [_secrets_in(key, one, inside=secret) for one in value]
    elif secret and isinstance(value, str):
        parts = [{value}]
    elif secret and isinstance(value, int) and not isinstance(value, bool):
        parts = [{str(value)}]
    else:
        parts = []
    return set().union(*parts)
