"""Cross-checks of a runbook against the other files: what its own schema can't know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autofix.config.document import Document, Keys
from autofix.config.guard_checks import guard_checks
from autofix.config.outside import Outside
from autofix.config.run_checks import run_checks
from autofix.config.settings import Settings
from autofix.core.conditions import Condition
from autofix.core.inert import inert
from autofix.core.runbooks import (
    AlertTrigger,
    ProbeTrigger,
    Runbook,
    ScheduleTrigger,
    Step,
    Trigger,
)
from autofix.errors import ConfigError, Problem
from autofix.options import suggest
from autofix.ports import Probe

#: What every reading has, whatever the probe.
ALWAYS = ("reachable", "error")


@dataclass(frozen=True)
class _Known:
    """The facts that expressions in one place may name."""

    names: frozenset[str]
    open_ended: bool = False


def cross_check(
    runbook: Runbook, document: Document, settings: Settings, outside: Outside
) -> Iterator[Problem]:
    """Everything wrong or odd between this runbook and the rest of the project."""
    check = _Check(runbook, document, settings, outside)
    yield from check.verification()
    for at, trigger in enumerate(runbook.triggers):
        yield from check.trigger(trigger, ("triggers", at))
    for at, step in enumerate(runbook.fix):
        yield from check.step(step, ("fix", at))
    yield from check.guards()
    yield from guard_checks(runbook, document, settings, outside)
    yield from run_checks(runbook, document, outside)
    yield from check.policy()
    yield from check.inputs()


class _Check:
    def __init__(
        self, runbook: Runbook, document: Document, settings: Settings, outside: Outside
    ) -> None:
        self.runbook = runbook
        self.problem = document.problem
        self.settings = settings
        self.outside = outside
        self.used: set[str] = set()

    # -- verification and triggers ------------------------------------------------------------

    def verification(self) -> Iterator[Problem]:
        verify = self.runbook.verify
        if verify is None:
            symptoms = [t for t in self.runbook.triggers if not isinstance(t, ScheduleTrigger)]
            if symptoms:
                yield self.problem(
                    ("verify",),
                    "verify: none is not possible with a probe or alert trigger",
                    "a symptom must be proven gone: write probe and until under verify",
                )
            return
        keys: Keys = ("verify",)
        known, problems = self._probe(verify.probe, verify.options, keys)
        yield from problems
        yield from self._expression(verify.until, (*keys, "until"), known)
        yield from self._expression(verify.subject, (*keys, "subject"), known)
        abort_if = self.runbook.guards.abort_if
        yield from self._expression(abort_if, ("guards", "abort_if"), known)

    def trigger(self, trigger: Trigger, keys: Keys) -> Iterator[Problem]:
        yield from self._required_inputs(trigger, keys)
        if isinstance(trigger, AlertTrigger):
            yield from self._alert(trigger, keys)
            return
        yield from self._hosts(trigger.hosts, (*keys, "hosts"))
        if isinstance(trigger, ScheduleTrigger):
            yield from self._cron(trigger.cron, (*keys, "schedule"))
            return
        yield from self._cron(trigger.cron, (*keys, "cron"))
        known, problems = self._probe(trigger.probe, trigger.options, keys)
        yield from problems
        for name in ("when", "clear_when", "subject"):
            yield from self._expression(getattr(trigger, name), (*keys, name), known)

    def _alert(self, trigger: AlertTrigger, keys: Keys) -> Iterator[Problem]:
        nothing = _Known(frozenset())
        for name in ("when", "subject"):
            yield from self._expression(getattr(trigger, name), (*keys, name), nothing)
        for name, value in trigger.inputs.items():
            yield from self._declared(name, (*keys, "inputs", name))  # filled, but not yet used
            yield from self._expression(value, (*keys, "inputs", name), nothing)

    def _required_inputs(self, trigger: Trigger, keys: Keys) -> Iterator[Problem]:
        given = trigger.inputs if isinstance(trigger, AlertTrigger) else ()
        for name, one in self.runbook.inputs.items():
            if one.required and name not in given:
                message = f"the input {name!r} is required, and this trigger does not give it"
                yield self.problem(keys, message, "give the input a default")

    def _cron(self, text: str, keys: Keys) -> Iterator[Problem]:
        fault = self.outside.check_cron(text) if text else ""
        if fault:
            yield self.problem(keys, f"{keys[-1]}: {inert(fault, 300)}")

    def _hosts(self, selector: str, keys: Keys) -> Iterator[Problem]:
        inventory = self.outside.inventory
        if inventory is None:
            return
        try:
            found = inventory.hosts(selector)
        except ConfigError as error:
            for problem in error.problems:
                yield self.problem(keys, problem.message, problem.hint)
            return
        if not found:
            message = f"hosts {inert(selector, 80)!r} has no hosts: this is armed for nobody"
            yield self.problem(keys, message, "add hosts to the inventory", level="warning")

    # -- steps --------------------------------------------------------------------------------

    def step(self, step: Step, keys: Keys) -> Iterator[Problem]:
        known = self._incident_facts()
        yield from self._expression(step.when, (*keys, "when"), known)
        if isinstance(step.approval, Condition):
            yield from self._expression(step.approval, (*keys, "approval"), known)
        for name, template in step.vars.items():
            yield from self._names(template.names, (*keys, "vars", name), known)
        for key in ("playbook", "rollback", "afterwards"):
            if getattr(step, key):
                yield from self._playbook(getattr(step, key), (*keys, key))

    def _playbook(self, name: str, keys: Keys) -> Iterator[Problem]:
        folder = self.settings.playbooks
        if not folder.is_dir():
            return  # said once, at the settings
        try:
            path = (folder / name).resolve()
            inside = path.is_relative_to(folder.resolve())
            there = path.is_file()
        except (OSError, RuntimeError):
            inside, there = True, False
        if not inside:
            yield self.problem(
                keys, f"{name} leads out of the playbooks folder", "copy it into the folder"
            )
        elif not there:
            hint = suggest(name, _playbooks(folder)) or f"make it in {folder.name}/"
            yield self.problem(keys, f"there is no playbook {name}", hint)

    def _incident_facts(self) -> _Known:
        """What is seen before a run: the facts of the triggers' probes and the verification's."""
        names = {t.probe for t in self.runbook.triggers if isinstance(t, ProbeTrigger)}
        if self.runbook.verify:
            names.add(self.runbook.verify.probe)
        probes = [self.outside.probes[one] for one in sorted(names) if one in self.outside.probes]
        return _Known(
            frozenset(fact for probe in probes for fact in (*probe.facts, *ALWAYS)),
            any(probe.open_ended for probe in probes) or len(probes) < len(names),
        )

    def guards(self) -> Iterator[Problem]:
        guards, nothing = self.runbook.guards, _Known(frozenset())
        yield from self._expression(guards.unless, ("guards", "unless"), self._incident_facts())
        if isinstance(guards.approval, Condition):
            yield from self._expression(guards.approval, ("guards", "approval"), nothing)
        for at, one in enumerate(guards.depends_on):
            keys = ("guards", "depends_on", at, "host")
            yield from self._expression(one.host, keys, nothing)

    # -- names --------------------------------------------------------------------------------

    def _probe(
        self, name: str, options: Mapping[str, Any], keys: Keys
    ) -> tuple[_Known, list[Problem]]:
        if name not in self.outside.probes:
            message = f"there is no probe {inert(name, 60)!r}"
            hint = suggest(name, list(self.outside.probes))
            return _Known(frozenset(), True), [self.problem((*keys, "probe"), message, hint)]
        probe: Probe = self.outside.probes[name]
        faults = probe.check_options(options)
        problems = [self.problem((*keys, "with"), f"with: {inert(one, 300)}") for one in faults]
        return _Known(frozenset((*probe.facts, *ALWAYS)), probe.open_ended), problems

    def _expression(
        self, condition: Condition | None, keys: Keys, known: _Known
    ) -> Iterator[Problem]:
        if condition is not None:
            yield from self._names(condition.names, keys, known)

    def _names(self, names: frozenset[str], keys: Keys, known: _Known) -> Iterator[Problem]:
        for name in sorted(names):
            root, dot, rest = name.partition(".")
            if root == "inputs" and dot:
                self.used.add(rest)
                yield from self._declared(rest, keys)
            elif root in ("host", "labels") and dot:
                continue
            elif name not in known.names and not known.open_ended:
                yield self._no_fact(name, keys, known)

    def _no_fact(self, name: str, keys: Keys, known: _Known) -> Problem:
        message = f"{keys[-1]}: there is no fact {inert(name, 60)!r} here"
        if known.names:
            hint = suggest(name, sorted(known.names)) or "`autofix probe NAME --host H` shows facts"
        elif "labels" in name or (isinstance(keys[0], str) and keys[0] == "triggers"):
            hint = "an alert has labels, such as labels.severity"
        else:
            hint = "without a probe there are no facts: use inputs. or host."
        return self.problem(keys, message, hint)

    def _declared(self, name: str, keys: Keys) -> Iterator[Problem]:
        if name not in self.runbook.inputs:
            message = f"{keys[-1]}: there is no input {inert(name, 60)!r}"
            hint = suggest(name, list(self.runbook.inputs)) or "declare it under inputs:"
            yield self.problem(keys, message, hint)

    def inputs(self) -> Iterator[Problem]:
        """Last, when every expression was seen."""
        for name in self.runbook.inputs:
            if name not in self.used:
                yield self.problem(
                    ("inputs", name),
                    f"the input {name!r} is declared and never used",
                    "use it in a step's vars, or remove it",
                    level="warning",
                )

    def policy(self) -> Iterator[Problem]:
        policies = self.settings.policies
        escalate = self.runbook.escalate
        # Whether `default` exists is judged once for the whole project.
        if escalate != "default" and escalate not in policies:
            message = f"there is no escalation policy {inert(escalate, 60)!r}"
            hint = suggest(escalate, list(policies)) or "add it under policies: in the settings"
            yield self.problem(("escalate",), message, hint)


def _playbooks(folder: Path) -> list[str]:
    try:
        found = [path.name for path in folder.iterdir() if path.suffix in (".yml", ".yaml")]
    except OSError:
        return []
    return sorted(found)
