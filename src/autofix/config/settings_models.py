"""The shape of `autofix.yaml`, as pydantic models. What each key means: docs/settings.md."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from autofix.config.alive_models import SentinelBlock, SyntheticBlock
from autofix.config.audit_models import AuditBlock
from autofix.config.brake_models import FreezeBlock, LimitsBlock
from autofix.config.calendar_models import Calendars, Timezone
from autofix.config.fields import Block, OneLine
from autofix.config.log_models import LoggingBlock
from autofix.config.policies import PolicyBlock, PublicUrl
from autofix.config.severity_models import SeveritiesBlock
from autofix.config.store_url import check_store
from autofix.config.web_models import Networks, WebBlock
from autofix.options import Duration

HALF_A_YEAR = 180 * 86400.0
A_WEEK = 7 * 86400.0


class AnsibleBlock(Block):
    """What a run may know of this machine; paths are relative to the settings file."""

    config: OneLine | None = None
    private_key: OneLine | None = None
    ssh_auth_sock: OneLine | None = None
    vault_password_file: OneLine | None = None
    known_hosts: OneLine | None = None
    collections_path: OneLine | list[OneLine] = Field(default_factory=list)
    python: OneLine | None = None
    isolation: Literal["auto", "bwrap", "subreaper"] = "auto"


Kept = Annotated[Duration, Field(ge=86400, le=100 * 366 * 86400)]


class RetentionBlock(Block):
    runs: Kept = HALF_A_YEAR
    audit: Kept = HALF_A_YEAR
    readings: Kept = A_WEEK


class SecretsBlock(Block):
    """Where the key lies that seals what autofix itself keeps."""

    credential: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{0,255}$")] = ""


class OutgoingBlock(Block):
    """What calls to the outside may reach although it is link-local, or a cloud's metadata."""

    allow: Networks = Field(default_factory=list)


class SettingsFile(Block):
    """A whole settings file."""

    state: OneLine = ".autofix"
    store: Annotated[OneLine, AfterValidator(check_store)] = "sqlite:///.autofix/autofix.db"
    store_password_env: OneLine | None = None
    store_password_file: OneLine | None = None
    inventory: OneLine = "inventory"
    playbooks: OneLine = "playbooks"
    runbooks: OneLine = "runbooks"
    timezone: Timezone = "UTC"
    calendars: Calendars = Field(default_factory=dict)
    limits: LimitsBlock = LimitsBlock()
    freezes: list[FreezeBlock] = Field(default_factory=list, max_length=1000)
    severities: SeveritiesBlock = SeveritiesBlock()
    connections: dict[str, dict[str, Any]] = Field(default_factory=dict)
    channels: dict[str, dict[str, Any]] = Field(default_factory=dict)
    policies: dict[str, PolicyBlock] = Field(default_factory=dict)
    sources: dict[str, dict[str, Any]] = Field(default_factory=dict)
    web: WebBlock = WebBlock()
    oidc: dict[str, Any] = Field(default_factory=dict)
    tracing: dict[str, Any] = Field(default_factory=dict)
    logging: LoggingBlock = LoggingBlock()
    public_url: PublicUrl = ""
    language: Literal["en", "zh"] = "en"
    ansible: AnsibleBlock = AnsibleBlock()
    retention: RetentionBlock = RetentionBlock()
    sentinel: SentinelBlock = SentinelBlock()
    heartbeat: dict[str, Any] = Field(default_factory=dict)
    synthetic: SyntheticBlock = SyntheticBlock()
    audit: AuditBlock = AuditBlock()
    secrets: SecretsBlock = SecretsBlock()
    outgoing: OutgoingBlock = OutgoingBlock()
    overrides: dict[str, dict[str, Any]] = Field(default_factory=dict)
