"""A runbook as the core sees it: frozen values with parsed expressions.

`config/` reads the YAML, checks it and builds these; the keys are documented in docs/runbooks.md.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from autofix.core.conditions import Condition, Template


@dataclass(frozen=True)
class Input:
    """A declared input: what `-e` or an alert may set."""

    name: str
    type: str = "string"  # string | number | integer | boolean
    default: Any = None
    required: bool = False
    min: float | None = None
    max: float | None = None
    max_length: int = 1000
    pattern: str = ""
    choices: tuple[Any, ...] = ()
    help: str = ""


@dataclass(frozen=True)
class Blind:
    """What to do when a probe could not look `after` times in a row: page, or hold."""

    after: int = 3
    then: str = "page"


@dataclass(frozen=True)
class ProbeTrigger:
    """Fires when `when` holds for `for_` seconds on the facts of `probe`."""

    probe: str
    hosts: str  # a group or host of the inventory, or several with commas
    when: Condition
    every: float = 60.0  # seconds; not used when cron is set
    cron: str = ""
    jitter: float = 0.0
    timeout: float = 10.0
    for_: float = 0.0
    clear_when: Condition | None = None  # without one: the symptom is gone when `when` is False
    subject: Condition | None = None
    options: Mapping[str, Any] = field(default_factory=dict)  # `with:` for the probe
    blind: Blind = Blind()


@dataclass(frozen=True)
class AlertTrigger:
    """Fires on a webhook alert by name, narrowed by labels."""

    alert: str
    match: Mapping[str, str] = field(default_factory=dict)
    host: str = "instance"
    strip_port: bool = False
    when: Condition | None = None
    subject: Condition | None = None
    inputs: Mapping[str, Condition] = field(default_factory=dict)


@dataclass(frozen=True)
class ScheduleTrigger:
    """Fires by the clock, for each host."""

    cron: str
    hosts: str
    jitter: float = 0.0
    catch_up: float = 86400.0  # a slot that was missed still fires, so many seconds late at most


Trigger = ProbeTrigger | AlertTrigger | ScheduleTrigger
#: "always", "never", or an expression on `host.` and `inputs.`: all but False asks for approval.
Approval = Condition | str


@dataclass(frozen=True)
class Step:
    """One remedy. `afterwards` is owed once its verification is over, healed or not."""

    playbook: str
    when: Condition | None = None
    vars: Mapping[str, Template] = field(default_factory=dict)
    timeout: float = 600.0
    approval: Approval = "never"
    rollback: str = ""
    afterwards: str = ""


@dataclass(frozen=True)
class Verify:
    """The symptom is gone when `until` holds within `within` seconds, and stays so for `hold`."""

    probe: str
    until: Condition
    within: float = 120.0
    hold: float = 0.0
    every: float = 5.0
    timeout: float = 10.0
    subject: Condition | None = None  # which of several readings is ours; from the trigger if unset
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Attempts:
    """At most `max` within `per` seconds; then the breaker opens, for `half_open` seconds."""

    max: int = 3
    per: float = 86400.0
    half_open_after: float | None = None

    @property
    def half_open(self) -> float:
        return self.per if self.half_open_after is None else self.half_open_after


@dataclass(frozen=True)
class Approvers:
    """Who may approve: these people, and whoever is in one of these groups of the system."""

    users: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()

    def include(self, user: str, groups: Collection[str]) -> bool:
        return user in self.users or any(each in groups for each in self.groups)

    def __str__(self) -> str:
        return ", ".join([*self.users, *(f"group {name}" for name in self.groups)])


@dataclass(frozen=True)
class Dependency:
    """An incident of `runbook` that is live on this host, or on the one that `host` names, holds
    ours."""

    runbook: str
    host: Condition | None = None


@dataclass(frozen=True)
class Guards:
    """The brakes, on by default."""

    cooldown: float = 300.0
    attempts: Attempts = Attempts()
    at_once: int = 1
    at_once_percent: float | None = None  # of the hosts of its triggers, instead of the number
    hold_limit: float = 900.0
    hours: str = ""  # a calendar: it acts by itself only while that is open
    depends_on: tuple[Dependency, ...] = ()
    unless: Condition | None = None
    abort_if: Condition | None = None  # watched while the fix runs: it stops the run
    batches: tuple[int | float, ...] = ()  # hosts, or as a float percent of the group; growing
    approval: Approval = "never"
    approvers: Approvers | None = None  # None: anybody but the one who asked
    approval_within: float = 3600.0


@dataclass(frozen=True)
class Runbook:
    name: str
    title: str
    fix: tuple[Step, ...]
    verify: Verify | None  # None: `verify: none`
    about: str = ""
    severity: str = "P2"
    enabled: bool = True
    idempotent: bool = False
    triggers: tuple[Trigger, ...] = ()
    inputs: Mapping[str, Input] = field(default_factory=dict)
    guards: Guards = Guards()
    escalate: str = "default"
    file: str = ""
    deadlines: str = "usual"  # or those of a special class of incidents
    source: str = field(default="", repr=False, compare=False)  # the text of its file, as loaded
