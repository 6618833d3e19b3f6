"""From a document to models: faults of pydantic become problems with a file and a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel

from autofix.config.document import Document, Keys, Vaulted
from autofix.core.inert import inert
from autofix.errors import Problem
from autofix.options import Fault, faults, suggest

Model = TypeVar("Model", bound=BaseModel)

_WORDS = {
    "input should be a valid dictionary": "this must hold keys with values",
    "input should be a valid list": "this must be a list: put - before each item",
    "input should be a valid string": "this must be text: put it in quotes",
    "input should be a valid boolean": "this must be true or false",
    "input should be a valid integer": "this must be an integer",
    "input should be a valid number": "this must be a number",
    "input should be greater than or equal to ": "must be at least ",
    "input should be less than or equal to ": "must be at most ",
    "input should be greater than ": "must be more than ",
    "input should be less than ": "must be less than ",
    "input should be ": "must be ",
}


def check(
    document: Document,
    keys: Keys,
    model: type[BaseModel],
    value: Any,
    *,
    known: Sequence[str] = (),
) -> list[Problem]:
    """Everything wrong with the value at `keys`; empty when nothing is.

    `known`: keys that stand beside the model's own, for the hint to an unknown one.
    """
    if not isinstance(value, Mapping):
        return [document.problem(keys, f"{_name(keys)} must hold keys with values")]
    problems = []
    for fault in faults(model, value):
        if known and len(fault.path) == 1 and fault.message.startswith("unknown key"):
            names = [*(one.alias or name for name, one in model.model_fields.items()), *known]
            fault = Fault(fault.path, fault.message, suggest(str(fault.path[0]), names))
        problem = _problem(document, keys, fault)
        if problem not in problems:  # a union says the same once for each of its members
            problems.append(problem)
    return problems


def _problem(document: Document, keys: Keys, fault: Fault) -> Problem:
    where = (*keys, *fault.path)
    message = inert(_said(fault.message), 400)
    if message.endswith(" is missing") and where:
        message = f"{_name(where)}: {message}"
    elif fault.path and not message.startswith("unknown key"):
        message = f"{_name(fault.path)}: {message}"
    return document.problem(where, message, fault.hint)


def _said(message: str) -> str:
    for theirs, ours in _WORDS.items():
        if message.startswith(theirs):
            return ours + message.removeprefix(theirs) if ours.endswith(" ") else ours
    return message.removeprefix("input ")


def _name(keys: Keys) -> str:
    """The last key that is a word, for people: `when`, `item 2 of fix`."""
    if not keys:
        return "the file"
    if isinstance(keys[-1], int):
        above = f" of {keys[-2]}" if len(keys) > 1 else ""
        return f"item {keys[-1] + 1}{above}"
    return str(keys[-1])


def closed_vaults(document: Document, value: Any, keys: Keys) -> list[Problem]:
    """A problem for each `!vault` text in a place that takes none."""
    if isinstance(value, Vaulted):
        hint = "only channels and connections in the settings take it"
        return [document.problem(keys, "!vault is not known here", hint)]
    if isinstance(value, Mapping):
        parts = [closed_vaults(document, one, (*keys, key)) for key, one in value.items()]
    elif isinstance(value, list):
        parts = [closed_vaults(document, one, (*keys, at)) for at, one in enumerate(value)]
    else:
        parts = []
    return [problem for part in parts for problem in part]
