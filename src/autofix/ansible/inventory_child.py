"""The process that reads an inventory with Ansible itself: request on stdin, JSON on stdout.

Started as `python -I -m autofix.ansible.inventory_child` with a run's environment, so that it
sees what a run will see. Nothing of Ansible is ever imported into autofix's own process for this.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any

VAULT_HEADER = b"$ANSIBLE_VAULT"
_INI_VALUE = re.compile(r"""=\s*(?:"([^"]*)"|'([^']*)'|(\S+))""")
_ENCRYPTED = ("EncryptedString", "AnsibleVaultEncryptedUnicode")  # core 2.19, core 2.18


#: The file (and line 0) that Ansible is reading now: for errors that don't name it.
_reading: list[Any] = []


def main() -> int:
    answer_to = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)  # whatever Ansible or an inventory script prints is not our answer
    request = json.load(sys.stdin)
    try:
        answer = decrypt(request["decrypt"]) if "decrypt" in request else read(request)
    except Exception as error:  # noqa: BLE001 - plugins raise anything; the parent reads why
        answer = {"error": str(error), "place": _place(error) or _reading}
    with answer_to:
        json.dump(answer, answer_to)
    return 0


def _place(error: BaseException | None) -> list[Any] | None:
    """File and line, which core 2.19 keeps beside the message and 2.18 inside it."""
    while error is not None:
        origin: Any = getattr(error, "obj", None)
        if getattr(origin, "path", None):
            return [str(origin.path), int(origin.line_num or 0)]
        error = error.__cause__ or error.__context__
    return None


class VaultedFiles:
    """What stood in files that are encrypted as a whole: values, and variables by name."""

    def __init__(self) -> None:
        self.texts: set[str] = set()
        self.variables: dict[str, list[Any]] = {}

    def saw(self, content: bytes) -> None:
        """An encrypted INI file: everything it assigns."""
        found = _INI_VALUE.findall(content.decode("utf-8", "replace"))
        self.texts |= {"".join(quoted_or_bare) for quoted_or_bare in found} - {""}

    def saw_values(self, data: Any) -> None:
        self.texts |= set(_texts(data))
        if isinstance(data, Mapping):
            for name, value in data.items():
                self.variables.setdefault(str(name), []).append(value)

    def holds(self, name: str, value: Any) -> bool:
        return any(value == known for known in self.variables.get(name, []))


def _loader(playbooks: str, vaulted: VaultedFiles) -> Any:
    """Ansible's loader with the vault opened, noting what it finds encrypted."""
    from ansible import constants
    from ansible.cli import CLI
    from ansible.parsing.dataloader import DataLoader
    from ansible.plugins.loader import init_plugin_loader
    from ansible.utils.display import Display

    class Loader(DataLoader):  # type: ignore[misc]
        def load_from_file(self, file_name: str, *args: Any, **more: Any) -> Any:
            _reading[:] = [str(self.path_dwim(file_name)), 0]
            data = super().load_from_file(file_name, *args, **more)
            _reading.clear()
            if _is_vaulted(self.path_dwim(file_name)):
                vaulted.saw_values(data)
            return data

        def _get_file_contents(self, file_name: str) -> Any:
            found = super()._get_file_contents(file_name)
            if not str(file_name).endswith((".yml", ".yaml", ".json")) and _is_vaulted(file_name):
                vaulted.saw(found[0])
            return found

    Display().columns = 100_000  # no message is broken into lines
    init_plugin_loader()
    loader = Loader()
    loader.set_basedir(playbooks)
    identities = constants.DEFAULT_VAULT_IDENTITY_LIST
    secrets = CLI.setup_vault_secrets(loader, vault_ids=identities, auto_prompt=False)
    loader.set_vault_secrets(secrets)
    return loader


def _is_vaulted(path: Any) -> bool:
    with contextlib.suppress(OSError), open(path, "rb") as file:  # noqa: PTH123 - bytes paths too
        return file.read(len(VAULT_HEADER)) == VAULT_HEADER
    return False


