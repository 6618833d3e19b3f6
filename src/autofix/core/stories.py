"""What a desk tells of one thing, gathered: the same for people, programs and pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from autofix.core.again import Remedy
from autofix.core.audit import AuditEntry
from autofix.core.breakers import Breaker
from autofix.core.deadlines import Deadline
from autofix.core.incidents import Incident
from autofix.core.pages import Member, Page
from autofix.core.pauses import Pause
from autofix.core.readings import Fact
from autofix.core.runbooks import Approvers
from autofix.core.runs import Run
from autofix.core.silences import Silence


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
    in_batches: bool = False  # of many hosts a few first
    remedies: tuple[Remedy, ...] = ()  # its steps, for trying one again or undoing it
    guards: tuple[str, ...] = ()
    called: tuple[str, ...] = ()  # who is paged, level after level
    asks: bool = False  # a person may have to approve something
    has_subject: bool = False  # something tells two failures on one host apart
    approvers: Approvers | None = None  # None: anybody who may approve, but the one who asked


@dataclass(frozen=True)
class Answer:
    """Why a runbook did or did not act on a host."""

    runbook: str
    host: str
    lines: tuple[str, ...]
    verdict: str


@dataclass(frozen=True)
class PageStory:
    """A page, what it is about, and each try to send it."""

    page: Page
    members: tuple[Member, ...]
    record: tuple[AuditEntry, ...]


@dataclass(frozen=True)
class Status:
    """How things stand. `server` leads; empty when nobody does.

    `watched`: whether there is to be a `sentinel`, a `heartbeat`, a `synthetic`, and the seconds
    `after` which a server without a tick hangs. What stands in `tick`, `heartbeat`, `synthetic`,
    `doctor` and `witnesses` is as it was noted.
    """

    server: str
    halted: str
    settings: tuple[str, ...]
    rejected: AuditEntry | None
    pauses: tuple[Pause, ...]
    silences: tuple[Silence, ...]
    incidents: tuple[Incident, ...]
    deadlines: Mapping[str, int]
    running: tuple[Run, ...]
    owed: tuple[Run, ...]
    pages_waiting: tuple[Page, ...]
    audit_size: int
    tick: Mapping[str, Any] | None = None
    sentinel: str = ""
    heartbeat: Mapping[str, Any] | None = None
    synthetic: Mapping[str, Any] | None = None
    doctor: Mapping[str, Any] | None = None
    sealed: Mapping[str, Any] | None = None
    seal_failing: str = ""
    witnesses: Mapping[str, Mapping[str, Any] | None] = field(default_factory=dict)
    timezone: str = "UTC"  # in which times without a zone are meant
    watched: Mapping[str, Any] = field(default_factory=dict)  # what is to keep it from silence


@dataclass(frozen=True)
class Paused:
    """A pause that is in force. `asked`: the runs that were asked to end; `owed`: what is still to
    be put back in this scope, and waits."""

    pause: Pause
    asked: tuple[int, ...] = ()
    owed: tuple[Run, ...] = ()


@dataclass(frozen=True)
class Blocked:
    """An incident that stays held, by this pause."""

    incident: Incident
    pause: Pause


@dataclass(frozen=True)
class Resumed:
    """What a resume lifted (nothing: there was no such pause), and what now happens with what it
    held. `blocked` stay held by another pause, named beside them; `still` are those pauses."""

    lifted: tuple[Pause, ...] = ()
    still: tuple[Pause, ...] = ()
    held: tuple[Incident, ...] = ()
    owed: tuple[Run, ...] = ()
    blocked: tuple[Blocked, ...] = ()


@dataclass(frozen=True)
class BreakerReset:
    """The breaker as it is now, and the live incident of its target, if there is one."""

    breaker: Breaker
    incident: Incident | None = None


@dataclass(frozen=True)
class ProbeCard:
    """A probe that may be asked: the facts it gives, and the JSON Schema of its options."""

    name: str
    facts: tuple[Fact, ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    open_ended: bool = False
