"""Kinds of values in settings and runbooks: expressions, templates, names, playbook paths."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, PlainValidator

from autofix.core.conditions import Condition, Template, parse, template
from autofix.core.door import name_fault
from autofix.errors import ExpressionError
from autofix.options import Duration, Options

FACTS_ONLY = frozenset({"host", "inputs"})
WITH_LABELS = frozenset({"host", "inputs", "labels"})
#: What a playbook gets beside a step's `vars`.
RESERVED = frozenset(
    {"host", "incident", "run", "runbook", "kind", "step", "facts", "report"},
)
_RUNBOOK_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


class Block(Options):
    """A mapping of a YAML file; keys are written as their aliases only."""

    model_config = ConfigDict(validate_by_name=False, validate_by_alias=True)


def _expression(value: Any, roots: frozenset[str]) -> Condition:
    if isinstance(value, Condition):
        return value
    try:
        return parse(value, roots=roots)
    except ExpressionError as error:
        raise ValueError(_with_hint(error)) from None


def _with_hint(error: ExpressionError) -> str:
    return f"{error}: {error.hint}" if error.hint else str(error)


def _facts(value: Any) -> Condition:
    return _expression(value, FACTS_ONLY)


def _labels(value: Any) -> Condition:
    return _expression(value, WITH_LABELS)


def _no_facts(value: Any) -> Condition:
    """What a brake may hang on: neither a target nor a sender must be able to switch it off."""
    condition = _expression(value, WITH_LABELS)
    for name in sorted(condition.names):
        root, dot, _ = name.partition(".")
        if root == "labels":
            raise ValueError(
                f"{name} is a sender's: who posts an alert must not be able to switch a brake off: "
                "use host. or inputs."
            )
        if not dot or root not in FACTS_ONLY:
            raise ValueError(
                f"{name!r} is a fact: what a target says of itself must not switch a brake off: "
                "use host. or inputs."
            )
    return condition


def _approval(value: Any) -> Condition | str:
    return value if value in ("always", "never") else _no_facts(value)


def _template(value: Any) -> Template:
    try:
        return template(value, roots=FACTS_ONLY)
    except ExpressionError as error:
        raise ValueError(_with_hint(error)) from None


_WRITTEN = str | bool | int | float
#: On facts, `host.` and `inputs.`.
Expression = Annotated[Any, PlainValidator(_facts, json_schema_input_type=_WRITTEN)]
#: On `labels.`, `host.` and `inputs.`: only inside an alert trigger.
LabelExpression = Annotated[Any, PlainValidator(_labels, json_schema_input_type=_WRITTEN)]
Rendered = Annotated[Any, PlainValidator(_template, json_schema_input_type=Any)]


def _variable_names(values: Mapping[str, Any]) -> Mapping[str, Any]:
    for name in values:
        fault = name_fault(name)
        if not fault and name in RESERVED:
            fault = f"{name!r} is what autofix itself gives every playbook: choose another name"
        if fault:
            raise ValueError(fault)
    return values


def named_inputs(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Refuse names of inputs that can't be names of variables."""
    for name in values:
        fault = name_fault(name)
        if fault:
            raise ValueError(fault)
    return values


Variables = Annotated[dict[str, Rendered], AfterValidator(_variable_names)]


def _playbook(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_./ -]*\.ya?ml", value):
        raise ValueError(
            f"{value!r} is not a playbook: name a .yml file inside the playbooks folder"
        )
    if ".." in value.split("/"):
        raise ValueError(f"{value!r} leads out of the playbooks folder: name a file inside it")
    return value


def _one_line(value: str) -> str:
    if not value.strip() or "\n" in value.strip():
        raise ValueError("this must be one line of text")
    return value.strip()


def _runbook_name(value: str) -> str:
    if not _RUNBOOK_NAME.fullmatch(value):
        raise ValueError(f"{value!r} is not a name: use small letters, digits, - and _, at most 63")
    return value


Playbook = Annotated[str, AfterValidator(_playbook)]
OneLine = Annotated[str, Field(max_length=1000), AfterValidator(_one_line)]
Title = Annotated[str, Field(max_length=200), AfterValidator(_one_line)]
Moment = Annotated[Duration, Field(ge=0.5, le=366 * 86400)]  # how often, or how long at most
Span = Annotated[Duration, Field(ge=0, le=366 * 86400)]
RunbookName = Annotated[str, AfterValidator(_runbook_name)]
#: `always`, `never`, or an expression on `host.` and `inputs.`: unknown counts as needing it.
Approval = Annotated[Any, PlainValidator(_approval, json_schema_input_type=_WRITTEN)]
#: On `host.` and `inputs.` only.
HostExpression = Annotated[Any, PlainValidator(_no_facts, json_schema_input_type=_WRITTEN)]
Severity = Literal["P0", "P1", "P2", "P3"]
