"""What a probe saw: facts of one target at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: A JSON value: what a fact, an input or a variable may be.
Value = Any


@dataclass(frozen=True)
class Target:
    """One host of the inventory as a probe sees it.

    `variables` are the inventory's variables of the host (templated, vault opened) merged over
    the settings' `connections:`; the inventory wins. `aliases` are the texts that name this host
    and no other: what a monitoring calls it is compared with them, exactly.
    """

    host: str
    address: str = ""
    variables: Mapping[str, Value] = field(default_factory=dict, repr=False)
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fact:
    """One fact a probe can give: its type for people and editors, its unit, and what it means."""

    name: str
    type: str  # "number" | "integer" | "boolean" | "string" | "list" | "object"
    help: str
    unit: str = ""


@dataclass(frozen=True)
class Reading:
    """The facts of one look at one target.

    `facts` always has `reachable` (bool) and `error` (string or None). When the target could not
    be looked at, `reachable` is False, `error` says why in one line, and every other fact is
    absent, but for what names the thing looked at (`port`): comparisons with it are then
    unknown, never true.
    """

    host: str
    at: float
    facts: Mapping[str, Value]

    @property
    def error(self) -> str:
        """Why the target could not be looked at; empty when it could."""
        return str(self.facts.get("error") or "")

    @classmethod
    def unseen(cls, host: str, at: float, why: str) -> Reading:
        """A look that failed: "could not look" is not "all is well"."""
        return cls(host, at, {"reachable": False, "error": why})
