"""Cross-checks of a runbook's guards: what could never brake, or never let anything pass."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from autofix.config.document import Document, Keys
from autofix.config.outside import Outside
from autofix.config.settings import Settings
from autofix.core.conditions import UNKNOWN, Condition
from autofix.core.inert import inert
from autofix.core.runbooks import AlertTrigger, ProbeTrigger, Runbook, ScheduleTrigger
from autofix.errors import ConfigError, Problem
from autofix.options import suggest

#: So many hosts are named in a warning.
NAMED = 3


def guard_checks(
    runbook: Runbook, document: Document, settings: Settings, outside: Outside
) -> Iterator[Problem]:
    """Everything wrong with the guards of this runbook in this project."""
    check = _Check(runbook, document, outside)
    yield from check.hours(settings)
    yield from check.percentage()
    for keys, condition in _approvals(runbook):
        yield from check.senders(condition, keys)
        yield from check.tells(condition, keys, "it would always be asked for")
    if runbook.guards.abort_if is not None:
        yield from check.senders(runbook.guards.abort_if, ("guards", "abort_if"))
    yield from check.proof()
    yield from check.subjects()
    unless = runbook.guards.unless
    if unless is not None:
        yield from check.senders(unless, ("guards", "unless"))
        if all("." in name for name in unless.names):
            yield from check.tells(unless, ("guards", "unless"), "it would always hold")
    for at, dependency in enumerate(runbook.guards.depends_on):
        if dependency.host is not None:
            keys = ("guards", "depends_on", at, "host")
            yield from check.senders(dependency.host, keys)
            yield from check.names_a_host(dependency.host, keys)


def _approvals(runbook: Runbook) -> Iterator[tuple[Keys, Condition]]:
    places: list[tuple[Keys, Any]] = [(("guards", "approval"), runbook.guards.approval)]
    places += [(("fix", at, "approval"), step.approval) for at, step in enumerate(runbook.fix)]
    for keys, approval in places:
        if isinstance(approval, Condition):
            yield keys, approval


class _Check:
    def __init__(self, runbook: Runbook, document: Document, outside: Outside) -> None:
        self.runbook, self.problem, self.inventory = runbook, document.problem, outside.inventory
        self.hosts = self._hosts()

    def _hosts(self) -> list[str]:
        """The hosts of its triggers; what is wrong with those is said elsewhere."""
        found: list[str] = []
        for trigger in self.runbook.triggers:
            if isinstance(trigger, ProbeTrigger | ScheduleTrigger) and self.inventory is not None:
                try:
                    found += self.inventory.hosts(trigger.hosts)
                except ConfigError:
                    continue
        return list(dict.fromkeys(found))

    def hours(self, settings: Settings) -> Iterator[Problem]:
        name = self.runbook.guards.hours
        if name and name not in settings.calendars:
            message = f"hours: there is no calendar {inert(name, 60)!r}"
            hint = (
                suggest(name, list(settings.calendars)) or "add it under calendars: in the settings"
            )
            yield self.problem(("guards", "hours"), message, hint)

    def percentage(self) -> Iterator[Problem]:
        percent = self.runbook.guards.at_once_percent
        if percent is not None and self.inventory is not None and not self.hosts:
            message = f"at_once: {percent:g}% of no hosts: its triggers name none"
            hint = "write a number, or give a trigger hosts"
            yield self.problem(("guards", "at_once"), message, hint)

    def senders(self, condition: Condition, keys: Keys) -> Iterator[Problem]:
        """An input that an alert fills is a sender's, like the labels it is filled from."""
        for name in sorted(condition.names & self._filled()):
            message = (
                f"{_key(keys)}: {name} is filled by an alert: who posts one must not be able to "
                "switch a brake off"
            )
            yield self.problem(keys, message, "use host., or an input that only people set")

    def _filled(self) -> set[str]:
        """The inputs that an alert sets."""
        return {
            f"inputs.{name}"
            for trigger in self.runbook.triggers
            if isinstance(trigger, AlertTrigger)
            for name in trigger.inputs
        }

    def proof(self) -> Iterator[Problem]:
        """What counts as healed may hang on a sender's number only within bounds of ours."""
        until = self.runbook.verify.until if self.runbook.verify else None
        for name in sorted(until.names & self._filled()) if until else ():
            one = self.runbook.inputs.get(name.partition(".")[2])
            bounded = one and (one.choices or (one.min is not None and one.max is not None))
            if one and not bounded:
                message = f"until: {name} is filled by an alert: its sender says what is healed"
                hint = "give the input min and max, or choices"
                yield self.problem(("verify", "until"), message, hint, level="warning")

    def subjects(self) -> Iterator[Problem]:
        """Cooldown and attempts count for each subject: one that is made up must be found out."""
        verify = self.runbook.verify
        watched = any(isinstance(t, ProbeTrigger) and t.subject for t in self.runbook.triggers)
        if verify is None or verify.subject is not None or watched:
            return
        for at, trigger in enumerate(self.runbook.triggers):
            if isinstance(trigger, AlertTrigger) and trigger.subject is not None:
                message = (
                    "subject: who posts the alert chooses it, cooldown and attempts count for "
                    "each, and nothing tells whether it exists"
                )
                hint = "write under verify which reading is the subject's: subject: port"
                yield self.problem(("triggers", at, "subject"), message, hint, level="warning")

    def tells(self, condition: Condition, keys: Keys, else_: str) -> Iterator[Problem]:
        """Can it be told on its hosts? What an input without a default says is not known yet."""
        if any(self._unset(name) for name in condition.names):
            return
        dark = [host for host in self.hosts if condition.holds(self._names(host)) is None]
        if not dark:
            return
        value = condition.value(self._names(dark[0]))
        said = condition.explain(self._names(dark[0]))
        if value is not UNKNOWN and value is not None:
            message = f"{_key(keys)}: {said} is not true or false on {_some(dark)}"
            yield self.problem(keys, message, "compare it, as in host.env == 'prod'")
            return
        message = f"{_key(keys)}: {said} can't be told on {_some(dark)}: {else_}"
        hint = "set the variable in the inventory, or use default(…)"
        level = "error" if len(dark) == len(self.hosts) else "warning"
        yield self.problem(keys, message, hint, level=level)

    def names_a_host(self, condition: Condition, keys: Keys) -> Iterator[Problem]:
        if self.inventory is None or any(self._unset(name) for name in condition.names):
            return
        dark = []
        for host in self.hosts:
            value = condition.value(self._names(host))
            if not isinstance(value, str) or self.inventory.resolve(value) is None:
                dark.append(host)
        if dark:
            said = condition.explain(self._names(dark[0]))
            message = f"{_key(keys)}: {said} names no host on {_some(dark)}: it would always hold"
            hint = "set it to a name of the inventory, or use default(host.name)"
            level = "error" if len(dark) == len(self.hosts) else "warning"
            yield self.problem(keys, message, hint, level=level)

    def _unset(self, name: str) -> bool:
        root, _, rest = name.partition(".")
        one = self.runbook.inputs.get(rest)
        return root == "inputs" and (one is None or one.default is None)

    def _names(self, host: str) -> Mapping[str, Any]:
        assert self.inventory is not None
        inputs = {name: one.default for name, one in self.runbook.inputs.items()}
        return {"host": self.inventory.host_facts(host), "inputs": inputs}


def _key(keys: Keys) -> str:
    return next(str(key) for key in reversed(keys) if isinstance(key, str))


def _some(hosts: list[str]) -> str:
    more = f" and {len(hosts) - NAMED} more" if len(hosts) > NAMED else ""
    return ", ".join(hosts[:NAMED]) + more
