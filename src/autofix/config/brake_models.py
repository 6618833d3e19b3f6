"""The settings' `limits:` and `freezes:`: brakes over all runbooks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Self

from pydantic import Field, PlainValidator, model_validator

from autofix.config.fields import Block, OneLine
from autofix.core import moments
from autofix.core.freezes import Freeze
from autofix.core.limits import Limits
from autofix.core.shares import percentage

Many = Annotated[int, Field(ge=1, le=1_000_000, strict=True)]


def _percentage(value: Any) -> str:
    return f"{percentage(value):g}%"


Percent = Annotated[str, PlainValidator(_percentage, json_schema_input_type=str)]
Names = Annotated[list[OneLine], Field(max_length=1000)]


class LimitsBlock(Block):
    runs_per_hour: Many = 60
    hosts_at_once: Many = 10
    percent_of_group: Percent = "30%"
    groups: Annotated[Names, Field(min_length=1)] | None = None


def _moment(value: Any) -> str:
    """Text that is a date, with or without a time; its zone is known later."""
    moments.parse(str(value), "UTC")
    return str(value).strip()


Moment = Annotated[str, PlainValidator(_moment, json_schema_input_type=str)]


class FreezeBlock(Block):
    from_: Moment = Field(alias="from")
    until: Moment
    reason: OneLine
    runbooks: Names = Field(default_factory=list)
    hosts: Names = Field(default_factory=list)
    groups: Names = Field(default_factory=list)

    @model_validator(mode="after")
    def _some_time(self) -> Self:
        if moments.parse(self.until, "UTC", end=True) <= moments.parse(self.from_, "UTC"):
            raise ValueError(f"until {self.until} is not after from {self.from_}")
        return self


def limits(block: LimitsBlock) -> Limits:
    """The core's value of the block."""
    return Limits(
        block.runs_per_hour,
        block.hosts_at_once,
        percentage(block.percent_of_group),
        None if block.groups is None else frozenset(block.groups),
    )


def freezes(blocks: Sequence[FreezeBlock], timezone: str) -> tuple[Freeze, ...]:
    """The core's values, on the wall's clock of this zone."""
    return tuple(
        Freeze(
            moments.parse(one.from_, timezone),
            moments.parse(one.until, timezone, end=True),
            one.reason,
            tuple(one.runbooks),
            tuple(one.hosts),
            tuple(one.groups),
        )
        for one in blocks
    )
