"""The `audit:` block of the settings: where copies of the record's checkpoints go."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from autofix.config import reading
from autofix.config.document import Document, Vaulted
from autofix.config.fields import Block
from autofix.config.paging import ChannelSettings, with_sources
from autofix.config.secrets import Secrets, model_secrets
from autofix.core.inert import inert
from autofix.errors import Problem
from autofix.options import Options, suggest

SQLITE = "sqlite:///"


class AuditBlock(Block):
    """`witnesses`: each has a `type`; what else it has depends on that."""

    witnesses: Annotated[list[dict[str, Any]], Field(max_length=20)] = Field(default_factory=list)


def witnesses(
    value: Sequence[Mapping[str, Any]], secrets: Secrets, models: Mapping[str, type[Options]]
) -> list[ChannelSettings]:
    """Those that are right; what is wrong with the others goes to `secrets.problems`."""
    found = []
    for at, given in enumerate(value):
        keys, kind = ("audit", "witnesses", at), given.get("type")
        if not isinstance(kind, str) or kind not in models:
            secrets.problems.append(_no_type(secrets.document, keys, kind, list(models)))
            continue
        model = models[kind]
        names = model_secrets(model)
        rest = {key: one for key, one in given.items() if key != "type"}
        opened = secrets.resolve(rest, keys, names.__contains__)
        problems = reading.check(secrets.document, keys, model, opened)
        secrets.problems += [with_sources(one, names) for one in problems]
        if not problems:
            found.append(ChannelSettings(kind, model.model_validate(opened)))
    return found


def _no_type(
    document: Document, keys: tuple[str | int, ...], kind: Any, known: list[str]
) -> Problem:
    if kind is None or isinstance(kind, Vaulted):
        return document.problem(keys, "a witness has no type", suggest("", known))
    message = f"there is no type of witness {inert(str(kind), 60)!r}"
    return document.problem((*keys, "type"), message, suggest(str(kind), known))


def place_problems(
    document: Document, folder: Path, store: str, state: Path, channels: Collection[str]
) -> list[Problem]:
    """Witnesses that would be none: the same disk, a folder or a channel that is not there."""
    block = document.value.get("audit")
    written = block.get("witnesses") if isinstance(block, Mapping) else None
    place = Path(store.removeprefix(SQLITE)).parent if store.startswith(SQLITE) else state
    problems: list[Problem] = []
    for at, given in enumerate(written if isinstance(written, list) else []):
        if isinstance(given, Mapping):
            keys = ("audit", "witnesses", at)
            problems += _file(document, keys, given, folder, place)
            problems += _channel(document, keys, given, channels)
    return problems


def _file(
    document: Document, keys: tuple[str | int, ...], given: Mapping[str, Any], folder: Path,
    place: Path,
) -> list[Problem]:  # fmt: skip
    path = given.get("path")
    if given.get("type") != "file" or not isinstance(path, str):
        return []
    where = (folder / Path(path)).parent
    said = inert(str(where), 200)
    if not where.is_dir():
        message = f"the witness's folder {said} is not there"
        return [document.problem((*keys, "path"), message, "make it, or mount it")]
    if _disk(where) != _disk(place):
        return []
    message = f"the witness's folder {said} is on the same filesystem as the store"
    hint = "whoever can write the one can often write the other: name a path on another mount"
    return [document.problem((*keys, "path"), message, hint, level="warning")]


def _disk(path: Path) -> int:
    """The filesystem of a path, or of the nearest folder above it that is there."""
    for each in (path, *path.parents):
        if each.exists():
            return each.stat().st_dev
    return 0


def _channel(
    document: Document, keys: tuple[str | int, ...], given: Mapping[str, Any],
    channels: Collection[str],
) -> list[Problem]:  # fmt: skip
    name = given.get("channel")
    if given.get("type") != "channel" or not isinstance(name, str) or name in channels:
        return []
    message = f"there is no channel {inert(name, 60)!r}"
    hint = suggest(name, list(channels)) or "add it under channels:"
    return [document.problem((*keys, "channel"), message, hint)]
