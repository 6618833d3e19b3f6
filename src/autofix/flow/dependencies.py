"""What a runbook depends on: incidents of other runbooks that must be over first."""

from __future__ import annotations

from autofix.core.conditions import UNKNOWN
from autofix.core.incidents import LIVE, Incident
from autofix.core.runbooks import Dependency, Runbook
from autofix.flow.context import Context
from autofix.flow.looking import scope
from autofix.ports import Reads


def in_the_way(ctx: Context, tx: Reads, runbook: Runbook, incident: Incident) -> tuple[str, ...]:
    """In words, each live incident that this one waits for; and what could not be told."""
    found = (_one(ctx, tx, each, incident) for each in runbook.guards.depends_on)
    return tuple(words for words in found if words)


def _one(ctx: Context, tx: Reads, dependency: Dependency, incident: Incident) -> str:
    host, fault = _host(ctx, dependency, incident)
    if fault:
        return fault
    live = tx.incidents(states=LIVE, runbook=dependency.runbook, host=host, limit=20)
    first = next((each for each in live if not each.check and each.id != incident.id), None)
    if first is None:
        return ""
    return f"{first.runbook} on {first.target} (incident {first.id}, {first.state})"


def _host(ctx: Context, dependency: Dependency, incident: Incident) -> tuple[str, str]:
    """(the host to look at, what is wrong with it)."""
    if dependency.host is None:
        return incident.host, ""
    names = scope(ctx, incident.host, {}, incident.inputs)
    value = dependency.host.value(names)
    host = ctx.book.inventory.resolve(value) if isinstance(value, str) else None
    if host is None:
        said = "unknown" if value is UNKNOWN or value is None else repr(value)
        return "", f"{dependency.runbook} on {dependency.host.text}, which is no host ({said})"
    return host, ""
