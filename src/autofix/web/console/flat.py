"""Nested values as lines that people read: `levels 1 · wait: 900`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from autofix.core.inert import inert, shown

#: The most lines of one block.
MOST = 500


def flat(value: Any) -> list[tuple[str, str]]:
    """Each leaf with its way to it, in order; empty parts are left out."""
    found = []
    for each in _leaves(value, ()):
        found.append(each)
        if len(found) == MOST:
            return [*found, ("…", "…")]
    return found


def _leaves(value: Any, way: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, each in value.items():
            yield from _leaves(each, (*way, str(name).replace("_", " ")))
    elif isinstance(value, list | tuple) and any(isinstance(e, Mapping | list) for e in value):
        for place, each in enumerate(value, 1):
            yield from _leaves(each, (*way, str(place)))
    elif isinstance(value, list | tuple):
        if value:
            yield _named(way), inert(", ".join(map(str, value)), 500)
    elif value is not None and value != "":
        text = inert(value, 500) if isinstance(value, str) else shown(value)
        yield _named(way), text


def _named(way: tuple[str, ...]) -> str:
    return inert(" · ".join(way), 200)