def decrypt(texts: list[str]) -> dict[str, Any]:
    """Ansible Vault texts opened, in order."""
    from ansible.parsing.vault import VaultLib

    loader = _loader("/", VaultedFiles())
    vault = VaultLib(loader._vault.secrets)
    return {"texts": [vault.decrypt(text.strip().encode()).decode() for text in texts]}


def read(request: Mapping[str, Any]) -> dict[str, Any]:
    """Hosts with their rendered variables, and groups with the hosts in them."""
    from ansible.inventory.manager import InventoryManager
    from ansible.vars.hostvars import HostVars
    from ansible.vars.manager import VariableManager

    vaulted = VaultedFiles()
    loader = _loader(request["playbooks"], vaulted)
    inventory = InventoryManager(loader=loader, sources=[request["inventory"]])
    manager = VariableManager(loader=loader, inventory=inventory)
    HostVars(inventory, manager, loader)  # makes `hostvars` work in templates
    known = set(manager.get_vars())  # Ansible's own variables, which every host has
    hosts = {
        str(host.name): _host(host, manager, loader, known, vaulted)
        for host in inventory.hosts.values()
    }
    groups = {
        str(name): list(dict.fromkeys(str(host.name) for host in group.get_hosts()))
        for name, group in inventory.groups.items()
    }
    return {"hosts": hosts, "groups": groups}


#: Set by Ansible for each host; `name` and `groups` of the `host.` namespace say the same.
_MAGIC = {"inventory_hostname", "inventory_hostname_short", "inventory_file", "inventory_dir",
          "group_names", "ansible_facts"}  # fmt: skip


def _host(
    host: Any, manager: Any, loader: Any, known: set[str], vaulted: VaultedFiles
) -> dict[str, Any]:
    from ansible.template import Templar

    everything = manager.get_vars(host=host)
    templar = Templar(loader=loader, variables=everything)
    variables: dict[str, Any] = {}
    unrendered: dict[str, str] = {}
    secret_names, secrets = [], set()
    for name in [name for name in everything if name not in known and name not in _MAGIC]:
        raw = everything[name]
        try:
            inline = set(_opened(raw))
            variables[name] = _plain(templar.template(raw))
        except Exception as error:  # noqa: BLE001 - whatever a template or a lookup raises
            unrendered[name] = str(error)
            continue
        secrets |= inline
        if inline or vaulted.holds(name, raw):
            secret_names.append(name)
            secrets |= set(_texts(variables[name])) if not isinstance(raw, Mapping) else set()
    secrets |= _used(vaulted.texts, variables)
    groups = [str(group.name) for group in host.get_groups() if group.name != "all"]
    return {
        "groups": sorted(groups) or ["ungrouped"],
        "variables": variables,
        "unrendered": unrendered,
        "vaulted": sorted(secrets),
        "vaulted_names": secret_names,
    }


def _used(texts: set[str], variables: Mapping[str, Any]) -> set[str]:
    """Those texts of encrypted files that a host's variables really hold."""
    held = list(_texts(variables))
    return {
        text
        for text in texts
        if any(text == one or (len(text) > 3 and text in one) for one in held)
    }


def _opened(value: Any) -> Iterator[str]:
    """The plain text of every `!vault` value in here."""
    if type(value).__name__ in _ENCRYPTED:
        yield str(value)
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _opened(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _opened(one)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str) or type(value).__name__ in _ENCRYPTED:
        if str(value).strip():
            yield str(value)
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one)


def _plain(value: Any) -> Any:
    """A JSON value without Ansible's tags; dates and the like become text."""
    if value is None or isinstance(value, bool):
        return None if value is None else bool(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if value == value and abs(value) != float("inf") else str(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(one) for one in value]
    return str(value)


if __name__ == "__main__":
    sys.exit(main())
