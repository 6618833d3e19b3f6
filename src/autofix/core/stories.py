"""What a desk tells of one thing, gathered: the same for people, programs and pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from autofix.core.audit import AuditEntry
from autofix.core.deadlines import Deadline
from autofix.core.incidents import Incident
from autofix.core.pages import Page
from autofix.core.runs import Run


@dataclass(frozen=True)
class IncidentStory:
    incident: Incident
    runs: tuple[Run, ...]
    pages: tuple[Page, ...]
    digests: tuple[Page, ...]
    record: tuple[AuditEntry, ...]
    deadlines: tuple[Deadline, ...]


@dataclass(frozen=True)
class RunbookCard:
    """A runbook as it is in force, in plain words."""

    name: str
    title: str
    severity: str
    enabled: bool
    about: str
    triggers: tuple[str, ...]
    steps: tuple[str, ...]
    inputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    hosts: tuple[str, ...] = ()
    file: str = ""


@dataclass(frozen=True)
class Answer:
    """Why a runbook did or did not act on a host."""

    runbook: str
    host: str
    lines: tuple[str, ...]
    verdict: str
