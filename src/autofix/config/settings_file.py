"""Reading `autofix.yaml`: the first stage, which needs neither inventory nor runbooks.

Every block that is wrong is reported and stands at its default, so that all of a project's
problems can be shown at once.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from autofix.config import (
    audit_models,
    brake_models,
    calendar_models,
    paging,
    policies,
    reading,
    severity_models,
)
from autofix.config.document import Document, read
from autofix.config.fields import Block
from autofix.config.files import find
from autofix.config.secrets import Secrets
from autofix.config.settings import AnsibleSettings, Retention, Settings
from autofix.config.settings_models import AnsibleBlock, SettingsFile
from autofix.config.store_url import SQLITE, without_secret
from autofix.core.inert import inert
from autofix.errors import Problem
from autofix.options import Options, Secret

#: Blocks whose options belong to another room, which hands in their models. May hold secrets.
PARTS = ("heartbeat", "oidc", "tracing")
SECRET_BLOCKS = ("connections", "channels", "sources", "audit")
#: Opens vault texts with what the settings' `ansible:` block says; ConfigError when it can't.
Decrypt = Callable[[Settings, Sequence[str]], Sequence[str]]
#: What autofix itself keeps, by name: the store and its key are those of the settings. None for a
#: name that is not kept; StoreError when it can't be opened.
Keeper = Callable[[Settings], Callable[[str], str | None]]


def load_settings(
    path: Path,
    *,
    channels: Mapping[str, type[Options]],
    probes: Collection[str] = (),
    sources: Mapping[str, type[Options]] = MappingProxyType({}),
    parts: Mapping[str, type[Options]] = MappingProxyType({}),
    witnesses: Mapping[str, type[Options]] = MappingProxyType({}),
    decrypt: Decrypt | None = None,
    keeper: Keeper | None = None,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """The settings of the project at `path` (its folder, a folder below, or the file itself).

    What is wrong stands in `.problems`; ConfigError only when there is no settings file.
    """
    document = read(file := find(path).absolute())
    value, problems = _without_faults(document)
    found = SettingsFile.model_validate(value)
    settings = _plain(file, found, document)
    opener = None if decrypt is None else partial(decrypt, settings)
    secrets = Secrets(document, settings.folder, os.environ if environ is None else environ, opener)
    settings = replace(settings, store_password=_store_password(value, secrets))
    if keeper is not None:
        secrets.keeper = partial(keeper, settings)
    for block in (*SECRET_BLOCKS, *PARTS):
        secrets.open_vaults(value.get(block, {}), (block,))
    others = {key: paging.part(key, value.get(key), secrets, parts.get(key)) for key in PARTS}
    settings = replace(
        settings,
        connections=paging.connections(value.get("connections", {}), secrets, probes),
        channels=paging.channels(value.get("channels", {}), secrets, channels),
        sources=paging.typed("sources", value.get("sources", {}), secrets, sources),
        parts={key: one for key, one in others.items() if one is not None},
        witnesses=tuple(audit_models.witnesses(found.audit.witnesses, secrets, witnesses)),
    )
    problems += [*secrets.problems, *_between(settings, found, value)]
    return replace(
        settings,
        secret_files=tuple(secrets.files),
        kept_names=tuple(sorted(secrets.kept)),
        problems=tuple(sorted(problems, key=lambda one: one.line)),
    )


def _between(settings: Settings, found: SettingsFile, value: Mapping[str, Any]) -> list[Problem]:
    """What is wrong between blocks, and between them and the files they name."""
    document = settings.document
    places = settings.folder, settings.store, settings.state
    return [
        *_missing_files(settings),
        *audit_models.place_problems(document, *places, value.get("channels", {})),
        *policies.problems(document, settings.policies, list(settings.channels)),
        *severity_models.problems(
            document, found.severities, settings.severities, settings.calendars
        ),
    ]


def _without_faults(document: Document) -> tuple[dict[str, Any], list[Problem]]:
    """The file's blocks that are right, and what is wrong with the others."""
    value = {key: {} if _empty_block(key, one) else one for key, one in document.value.items()}
    problems = [*document.problems, *reading.check(document, (), SettingsFile, value)]
    for key in [key for key in value if key not in (*SECRET_BLOCKS, *PARTS)]:
        problems += reading.closed_vaults(document, value[key], (key,))
    good = {}
    for key, one in value.items():
        if key in SettingsFile.model_fields and not reading.check(
            document, (), SettingsFile, {key: one}
        ):
            good[key] = one
    return good, problems


