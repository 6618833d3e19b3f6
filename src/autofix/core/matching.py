"""What one alert means: which runbooks it fires, on which host, and otherwise why not.

Pure. Everything in an alert is data: its name and labels are compared exactly, its host is looked
up in our inventory, and nothing of it but the declared inputs, typed and bounded, goes further.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from autofix.core.alerts import Alert
from autofix.core.conditions import UNKNOWN, Condition
from autofix.core.inert import inert
from autofix.core.inputs import check_inputs
from autofix.core.runbooks import AlertTrigger, Runbook


class Reason(StrEnum):
    """Why a match is what it is; `Match.why` says the same with its particulars."""

    FIRES = "fires"
    CLEARS = "clears"  # the sender says that it is over
    HOSTILE = "hostile"  # a name of a label that no monitoring gives, and an attack would
    NO_RUNBOOK = "no_runbook"
    OTHER_LABEL = "other_label"
    NOT_ALLOWED = "not_allowed"
    DISABLED = "disabled"
    NO_HOST_LABEL = "no_host_label"
    UNKNOWN_HOST = "unknown_host"
    GROUP = "group"
    WHEN_FALSE = "when_false"
    WHEN_UNKNOWN = "when_unknown"
    WRONG_INPUT = "wrong_input"


#: How far a trigger came before it said no: of several, the one that came furthest is told.
_FAR = {reason: place for place, reason in enumerate(Reason)}
#: What goes further than an answer to the sender: it is about a target.
TAKEN = frozenset({Reason.FIRES, Reason.CLEARS})

_RESERVED = "__ansible_"
_MARKUP = ("{{", "{%", "{#", "}}", "%}", "#}", "${", "$(", "`")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029]")
_PORT = re.compile(r"[0-9]{1,5}")


class Hosts(Protocol):
    """As much of the inventory as matching asks."""

    def known(self, name: str) -> bool: ...
    def resolve(self, alias: str) -> str | None: ...
    def host_facts(self, host: str) -> Mapping[str, Any]: ...


@dataclass(frozen=True)
class Match:
    """What one alert means for one runbook (for none: `runbook` is empty).

    `host` is canonical, of our inventory; for an unknown one it is empty and `named` is what the
    sender wrote. `inputs` are those that the alert sets, each of its type and within its limits.
    """

    reason: Reason
    why: str = ""
    runbook: str = ""
    trigger: int = 0
    host: str = ""
    subject: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    named: str = ""

    @property
    def target(self) -> tuple[str, str, str]:
        return (self.runbook, self.host, self.subject)


@dataclass(frozen=True)
class _Entry:
    runbook: Runbook
    index: int
    trigger: AlertTrigger
    match: tuple[tuple[str, str], ...]
    inputs: tuple[tuple[str, Condition], ...]
    needs: bool  # it has expressions, for which the names of a scope are put together
    asks_host: bool  # and they name variables of the host


class Index:
    """Every alert trigger by its alert's name; made once for each set of files in force."""

    def __init__(self, runbooks: Iterable[Runbook]) -> None:
        self._entries: dict[str, list[_Entry]] = {}
        for runbook in runbooks:
            for at, trigger in enumerate(runbook.triggers):
                if isinstance(trigger, AlertTrigger):
                    self._entries.setdefault(trigger.alert, []).append(_entry(runbook, at, trigger))

    def names(self) -> list[str]:
        """The alerts that some runbook waits for."""
        return sorted(self._entries)

    def judge(self, alert: Alert, hosts: Hosts, may: Collection[str] | None = None) -> list[Match]:
        """At least one match. `may`: the runbooks that this sender may trigger; None is all.

        Several triggers of one runbook may each fire on a target of their own; if none does, the
        one that came furthest says why not.
        """
        if hostile := hostile_label(alert.labels):
            return [Match(Reason.HOSTILE, f"the label {inert(hostile, 80)!r} has a hostile name")]
        entries = self._entries.get(alert.name)
        if not entries:
            why = f"no runbook has a trigger for the alert {inert(alert.name, 80)!r}"
            return [Match(Reason.NO_RUNBOOK, why)]
        if len(entries) == 1:
            return [_judge(entries[0], alert, hosts, may)]
        found: dict[str, list[Match]] = {}
        for entry in entries:
            found.setdefault(entry.runbook.name, []).append(_judge(entry, alert, hosts, may))
        return [one for matches in found.values() for one in _told(matches)]


def hostile_label(names: Iterable[str]) -> str:
    """The first name of a label that would be code or Ansible's own encoding somewhere; or empty.

    Names such as `app.kubernetes.io/name` and `__name__` are data.
    """
    for name in names:
        if name.isidentifier() and not name.startswith(_RESERVED):
            continue  # nearly all
        if not name.strip() or name.startswith(_RESERVED) or _CONTROL.search(name):
            return name or "(empty)"
        if any(mark in name for mark in _MARKUP):
            return name
    return ""


