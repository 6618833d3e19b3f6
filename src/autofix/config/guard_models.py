"""The `guards:` block of a runbook. What each key means: docs/runbooks.md."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from autofix.config.fields import (
    Approval,
    Block,
    Expression,
    HostExpression,
    Moment,
    OneLine,
    RunbookName,
    Span,
)
from autofix.core.runbooks import Approvers, Attempts, Dependency, Guards
from autofix.core.shares import percentage

Count = Annotated[int, Field(ge=1, le=1000, strict=True)]


def _share(value: Any) -> int | float:
    """Hosts as a whole number; a percentage as a float."""
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 1000:
        return value
    if isinstance(value, str):
        return percentage(value)
    raise ValueError(f"{value!r} is neither a number of hosts nor a percentage: write 2 or 10%")


Share = Annotated[int | float, BeforeValidator(_share, json_schema_input_type=int | str)]


class AttemptsBlock(Block):
    max: Count = 3
    per: Moment = 86400.0
    half_open_after: Moment | None = None


class ApproversBlock(Block):
    users: list[OneLine] = Field(default_factory=list)
    groups: list[OneLine] = Field(default_factory=list)

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if not self.users and not self.groups:
            raise ValueError("nobody could approve: name users or groups, or leave approvers out")
        return self


def _approvers(value: Any) -> Any:
    return {"users": value} if isinstance(value, list) else value


class DependencyBlock(Block):
    runbook: RunbookName
    host: HostExpression = None


def _dependencies(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    return [{"runbook": one} if isinstance(one, str) else one for one in value]


Dependencies = Annotated[
    list[DependencyBlock],
    BeforeValidator(_dependencies, json_schema_input_type=list[str | DependencyBlock]),
]
SomeApprovers = Annotated[
    ApproversBlock,
    BeforeValidator(_approvers, json_schema_input_type=list[str] | ApproversBlock),
]


class GuardsBlock(Block):
    cooldown: Span = 300.0
    attempts: AttemptsBlock = AttemptsBlock()
    at_once: Share = 1
    hold_limit: Moment = 900.0
    hours: OneLine | None = None
    depends_on: Dependencies = Field(default_factory=list, max_length=20)
    unless: Expression = None
    abort_if: Expression = None
    batches: list[Share] = Field(default_factory=list, max_length=10)
    approval: Approval = "never"
    approvers: SomeApprovers | None = None
    approval_within: Moment = 3600.0

    @field_validator("batches")
    @classmethod
    def _growing(cls, sizes: list[int | float]) -> list[int | float]:
        for before, after in pairwise(sizes):
            if isinstance(before, float) and isinstance(after, int):
                raise ValueError("numbers of hosts come before percentages: write [1, 10%, 100%]")
            if type(before) is type(after) and after <= before:
                raise ValueError("each batch is larger than the one before: write [1, 10%, 100%]")
        return sizes


#: What nothing but the batches limits.
NO_LIMIT = 1_000_000


def guards(block: GuardsBlock) -> Guards:
    """The core's value of the block."""
    tries, yes = block.attempts, block.approvers
    batched = bool(block.batches) and "at_once" not in block.model_fields_set
    percent = block.at_once if isinstance(block.at_once, float) else None
    return Guards(
        cooldown=block.cooldown,
        attempts=Attempts(tries.max, tries.per, tries.half_open_after),
        at_once=NO_LIMIT if batched else 1 if percent is not None else int(block.at_once),
        at_once_percent=percent,
        hold_limit=block.hold_limit,
        hours=block.hours or "",
        depends_on=tuple(Dependency(one.runbook, one.host) for one in block.depends_on),
        unless=block.unless,
        abort_if=block.abort_if,
        batches=tuple(block.batches),
        approval=block.approval,
        approvers=Approvers(tuple(yes.users), tuple(yes.groups)) if yes else None,
        approval_within=block.approval_within,
    )
