"""The settings' connections, channels and sources: plugin options with their secrets opened."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from autofix.config import reading
from autofix.config.document import Document, Vaulted
from autofix.config.secrets import Secrets, connection_secret, model_secrets
from autofix.core.inert import inert
from autofix.errors import Problem
from autofix.options import Options, suggest

#: Connection variables that belong to no probe: they are given to every one of them.
SHARED_CONNECTIONS = "ssh"


@dataclass(frozen=True)
class ChannelSettings:
    """One channel, source or witness: of which type it is, and its options."""

    type: str
    options: Options


def connections(
    value: Mapping[str, Mapping[str, Any]], secrets: Secrets, probes: Collection[str]
) -> dict[str, dict[str, Any]]:
    found = {}
    known = sorted({*probes, SHARED_CONNECTIONS})
    for name, variables in value.items():
        keys = ("connections", name)
        if probes and name not in known:
            message = f"there is no probe {inert(name, 60)!r}"
            secrets.problems.append(secrets.document.problem(keys, message, suggest(name, known)))
        found[name] = secrets.resolve(variables, keys, connection_secret)
    return found


def channels(
    value: Mapping[str, Mapping[str, Any]],
    secrets: Secrets,
    models: Mapping[str, type[Options]],
) -> dict[str, ChannelSettings]:
    return typed("channels", value, secrets, models)


def typed(
    block: str,
    value: Mapping[str, Mapping[str, Any]],
    secrets: Secrets,
    models: Mapping[str, type[Options]],
) -> dict[str, ChannelSettings]:
    """A block whose entries name their type: the options of each, with its secrets opened."""
    found = {}
    for name, options in value.items():
        keys, kind = (block, name), options.get("type")
        if not isinstance(kind, str) or kind not in models:
            secrets.problems.append(_no_type(secrets.document, keys, kind, list(models)))
            continue
        model = models[kind]
        names = model_secrets(model)
        rest = {key: one for key, one in options.items() if key != "type"}
        many = [name for name, several in names.items() if several]
        opened = secrets.resolve(rest, keys, names.__contains__, many)
        problems = reading.check(secrets.document, keys, model, opened)
        secrets.problems += [with_sources(one, names) for one in problems]
        if not problems:
            found[name] = ChannelSettings(kind, model.model_validate(opened))
    return found


def part(
    key: str, value: Mapping[str, Any] | None, secrets: Secrets, model: type[Options] | None
) -> Options | None:
    """A block of the settings whose options belong to another room; None when it is not there."""
    if not value or model is None:
        return None
    names = model_secrets(model)
    opened = secrets.resolve(value, (key,), names.__contains__)
    problems = reading.check(secrets.document, (key,), model, opened)
    secrets.problems += [with_sources(one, names) for one in problems]
    return None if problems else model.model_validate(opened)


def with_sources(problem: Problem, secrets: Collection[str]) -> Problem:
    """A secret that is missing may be given in several ways: say so."""
    for name in secrets:
        if problem.message.endswith(f"{name!r} is missing"):
            return replace(problem, hint=f"write {name}, {name}_env, {name}_file or {name}_kept")
    return problem


def _no_type(document: Document, keys: tuple[str, ...], kind: Any, known: list[str]) -> Problem:
    word = keys[0].removesuffix("s")
    if kind is None or isinstance(kind, Vaulted):
        return document.problem(keys, f"{word} {keys[-1]!r} has no type", suggest("", known))
    message = f"there is no type of {word} {inert(str(kind), 60)!r}"
    return document.problem((*keys, "type"), message, suggest(str(kind), known))
