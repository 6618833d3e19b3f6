"""What every probe's options and readings have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from autofix.core.readings import Fact, Reading, Value
from autofix.errors import ProbeError
from autofix.options import Options, ValidationError, faults

COMMON_FACTS = (
    Fact("reachable", "boolean", "the target could be looked at"),
    Fact("error", "string", "why it could not be looked at; null when it could"),
)
Chosen = TypeVar("Chosen", bound=Options)


def table(*facts: Fact) -> dict[str, Fact]:
    """Facts by name, those of every probe first."""
    return {fact.name: fact for fact in (*COMMON_FACTS, *facts)}


def option_faults(model: type[Options], options: Mapping[str, Any]) -> list[str]:
    """What is wrong with a `with:` block, one text each: `where: what (what would be right)`."""
    found = []
    for fault in faults(model, options):
        where = ".".join(str(key) for key in fault.path)
        hint = f" ({fault.hint})" if fault.hint else ""
        known = repr(fault.path[-1]) in fault.message if fault.path else True
        found.append(f"{fault.message}{hint}" if known else f"{where}: {fault.message}{hint}")
    return found


def chosen(model: type[Chosen], options: Mapping[str, Any]) -> Chosen:
    """The `with:` block as its model. ProbeError when it is wrong, which `check` says before."""
    try:
        return model.model_validate(options)
    except ValidationError as error:
        raise ProbeError("; ".join(option_faults(model, options))) from error


def seen(host: str, at: float, facts: Mapping[str, Value]) -> Reading:
    """A look that succeeded; facts that are None are left out."""
    known = {name: value for name, value in facts.items() if value is not None}
    return Reading(host, at, {"reachable": True, "error": None, **known})
