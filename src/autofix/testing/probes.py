"""A probe that sees what a test tells it to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autofix.core.readings import Fact, Reading, Target, Value

_TYPES = {bool: "boolean", int: "integer", float: "number", list: "list", dict: "object"}
_ALWAYS = (
    Fact("reachable", "boolean", "the target could be looked at"),
    Fact("error", "string", "why it could not be looked at; null when it could"),
)

Facts = Mapping[str, Value]


@dataclass(frozen=True)
class Look:
    """One call of `look`: at which host, with which options and timeout in seconds."""

    host: str
    options: Mapping[str, Any]
    timeout: float


class FakeProbe:
    """Facts per host, set by the test at any time, from any thread.

    ::

        probe = FakeProbe("redis", {"used_memory_ratio": 0.5, "aof_enabled": True})
        probe.sees("cache1", used_memory_ratio=0.95)      # beside what every host has
        probe.fails("cache2", "connection refused")
        probe.looks("cache1")                             # how often it was looked at

    `facts` given at the start are what every host has, and declare the names and types.
    """

    open_ended = False

    def __init__(
        self,
        name: str = "fake",
        facts: Facts | None = None,
        *,
        options: Iterable[str] = (),
        open_ended: bool = False,
    ) -> None:
        self.name = name
        self.open_ended = open_ended
        self._usual = dict(facts or {})
        self._options = tuple(options)
        self._lock = threading.Lock()
        self._seen: dict[str, list[dict[str, Value]]] = {}
        self._failures: dict[str, str] = {}
        self._looks: list[Look] = []
        self._before: Callable[[Target], None] | None = None
        declared = (Fact(name, _type(value), name) for name, value in self._usual.items())
        self.facts: Mapping[str, Fact] = {fact.name: fact for fact in (*_ALWAYS, *declared)}

    def sees(self, host: str, *several: Facts, **facts: Value) -> None:
        """From now on a look at the host gives these facts (beside the usual ones).

        `several` gives one reading for each mapping: several ports or mounts of one host.
        """
        found = [{**self._usual, **one, **facts} for one in several or ({},)]
        for name in {name for one in found for name in one} - set(self.facts):
            if not self.open_ended:
                raise AssertionError(f"probe {self.name} declares no fact {name!r}")
        with self._lock:
            self._seen[host] = found
            self._failures.pop(host, None)

    def fails(self, host: str, why: str = "connection refused") -> None:
        """From now on the host can't be looked at, until `sees` says otherwise."""
        with self._lock:
            self._failures[host] = why

    def before_each_look(self, act: Callable[[Target], None] | None) -> None:
        """Called at the start of each look, in its thread: to block it, or to count."""
        self._before = act

    def looks(self, host: str | None = None) -> int:
        """How often it looked, at one host or at all."""
        with self._lock:
            return sum(host is None or look.host == host for look in self._looks)

    @property
    def looked(self) -> list[Look]:
        """Every look so far, in order."""
        with self._lock:
            return list(self._looks)

    def options_schema(self) -> Mapping[str, Any]:
        properties: dict[str, Any] = {name: {} for name in self._options}
        return {"type": "object", "properties": properties, "additionalProperties": False}

    def check_options(self, options: Mapping[str, Any]) -> list[str]:
        return [f"unknown key {key!r}" for key in options if key not in self._options]

    def look(
        self, target: Target, options: Mapping[str, Any], *, timeout: float, now: float
    ) -> list[Reading]:
        with self._lock:
            self._looks.append(Look(target.host, dict(options), timeout))
        if self._before is not None:
            self._before(target)
        with self._lock:
            why = self._failures.get(target.host)
            found = self._seen.get(target.host, [self._usual])
        if why is not None:
            return [Reading.unseen(target.host, now, why)]
        ok: dict[str, Value] = {"reachable": True, "error": None}
        return [Reading(target.host, now, {**ok, **facts}) for facts in found]


class FakeFleetProbe(FakeProbe):
    """The same as a monitoring that is asked once about many hosts: `asked` counts the questions,
    `looks` still the hosts."""

    asked = 0

    def look_at_all(
        self,
        targets: Sequence[Target],
        options: Mapping[str, Any],
        *,
        timeout: float,
        now: float,
    ) -> Mapping[str, list[Reading]]:
        with self._lock:
            self.asked += 1
        return {each.host: self.look(each, options, timeout=timeout, now=now) for each in targets}


def _type(value: Value) -> str:
    return _TYPES.get(type(value), "string")
