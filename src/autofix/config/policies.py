"""The settings' escalation policies: their shape, and what would leave a person uncalled."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from autofix.config.document import Document, Keys
from autofix.config.fields import Block, OneLine
from autofix.core.durations import human, parse
from autofix.core.escalation import (
    ACK_LASTS,
    CHANNEL_TIMEOUT,
    REPEAT,
    WAIT,
    Level,
    Policy,
    unique,
)
from autofix.core.inert import inert
from autofix.errors import Problem
from autofix.options import Duration, model_validator, suggest

YEAR = 366 * 86400.0
Channels = Annotated[list[OneLine], Field(max_length=20)]


def _long_enough(seconds: float) -> float:
    if seconds < CHANNEL_TIMEOUT:
        least = human(CHANNEL_TIMEOUT)
        raise ValueError(f"{human(seconds)} is too short: one channel may take {least} to fail")
    return seconds


def _repeat(value: Any) -> float | None:
    """Seconds, None for never."""
    if value is None or value == "never":
        return None
    if not isinstance(value, str | int | float):
        raise ValueError("write for example 30m")
    seconds = parse(value)
    if seconds < 60:
        raise ValueError(f"{human(seconds)} is too short: people need a minute to answer")
    return seconds


Wait = Annotated[Duration, Field(le=YEAR), AfterValidator(_long_enough)]
Repeat = Annotated[float | None, BeforeValidator(_repeat, json_schema_input_type=str | float)]


def _url(value: str) -> str:
    if not re.fullmatch(r"https?://[A-Za-z0-9.:\[\]-]+(/[A-Za-z0-9._~/-]*)?", value):
        raise ValueError("this must be an address, such as https://autofix.example.com")
    return value


PublicUrl = Annotated[OneLine, AfterValidator(_url)]


class LevelBlock(Block):
    channels: Channels
    wait: Wait = WAIT


class PolicyBlock(Block):
    """Levels, or in short the channels of the only one."""

    channels: Channels | None = None
    wait: Wait | None = None
    levels: Annotated[list[LevelBlock], Field(max_length=20)] | None = None
    repeat: Repeat = REPEAT
    ack_lasts: Annotated[Duration, Field(ge=60, le=YEAR)] = ACK_LASTS

    @model_validator(mode="after")
    def _one_of_both(self) -> PolicyBlock:
        if self.levels is not None and (self.channels is not None or self.wait is not None):
            raise ValueError("write levels, or channels and wait of the only level: not both")
        if self.levels is None and self.channels is None:
            raise ValueError("it calls nobody: write channels: [...], or levels with channels")
        if self.levels is not None and not self.levels:
            raise ValueError("it has no level: write - {channels: [...], wait: 10m} below levels")
        return self


def policy(name: str, block: PolicyBlock) -> Policy:
    levels = block.levels
    if levels is None:
        wait = WAIT if block.wait is None else block.wait
        levels = [LevelBlock(channels=block.channels or [], wait=wait)]
    made = tuple(Level(unique(each.channels), each.wait) for each in levels)
    return Policy(name, made, block.repeat, block.ack_lasts)


def problems(
    document: Document, policies: Mapping[str, Policy], good: Sequence[str]
) -> list[Problem]:
    """What would leave a person uncalled. `good`: channels of which the options are right."""
    written = document.value.get("channels")
    known = list(written) if isinstance(written, Mapping) else []
    return [
        problem
        for made in policies.values()
        for problem in _Check(document, made, known, good).all()
    ]


class _Check:
    def __init__(
        self, document: Document, made: Policy, known: Sequence[str], good: Sequence[str]
    ) -> None:
        self._problem, self._policy = document.problem, made
        self._known, self._good = list(known), good
        self._keys: Keys = ("policies", made.name)
        block = document.value.get("policies", {}).get(made.name)
        self._long = isinstance(block, Mapping) and "levels" in block

    def all(self) -> Iterator[Problem]:
        for at, level in enumerate(self._policy.levels):
            keys: Keys = (*self._keys, "levels", at) if self._long else self._keys
            yield from self._level(level, keys, at)
        yield from self._whole()

    def _level(self, level: Level, keys: Keys, at: int) -> Iterator[Problem]:
        where = f"level {at + 1} of policy" if self._long else "policy"
        if not level.channels:
            message = f"{where} {self._policy.name!r} has no channels: it calls nobody"
            yield self._problem((*keys, "channels"), message, "name channels, or take it out")
        for position, channel in enumerate(level.channels):
            if channel not in self._known:
                message = f"there is no channel {inert(channel, 60)!r}"
                hint = suggest(channel, self._known) or "add it under channels:"
                yield self._problem((*keys, "channels", position), message, hint)
        needed = CHANNEL_TIMEOUT * len(level.channels)
        if level.wait < needed:
            message = (
                f"{where} {self._policy.name!r} waits {human(level.wait)}, and its "
                f"{len(level.channels)} channels may take {human(needed)} to fail"
            )
            hint = f"wait at least {human(needed)}"
            yield self._problem((*keys, "wait"), message, hint, level="warning")

    def _whole(self) -> Iterator[Problem]:
        made, channels = self._policy, self._policy.channels
        known = [name for name in channels if name in self._known]
        if known and not any(name in self._good for name in channels):
            message = f"policy {made.name!r} reaches nobody: no channel of it can be used"
            yield self._problem(self._keys, message, "mend its channels, or name others")
        if len(channels) == 1:
            message = f"policy {made.name!r} has one channel: when that fails, nobody is paged"
            hint = "add a second one of another provider"
            yield self._problem(self._keys, message, hint, level="warning")
        if made.repeat is None:
            message = f"policy {made.name!r} stops calling after its last level (repeat: never)"
            hint = "a page that nobody saw is then forgotten: write repeat: 30m"
            yield self._problem((*self._keys, "repeat"), message, hint, level="warning")


def unused(document: Document, policies: Mapping[str, Any], used: set[str]) -> Iterator[Problem]:
    """Policies that no runbook names; `default` is for all that name none."""
    for name in policies:
        if name != "default" and name not in used:
            message = f"no runbook uses the policy {inert(name, 60)!r}"
            hint = f"write escalate: {inert(name, 60)} in a runbook, or take it out"
            yield document.problem(("policies", name), message, hint, level="warning")
