"""Introducing the rooms to each other: settings become options, plugins, channels, a runner."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autofix import alerts as alert_room
from autofix import channels as channel_room
from autofix import config
from autofix import probes as probe_room
from autofix.ansible.options import AnsibleOptions
from autofix.app.synthetic import options as synthetic_options
from autofix.app.witnessing import witness_options
from autofix.config import Outside, Settings
from autofix.core.runbooks import Runbook
from autofix.core.runs import RunEvent, RunOrder, RunResult
from autofix.core.synthetic import NAME
from autofix.errors import Problem
from autofix.options import Options, Secret
from autofix.ports import Cancel, Channel, Inventory, PlaybookRunner, Probe, Source

if TYPE_CHECKING:
    from autofix.store.sealed import Vault


class Plugins(Mapping[str, Any]):
    """A room's table as a mapping that loads what is asked for, once."""

    def __init__(self, names: Iterable[str], load: Callable[[str], Any]) -> None:
        self._names, self._load = list(names), cache(load)

    def __getitem__(self, name: str) -> Any:
        if name not in self._names:
            raise KeyError(name)
        return self._load(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def _probes() -> Plugins:
    return Plugins(probe_room.TABLE, probe_room.load)


def every_probe() -> Mapping[str, Probe]:
    """By name; each is loaded when it is asked for."""
    return _probes()


def _channel_options() -> Plugins:
    def options(kind: str) -> type[Options]:
        found: type[Options] = channel_room.load(kind).options
        return found

    return Plugins(channel_room.TABLE, options)


def _source_options() -> Plugins:
    def options(kind: str) -> type[Options]:
        found: type[Options] = alert_room.load(kind).options
        return found

    return Plugins(alert_room.TABLE, options)


def _parts() -> Plugins:
    """Blocks of the settings whose options belong to another room than `config`."""

    def options(key: str) -> type[Options]:
        from autofix.channels.heartbeat_options import HeartbeatOptions
        from autofix.tracing.options import TracingOptions
        from autofix.web.oidc_options import OidcOptions

        known: dict[str, type[Options]] = {
            "heartbeat": HeartbeatOptions,
            "oidc": OidcOptions,
            "tracing": TracingOptions,
        }
        return known[key]

    return Plugins(("heartbeat", "oidc", "tracing"), options)


def load_probe() -> Callable[[str], Probe]:
    """Probes by name, each made once and shared by all looks."""
    plugins = _probes()
    return lambda name: plugins[name]


def shown(problems: Iterable[Problem]) -> list[Problem]:
    """Each once, with its file as people want to read it: from the working directory."""
    paths = (replace(each, file=config.shown_path(Path(each.file))) for each in problems)
    return list(dict.fromkeys(paths))


def place_unknown(settings: Settings) -> list[Problem]:
    """The errors that leave open where the state folder and the store are, if there are any.

    Going on with the defaults would show an empty record, or set a pause that nobody sees. When
    a server leads in the default folder, that is the one.
    """
    from autofix.store.lockfile import leader

    document = settings.document
    keys = [key for key in _PLACE if key in document.value]
    lines = {document.place((key,)).line for key in keys}
    found = [
        each
        for each in settings.errors
        if each in document.problems or each.line in lines or each.hint in _MEANT
    ]
    return found if found and not leader(settings.state / "server.lock") else []


_PLACE = ("state", "store", "store_password_env", "store_password_file")
_MEANT = {f"did you mean {key!r}?" for key in _PLACE}


def load_settings(start: Path) -> Settings:
    return config.load_settings(
        start,
        channels=_channel_options(),
        probes=list(probe_room.TABLE),
        sources=_source_options(),
        parts=_parts(),
        witnesses=witness_options(),
        decrypt=_decrypt,
        keeper=_keeper,
    )


def _decrypt(settings: Settings, texts: Sequence[str]) -> Sequence[str]:
    from autofix.ansible.inventory_vault import decrypt_all

    return decrypt_all(ansible_options(settings), list(texts), file=str(settings.file))


def vault(settings: Settings, empty: Callable[[], bool]) -> Vault:
    from autofix.store.sealed import Vault
    from autofix.store.secret_keys import SecretKeys

    keys = SecretKeys(settings.state / "keys", settings.secrets.credential)
    return Vault(keys, empty)


def _keeper(settings: Settings) -> Callable[[str], str | None]:
    """What autofix itself keeps, as far as the settings name it; None for what it does not."""
    from autofix.app.audit_keys import has_store
    from autofix.store import open_store

    if not has_store(settings):
        return lambda _: None
    given = settings.store_password
    password = given.get_secret_value() if given else ""
    store = open_store(settings.store, state=settings.state, password=password)
    try:
        with store.reading() as reads:
            found = {kept.name: kept for kept in reads.kept()}
    finally:
        store.close()
    opener = vault(settings, lambda: not found)
    return lambda name: opener.open(found[name]) if name in found else None


def outside(inventory: Inventory | None) -> Outside:
    from autofix.scheduling.cron import check_cron, shortest_distance

    return Outside(
        _probes(),
        _channel_options(),
        inventory,
        decrypt=_decrypt,
        keeper=_keeper,
        check_cron=check_cron,
        cron_distance=shortest_distance,
        sources=_source_options(),
        parts=_parts(),
        witnesses=witness_options(),
    )


def json_schema() -> dict[str, Any]:
    return config.json_schema(outside(None))


def ansible_options(settings: Settings) -> AnsibleOptions:
    block = settings.ansible
    return AnsibleOptions(
        inventory=settings.inventory,
        playbooks=settings.playbooks,
        state=settings.state,
        config=block.config,
        private_key=block.private_key,
        ssh_auth_sock=block.ssh_auth_sock,
        vault_password_file=block.vault_password_file,
        known_hosts=block.known_hosts,
        collections_path=block.collections_path,
        python=block.python,
        isolation=block.isolation,  # type: ignore[arg-type]  # checked by the settings' model
    )


def lint(settings: Settings, runbook: Runbook) -> list[Problem]:
    """What is wrong in the playbooks of a runbook."""
    from autofix.ansible.lint import lint_playbook

    folder = settings.playbooks
    return [
        problem
        for step in runbook.fix
        for name in (step.playbook, step.rollback, step.afterwards)
        if name
        for problem in lint_playbook(folder / name, folder, variables=list(step.vars))
    ]


def syntax(settings: Settings, runbook: Runbook) -> list[Problem]:
    """What Ansible's own syntax check says of them; a second or two for each."""
    from autofix.ansible.lint import syntax_check

    names = {
        name
        for step in runbook.fix
        for name in (step.playbook, step.rollback, step.afterwards)
        if name
    }
    options = ansible_options(settings)
    return [problem for name in sorted(names) for problem in syntax_check(options, name)]


def channels(settings: Settings) -> dict[str, Channel]:
    return {
        name: channel_room.load(each.type)(name, each.options)
        for name, each in settings.channels.items()
    }


def sources(settings: Settings) -> dict[str, Source]:
    return {
        name: alert_room.load(each.type)(name, each.options)
        for name, each in settings.sources.items()
    }


def connections(settings: Settings) -> dict[str, dict[str, Any]]:
    """Connection variables for probes, secrets opened; `ssh` are those of every probe."""
    found = {
        probe: {key: _open(value) for key, value in variables.items()}
        for probe, variables in settings.connections.items()
    }
    if settings.ansible.known_hosts is not None:
        found.setdefault("ssh", {})["autofix_known_hosts"] = str(settings.ansible.known_hosts)
    if settings.ansible.private_key is not None:
        key = str(settings.ansible.private_key)
        found.setdefault("ssh", {}).setdefault("ansible_ssh_private_key_file", key)
    return found


def _open(value: Any) -> Any:
    return value.get_secret_value() if isinstance(value, Secret) else value


class LazyRunner:
    """The Ansible runner, made at its first run: most commands never need one."""

    def __init__(
        self, settings: Callable[[], Settings], secrets: Callable[[str], Iterable[str]]
    ) -> None:
        self._settings, self._secrets = settings, secrets
        self._made: dict[bool, tuple[AnsibleOptions, PlaybookRunner]] = {}  # by: is it synthetic?
        self._lock = threading.Lock()

    def _runner(self, host: str = "") -> PlaybookRunner:
        from autofix.ansible.runner import AnsibleRunner

        with self._lock:
            fake = host == NAME
            options = ansible_options(self._settings())
            if fake:
                options = synthetic_options(options)
            if fake not in self._made or self._made[fake][0] != options:
                self._made[fake] = (options, AnsibleRunner(options, self._secrets))
            return self._made[fake][1]

    def run(
        self, order: RunOrder, on_event: Callable[[RunEvent], None], cancel: Cancel
    ) -> RunResult:
        return self._runner(order.host).run(order, on_event, cancel)

    def end_leftovers(self, run_ids: Iterable[int]) -> Sequence[int]:
        return self._runner().end_leftovers(run_ids)
