"""The inventory as Ansible itself reads it, in a child; cached by change of its files.

What a child with a run's environment sees is what a run will see: templates, `hostvars`, vaults,
group_vars beside the inventory and the playbooks, executable inventories.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autofix.ansible.inventory_files import Fingerprint, fingerprint, is_dynamic, locate
from autofix.ansible.inventory_process import ask
from autofix.ansible.options import AnsibleOptions
from autofix.core.hosts import Host, HostTable
from autofix.core.inert import inert
from autofix.core.readings import Target
from autofix.errors import ConfigError, Problem

#: An inventory that is a program answers anew, though no file of it has changed.
DYNAMIC_MAX_AGE = 300.0
TIMEOUT = 60.0


@dataclass(frozen=True)
class _Seen:
    """Of what state of the files a reading is, and when it was made (monotonic seconds)."""

    files: Fingerprint
    at: float


class AnsibleInventory:
    """The `Inventory` port on Ansible. `problems` are what is wrong but could be read.

    Hosts with a problem (a bad name, a group's name) are not in it; an alias of two hosts
    resolves to neither.
    """

    def __init__(
        self,
        options: AnsibleOptions,
        *,
        timeout: float = TIMEOUT,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Reads at once. Raises ConfigError with everything that Ansible finds wrong."""
        self._options = options
        self._timeout = timeout
        self._clock = clock
        self._reloading = threading.Lock()
        self._seen = self._look()
        self._table = _read(options, timeout)

    @classmethod
    def read(cls, options: AnsibleOptions, *, timeout: float = TIMEOUT) -> AnsibleInventory:
        """`timeout` in seconds, for executable inventories that hang."""
        return cls(options, timeout=timeout)

    def reload_if_changed(self) -> bool:
        """Read again if a file changed; True if so. Lookups go on beside it.

        Raises ConfigError when the changed inventory can't be read: the last good one stays, and
        the next try is made when its files change again.
        """
        with self._reloading:
            now = self._look()
            dynamic = is_dynamic(self._options.inventory)
            old = dynamic and now.at - self._seen.at > DYNAMIC_MAX_AGE
            if now.files == self._seen.files and not old:
                return False
            self._seen = now
            self._table = _read(self._options, self._timeout)
            return True

    def _look(self) -> _Seen:
        return _Seen(fingerprint(self._options), self._clock())

    @property
    def table(self) -> HostTable:
        """The hosts as last read; this value never changes, a later reading is another one."""
        return self._table

    @property
    def problems(self) -> tuple[Problem, ...]:
        return self._table.problems

    def names(self) -> list[str]:
        """Every host, in the inventory's order."""
        return self._table.names()

    def groups(self) -> list[str]:
        """Every group, empty ones too."""
        return self._table.groups()

    def hosts(self, selector: str) -> list[str]:
        return self._table.hosts(selector)

    def known(self, name: str) -> bool:
        return self._table.known(name)

    def target(self, host: str) -> Target:
        return self._table.target(host)

    def resolve(self, alias: str) -> str | None:
        return self._table.resolve(alias)

    def groups_of(self, host: str) -> list[str]:
        return self._table.groups_of(host)

    def host_facts(self, host: str) -> dict[str, Any]:
        """The `host.` namespace of expressions: nothing secret in it."""
        return self._table.host_facts(host)

    def secrets(self, host: str) -> list[str]:
        """Values to strike out of anything shown about this host."""
        return self._table.secrets(host)


def _read(options: AnsibleOptions, timeout: float) -> HostTable:
    source = options.inventory
    if not source.exists():
        hint = "make it, or let `autofix init` make one"
        raise ConfigError([Problem(str(source), 0, "there is no inventory here", hint)])
    request = {"inventory": str(source), "playbooks": str(options.playbooks)}
    answer = ask(options, request, timeout=timeout, file=str(source))
    hosts = {name: _host(name, given) for name, given in answer["hosts"].items()}
    groups = {name: tuple(members) for name, members in answer["groups"].items()}
    return HostTable(
        hosts,
        groups,
        source=str(source),
        locate=lambda name: locate(source, name),
        problems=tuple(_unrendered(source, answer["hosts"])),
    )


def _host(name: str, given: dict[str, Any]) -> Host:
    return Host(
        name,
        tuple(given["groups"]),
        given["variables"],
        frozenset(given["vaulted"]),
        frozenset(given["vaulted_names"]),
    )


def _unrendered(source: Path, hosts: dict[str, dict[str, Any]]) -> Iterator[Problem]:
    """One problem per variable and reason, not per host: a group's variable has many hosts."""
    affected: dict[tuple[str, str], list[str]] = {}
    for host, given in hosts.items():
        for name, why in given["unrendered"].items():
            affected.setdefault((name, " ".join(why.split())), []).append(host)
    for (name, why), names in affected.items():
        locked = "vault" in why.lower() or "decrypt" in why.lower()
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        file, line = locate(source, name)
        yield Problem(
            file,
            line,
            f"{inert(name, 80)} of {inert(names[0], 80)}{more} is left out: {inert(why, 200)}",
            "set vault_password_file in the settings' ansible block" if locked else "",
            level="error" if locked else "warning",
        )
