"""The settings that are in force, fit to be shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from autofix.core.audit import AuditEntry


@dataclass(frozen=True)
class SettingsInForce:
    """`values`: block by block as JSON values, every secret as `********`. `files`: what lies
    where, relative to the project's folder. `rejected`: changed files that were not taken."""

    values: Mapping[str, Any]
    files: Mapping[str, str]
    hooks: Mapping[str, str] = field(default_factory=dict)  # by source: where it posts to
    problems: tuple[str, ...] = ()
    loaded_at: float | None = None
    rejected: AuditEntry | None = None
    doctor: Mapping[str, Any] | None = None  # what was noted last: `at`, counts, `faults`
