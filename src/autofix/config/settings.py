"""What `autofix.yaml` says, as values; `settings_file` reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autofix.config.alive_models import SentinelBlock, SyntheticBlock
from autofix.config.document import Document
from autofix.config.log_models import LoggingBlock
from autofix.config.paging import ChannelSettings
from autofix.config.settings_models import A_WEEK, HALF_A_YEAR, SecretsBlock
from autofix.config.web_models import WebBlock
from autofix.core.calendars import ALWAYS, Calendar
from autofix.core.escalation import Policy
from autofix.core.freezes import Freeze
from autofix.core.limits import Limits
from autofix.core.presets import ESCORT
from autofix.core.severities import Severities
from autofix.errors import ConfigError, Problem
from autofix.options import Options, Secret


@dataclass(frozen=True)
class AnsibleSettings:
    """The `ansible:` block; paths are absolute, None lets nothing in."""

    config: Path | None = None
    private_key: Path | None = None
    ssh_auth_sock: Path | None = None
    vault_password_file: Path | None = None
    known_hosts: Path | None = None
    collections_path: tuple[Path, ...] = ()
    python: str | None = None
    isolation: str = "auto"


@dataclass(frozen=True)
class Retention:
    """Seconds that runs' output, the audit record and readings are kept."""

    runs: float = HALF_A_YEAR
    audit: float = HALF_A_YEAR
    readings: float = A_WEEK


@dataclass(frozen=True)
class Settings:
    """What the settings file says; paths are absolute, secrets are Secret."""

    file: Path
    state: Path
    store: str  # a database URL, without a password
    inventory: Path
    playbooks: Path
    runbooks: Path
    timezone: str = "UTC"
    calendars: Mapping[str, Calendar] = field(default_factory=lambda: {ALWAYS.name: ALWAYS})
    limits: Limits = field(default_factory=Limits)
    freezes: tuple[Freeze, ...] = ()
    severities: Severities = ESCORT
    connections: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)
    channels: Mapping[str, ChannelSettings] = field(default_factory=dict)
    policies: Mapping[str, Policy] = field(default_factory=dict)
    sources: Mapping[str, ChannelSettings] = field(default_factory=dict)
    web: WebBlock = field(default_factory=WebBlock)
    logging: LoggingBlock = field(default_factory=LoggingBlock)
    public_url: str = ""
    language: str = "en"  # of pages to people, and of the console until a reader chooses
    ansible: AnsibleSettings = AnsibleSettings()
    retention: Retention = Retention()
    sentinel: SentinelBlock = field(default_factory=SentinelBlock)
    synthetic: SyntheticBlock = field(default_factory=SyntheticBlock)
    parts: Mapping[str, Options] = field(default_factory=dict)  # blocks of other rooms, by key
    overrides: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)
    store_password: Secret | None = None
    witnesses: tuple[ChannelSettings, ...] = ()
    secrets: SecretsBlock = field(default_factory=SecretsBlock)
    outgoing: tuple[str, ...] = ()  # networks that calls may reach, whatever they are
    secret_files: tuple[Path, ...] = ()
    kept_names: tuple[str, ...] = ()  # the kept secrets that it names
    problems: tuple[Problem, ...] = ()
    document: Document = field(default=Document("", {}), repr=False, compare=False)

    @property
    def folder(self) -> Path:
        """The project's folder: relative paths in the settings begin here."""
        return self.file.parent

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(one for one in self.problems if one.level == "error")


def no_errors(problems: Sequence[Problem]) -> None:
    """Raise ConfigError with all errors, if there is one."""
    errors = [one for one in problems if one.level == "error"]
    if errors:
        raise ConfigError(errors)
