"""What every probe's options and readings have in common."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from autofix.core.readings import Fact, Reading, Value
from autofix.errors import ProbeError
from autofix.options import Options, ValidationError, faults
from autofix.probes.words import one_line

COMMON_FACTS = (
    Fact("reachable", "boolean", "the target could be looked at"),
    Fact("error", "string", "why it could not be looked at; null when it could"),
)
#: Names that mean something else in an expression.
TAKEN = frozenset(
    {
        *("and", "or", "not", "in", "is", "if", "else", "true", "false", "none", "null"),
        *("True", "False", "None", "host", "inputs", "labels", "incident", "run"),
    }
)
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,59}")
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


def name_faults(names: Iterable[str], facts: Mapping[str, Fact]) -> list[str]:
    """Why a user can't call facts so, beside those that the probe has."""
    found = []
    for name in names:
        if not NAME.fullmatch(name):
            found.append(
                f"{one_line(name, 60)!r} is no name for a fact: letters, digits and _ only"
            )
        elif name in facts or name in TAKEN:
            found.append(f"{name!r} means something else already: choose another name")
    return found


def seen(host: str, at: float, facts: Mapping[str, Value]) -> Reading:
    """A look that succeeded; facts that are None are left out."""
    known = {name: value for name, value in facts.items() if value is not None}
    return Reading(host, at, {"reachable": True, "error": None, **known})
