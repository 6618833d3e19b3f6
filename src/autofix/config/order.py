"""Cross-checks between runbooks, and of brakes that name them: unknown names, circles."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from autofix.config.document import Document, Keys
from autofix.config.outside import Outside
from autofix.config.settings import Settings
from autofix.core.inert import inert
from autofix.core.runbooks import Runbook
from autofix.errors import Problem
from autofix.options import suggest

KEYS: Keys = ("guards", "depends_on")


def dependency_problems(
    runbook: Runbook, document: Document, runbooks: Mapping[str, Runbook], known: Collection[str]
) -> Iterator[Problem]:
    """What is wrong with what this runbook depends on. `known`: the names of broken ones, too."""
    for at, one in enumerate(runbook.guards.depends_on):
        if one.runbook not in known:
            message = f"depends_on: there is no runbook {inert(one.runbook, 60)!r}"
            hint = suggest(one.runbook, sorted(known)) or "see the runbooks folder"
            yield document.problem((*KEYS, at), message, hint)
    circle = _circle(runbook.name, runbooks)
    if circle:
        words = " → ".join(circle)
        yield document.problem(KEYS, f"depends_on goes in a circle: {words}", "remove one of them")


def _circle(start: str, runbooks: Mapping[str, Runbook]) -> list[str]:
    """A way from this runbook back to itself, empty when there is none."""
    ways, seen = [[start]], set[str]()
    while ways:
        way = ways.pop(0)
        book = runbooks.get(way[-1])
        for one in book.guards.depends_on if book else ():
            if one.runbook == start:
                return [*way, start]
            if one.runbook not in seen:
                seen.add(one.runbook)
                ways.append([*way, one.runbook])
    return []


def freeze_problems(
    settings: Settings, known: Collection[str], outside: Outside
) -> Iterator[Problem]:
    """Names in `freezes:` and `limits:` that nothing bears: such a brake would hold nothing."""
    problem, inventory = settings.document.problem, outside.inventory
    for at, freeze in enumerate(settings.freezes):
        for name in freeze.runbooks:
            if name not in known:
                message = f"freezes: there is no runbook {inert(name, 60)!r}"
                yield problem(("freezes", at, "runbooks"), message, suggest(name, sorted(known)))
        for key, names in (("hosts", freeze.hosts), ("groups", freeze.groups)):
            for name in names:
                fault = _fault(outside, name, group=key == "groups")
                if fault:
                    yield problem(("freezes", at, key), f"freezes: {fault}", "see the inventory")
    for name in sorted(settings.limits.groups or ()):
        if inventory is not None and _fault(outside, name, group=True):
            message = f"limits: {_fault(outside, name, group=True)}"
            yield problem(("limits", "groups"), message, "see the inventory")


def _fault(outside: Outside, name: str, *, group: bool) -> str:
    inventory = outside.inventory
    if inventory is None:
        return ""
    kind = "group" if group else "host"
    if not inventory.known(name):
        return f"there is no {kind} {inert(name, 60)!r} in the inventory"
    is_host = inventory.hosts(name) == [name]
    if group and is_host and inventory.resolve(name) == name:
        return f"{inert(name, 60)!r} is a host, not a group"
    return "" if group or is_host else f"{inert(name, 60)!r} is a group, not a host"