def without_port(text: str) -> str:
    """`10.0.0.5:9121` and `[::1]:9121` without their port; an address that is all colons stays."""
    host, colon, port = text.rpartition(":")
    if not colon or not _PORT.fullmatch(port):
        return text[1:-1] if text.startswith("[") and text.endswith("]") else text
    if host.startswith("[") and host.endswith("]"):
        return host[1:-1]
    return text if ":" in host else host


def _entry(runbook: Runbook, index: int, trigger: AlertTrigger) -> _Entry:
    expressions = [trigger.when, trigger.subject, *trigger.inputs.values()]
    asked = [name for one in expressions if one is not None for name in one.names]
    asks_host = any(name.startswith("host.") for name in asked)
    match, inputs = tuple(trigger.match.items()), tuple(trigger.inputs.items())
    needs = any(one is not None for one in expressions)
    return _Entry(runbook, index, trigger, match, inputs, needs, asks_host)


def _told(matches: list[Match]) -> list[Match]:
    """Of one runbook's triggers: each target once; without one, what came furthest."""
    taken: dict[tuple[str, str, str], Match] = {}
    for one in matches:
        if one.reason in TAKEN:
            taken.setdefault(one.target, one)
    if taken:
        return list(taken.values())
    return [max(matches, key=lambda one: _FAR[one.reason])]


def _judge(entry: _Entry, alert: Alert, hosts: Hosts, may: Collection[str] | None) -> Match:
    runbook, trigger, labels = entry.runbook, entry.trigger, alert.labels

    def no(reason: Reason, why: str, host: str = "", named: str = "") -> Match:
        return Match(reason, why, runbook.name, entry.index, host, named=named)

    for name, wanted in entry.match:
        if labels.get(name) != wanted:
            return no(Reason.OTHER_LABEL, _other(name, labels.get(name), wanted))
    if may is not None and runbook.name not in may:
        return no(Reason.NOT_ALLOWED, f"this sender may not trigger {runbook.name}")
    if not runbook.enabled and alert.firing:
        return no(Reason.DISABLED, f"{runbook.name} is not enabled")
    written = labels.get(trigger.host, "")
    if not written:
        return no(Reason.NO_HOST_LABEL, f"no label {inert(trigger.host, 80)!r} names the host")
    alias = without_port(written) if trigger.strip_port else written
    host = hosts.resolve(alias)
    if host is None:
        return no(*_nowhere(alias, hosts), named=alias)
    if not entry.needs:
        reason = Reason.FIRES if alert.firing else Reason.CLEARS
        return Match(reason, "", runbook.name, entry.index, host)
    return _expressions(entry, alert, host, hosts)


def _expressions(entry: _Entry, alert: Alert, host: str, hosts: Hosts) -> Match:
    runbook, trigger = entry.runbook, entry.trigger
    defaults = {name: one.default for name, one in runbook.inputs.items()}
    facts = hosts.host_facts(host) if entry.asks_host else {}
    names = {"labels": dict(alert.labels), "host": facts, "inputs": defaults}
    subject = _subject(trigger.subject, names)
    if not alert.firing:  # it says that something is over: what it would set does not matter
        return Match(Reason.CLEARS, "", runbook.name, entry.index, host, subject)
    if trigger.when is not None:
        holds = trigger.when.holds(names)
        if holds is not True:
            reason = Reason.WHEN_UNKNOWN if holds is None else Reason.WHEN_FALSE
            said = "can't be told" if holds is None else "is false"
            why = f"when {said}: {trigger.when.explain(names)}"
            return Match(reason, why, runbook.name, entry.index, host, subject)
    inputs, wrong = _inputs(entry, names)
    if wrong:
        why = "; ".join(wrong)
        return Match(Reason.WRONG_INPUT, why, runbook.name, entry.index, host, subject)
    return Match(Reason.FIRES, "", runbook.name, entry.index, host, subject, inputs)


def _inputs(entry: _Entry, names: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """What the alert sets, typed; what can't be told is not set."""
    values = {name: expression.value(names) for name, expression in entry.inputs}
    given = {name: value for name, value in values.items() if value is not UNKNOWN}
    typed, wrong = check_inputs(entry.runbook.inputs, given, from_text=True)
    return {name: typed[name] for name in given if name in typed}, wrong


def _subject(expression: Condition | None, names: Mapping[str, Any]) -> str:
    if expression is None:
        return ""
    value = expression.value(names)
    return "" if value is UNKNOWN or value is None else inert(str(value), 200)


def _other(name: str, found: str | None, wanted: str) -> str:
    if found is None:
        return f"there is no label {inert(name, 80)!r} (it must be {inert(wanted, 80)!r})"
    return f"label {inert(name, 80)!r} is {inert(found, 80)!r}, not {inert(wanted, 80)!r}"


def _nowhere(alias: str, hosts: Hosts) -> tuple[Reason, str]:
    if hosts.known(alias):
        return Reason.GROUP, f"{inert(alias, 80)!r} is a group of the inventory, not a host"
    why = f"host {inert(alias, 80)!r} is not in the inventory, or is an alias of two hosts"
    return Reason.UNKNOWN_HOST, why