def _empty_block(key: str, value: Any) -> bool:
    """`channels:` with nothing below it is an empty block, as people leave it."""
    known = SettingsFile.model_fields.get(key)
    usual = known.get_default(call_default_factory=True) if known else None
    return value is None and isinstance(usual, dict | Block)


def _plain(file: Path, found: SettingsFile, document: Document) -> Settings:
    folder = file.parent
    return Settings(
        file=file,
        state=_path(folder, found.state),
        store=_store(folder, found.store),
        inventory=_path(folder, found.inventory),
        playbooks=_path(folder, found.playbooks),
        runbooks=_path(folder, found.runbooks),
        timezone=found.timezone,
        calendars=calendar_models.build(found.calendars, found.timezone),
        limits=brake_models.limits(found.limits),
        freezes=brake_models.freezes(found.freezes, found.timezone),
        severities=severity_models.build(found.severities),
        policies={name: policies.policy(name, one) for name, one in found.policies.items()},
        web=found.web,
        logging=found.logging,
        public_url=found.public_url,
        language=found.language,
        ansible=_ansible(folder, found.ansible),
        retention=Retention(found.retention.runs, found.retention.audit, found.retention.readings),
        sentinel=found.sentinel,
        synthetic=found.synthetic,
        secrets=found.secrets,
        outgoing=tuple(found.outgoing.allow),
        overrides=found.overrides,
        document=document,
    )


def _store(folder: Path, url: str) -> str:
    if url.startswith(SQLITE):
        return SQLITE + str(_path(folder, url.removeprefix(SQLITE)))
    return without_secret(url)[0]


def _store_password(value: Mapping[str, Any], secrets: Secrets) -> Secret | None:
    """What stands beside `store`; else what stands within it."""
    name = "store_password"
    given = {key: value[key] for key in (f"{name}_env", f"{name}_file") if value.get(key)}
    found = secrets.resolve(given, (), lambda key: key == name).get(name)
    return found or without_secret(str(value.get("store", "")))[1]


def _path(folder: Path, text: str) -> Path:
    try:
        return Path(os.path.normpath(folder / Path(text).expanduser()))
    except RuntimeError:  # ~somebody who does not exist
        return folder / text


def _ansible(folder: Path, block: AnsibleBlock) -> AnsibleSettings:
    def path(text: str | None) -> Path | None:
        return None if text is None else _path(folder, text)

    collections = block.collections_path
    listed = collections.split(":") if isinstance(collections, str) else collections
    return AnsibleSettings(
        config=path(block.config),
        private_key=path(block.private_key),
        ssh_auth_sock=path(block.ssh_auth_sock),
        vault_password_file=path(block.vault_password_file),
        known_hosts=path(block.known_hosts),
        collections_path=tuple(_path(folder, one) for one in listed if one),
        python=block.python,
        isolation=block.isolation,
    )


def _missing_files(settings: Settings) -> list[Problem]:
    problems = []
    for name in ("config", "private_key", "vault_password_file", "known_hosts"):
        path = getattr(settings.ansible, name)
        if path is not None and not path.is_file():
            message = f"{name}: there is no file {inert(str(path))}"
            problems.append(settings.document.problem(("ansible", name), message))
    for name in ("playbooks", "runbooks"):
        path = getattr(settings, name)
        if not path.is_dir():
            message = f"{name}: there is no folder {inert(str(path))}"
            hint = "make it, or name another"
            problems.append(settings.document.problem((name,), message, hint))
    return problems
