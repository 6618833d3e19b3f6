"""The shape of a runbook file, as pydantic models. What each key means: docs/runbooks.md."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from autofix.config.fields import (
    Approval,
    Block,
    Expression,
    LabelExpression,
    Moment,
    OneLine,
    Playbook,
    RunbookName,
    Severity,
    Span,
    Title,
    Variables,
    named_inputs,
)
from autofix.config.guard_models import Count, GuardsBlock
from autofix.core.inputs import default_fault
from autofix.core.patterns import pattern_fault
from autofix.core.runbooks import Input


class BlindBlock(Block):
    after: Count = 3
    then: Literal["page", "hold"] = "page"


class ProbeTriggerBlock(Block):
    probe: str
    hosts: OneLine
    when: Expression
    every: Moment = 60.0
    cron: OneLine | None = None
    jitter: Span = 0.0
    timeout: Moment = 10.0
    for_: Span = Field(0.0, alias="for")
    clear_when: Expression = None
    subject: Expression = None
    with_: dict[str, Any] = Field(default_factory=dict, alias="with")
    blind: BlindBlock = BlindBlock()

    @model_validator(mode="after")
    def _one_rhythm(self) -> Self:
        if self.cron and "every" in self.model_fields_set:
            raise ValueError("every and cron exclude each other: keep one")
        return self


class AlertTriggerBlock(Block):
    alert: OneLine
    match: dict[str, str] = Field(default_factory=dict)
    host: OneLine = "instance"
    strip_port: bool = False
    when: LabelExpression = None
    subject: LabelExpression = None
    inputs: dict[str, LabelExpression] = Field(default_factory=dict)


class ScheduleTriggerBlock(Block):
    schedule: OneLine
    hosts: OneLine
    jitter: Span = 0.0
    catch_up: Span = 86400.0


class InputBlock(Block):
    type: Literal["string", "number", "integer", "boolean"] = "string"
    default: str | bool | int | float | None = None
    required: bool = False
    min: float | None = None
    max: float | None = None
    max_length: Annotated[int, Field(ge=1, le=10_000)] = 1000
    pattern: str = ""
    choices: list[str | bool | int | float] = Field(default_factory=list)
    help: str = ""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        fault = self._fault()
        if fault:
            raise ValueError(fault)
        return self

    def _fault(self) -> str:
        given = self.model_fields_set
        if self.type not in ("number", "integer") and given & {"min", "max"}:
            return f"min and max are for numbers, and this is a {self.type}"
        if self.type != "string" and given & {"pattern", "max_length"}:
            return f"pattern and max_length are for text, and this is a {self.type}"
        if self.min is not None and self.max is not None and self.min > self.max:
            return "min is above max"
        if self.required and self.default is not None:
            return "an input with a default is never missing: remove required or default"
        fault = self.pattern and pattern_fault(self.pattern, self.max_length)
        if fault:
            return f"pattern: {fault}"
        return self._values_fault()

    def _values_fault(self) -> str:
        free = self.built("", choices=())
        for choice in self.choices:
            fault = default_fault(Input(**{**vars(free), "default": choice}))
            if fault:
                return f"choices: {fault}"
        fault = default_fault(self.built("default"))
        return f"default: {fault}" if fault else ""

    def built(self, name: str, choices: tuple[Any, ...] | None = None) -> Input:
        """The core's value of this input."""
        return Input(
            name=name,
            type=self.type,
            default=self.default,
            required=self.required,
            min=self.min,
            max=self.max,
            max_length=self.max_length,
            pattern=self.pattern,
            choices=tuple(self.choices) if choices is None else choices,
            help=self.help,
        )


class StepBlock(Block):
    playbook: Playbook
    when: Expression = None
    vars: Variables = Field(default_factory=dict)
    timeout: Moment = 600.0
    approval: Approval = "never"
    rollback: Playbook | None = None
    afterwards: Playbook | None = None


class VerifyBlock(Block):
    probe: str
    until: Expression
    within: Moment = 120.0
    hold: Span = 0.0
    every: Moment = 5.0
    timeout: Moment = 10.0
    subject: Expression = None
    with_: dict[str, Any] = Field(default_factory=dict, alias="with")


class RunbookHead(Block):
    """All of a runbook but its triggers and verification, which have several shapes."""

    name: RunbookName
    title: Title
    severity: Severity = "P2"
    deadlines: Literal["usual", "vulnerability", "on-site"] = "usual"
    about: str = ""
    enabled: bool = True
    idempotent: bool = False
    inputs: Annotated[dict[str, InputBlock], AfterValidator(named_inputs)] = Field(
        default_factory=dict
    )
    fix: Annotated[list[StepBlock], Field(min_length=1, max_length=50)]
    guards: GuardsBlock = GuardsBlock()
    escalate: OneLine = "default"


class RunbookFile(RunbookHead):
    """A whole runbook file."""

    triggers: list[ProbeTriggerBlock | AlertTriggerBlock | ScheduleTriggerBlock] = Field(
        default_factory=list
    )
    verify: Literal["none"] | VerifyBlock


#: Which key tells a trigger's kind.
TRIGGERS: dict[str, type[Block]] = {
    "probe": ProbeTriggerBlock,
    "alert": AlertTriggerBlock,
    "schedule": ScheduleTriggerBlock,
}
