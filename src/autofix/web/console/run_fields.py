"""The form of a run as values: what its fields are, and what a person put into them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autofix.core.inert import names_a_secret
from autofix.core.stories import RunbookCard
from autofix.web.forms import INPUT as PREFIX
from autofix.web.forms import Form


@dataclass(frozen=True)
class Field:
    """One input. `kind`: `text`, `number`, `checkbox`, `choice` or `secret`; `value` is what
    stands in it, `fault` what is wrong with that."""

    name: str
    kind: str
    value: str
    required: bool = False
    help: str = ""
    choices: tuple[str, ...] = ()
    min: str = ""
    max: str = ""
    step: str = ""
    pattern: str = ""
    max_length: int = 1000
    default: str = ""
    fault: str = ""

    @property
    def id(self) -> str:
        return f"input-{self.name}"


@dataclass(frozen=True)
class Typed:
    """What was put in: texts, as they were typed."""

    hosts: tuple[str, ...] = ()
    subject: str = ""
    inputs: Mapping[str, str] | None = None  # None: nobody has typed anything yet
    check: bool = False
    accept: bool = False


@dataclass(frozen=True)
class Choice:
    """A host that may be chosen; `armed`: the runbook watches it by itself."""

    host: str
    chosen: bool
    armed: bool


def typed(form: Form) -> Typed:
    """Whatever a form holds; a host that stands in it twice is one."""
    inputs = {name[len(PREFIX) :]: value for name, value in form.items() if name.startswith(PREFIX)}
    hosts = dict.fromkeys(each for each in form.all("host") if each)
    return Typed(
        tuple(hosts),
        form.get("subject", "").strip(),
        inputs,
        form.get("check") == "yes",
        form.get("accept") == "yes",
    )


def given(card: RunbookCard, what: Typed) -> dict[str, str]:
    """The inputs to ask for with: a field that was left empty is not given, but for a text that
    was there and was taken out. What the runbook does not declare is passed on, to be refused."""
    found: dict[str, str] = {}
    inputs = what.inputs or {}
    for name, text in inputs.items():
        declared = card.inputs.get(name, {})
        shown = declared.get("default") and not names_a_secret(name)
        taken_out = _is_text(declared) and shown and not declared["required"]
        if text or taken_out or not declared:
            found[name] = text
    for name, declared in card.inputs.items():
        if what.inputs is not None and _is_checkbox(declared) and name not in inputs:
            found[name] = "false"  # browsers don't send a box that is not ticked
    return found


def fields(card: RunbookCard, what: Typed, faults: Mapping[str, str]) -> list[Field]:
    return [
        _field(name, declared, what.inputs, faults.get(f"inputs.{name}", ""))
        for name, declared in card.inputs.items()
    ]


def strays(card: RunbookCard, faults: Mapping[str, str]) -> list[str]:
    """What is wrong with inputs that have no field."""
    known = {f"inputs.{name}" for name in card.inputs} | {"hosts", "subject"}
    return [why for name, why in faults.items() if name not in known]


def choices(hosts: Sequence[str], armed: Iterable[str], chosen: Iterable[str]) -> list[Choice]:
    """Those it is armed for first; a name that is no host is left out."""
    armed, wanted = set(armed), set(chosen)
    listed = [Choice(each, each in wanted, each in armed) for each in hosts]
    return sorted(listed, key=lambda each: not each.armed)


def _field(
    name: str, declared: Mapping[str, Any], inputs: Mapping[str, str] | None, fault: str
) -> Field:
    default = "" if names_a_secret(name) else _text(declared.get("default"))
    return Field(
        name,
        _kind(name, declared),
        default if inputs is None else inputs.get(name, ""),
        bool(declared["required"]),
        str(declared["help"]),
        _choices(declared),
        _text(declared["min"]),
        _text(declared["max"]),
        "1" if declared["type"] == "integer" else "any",
        str(declared["pattern"]),
        int(declared["max_length"]),
        default,
        fault,
    )


def _kind(name: str, declared: Mapping[str, Any]) -> str:
    if _choices(declared):
        return "checkbox" if _is_checkbox(declared) else "choice"
    if declared["type"] in ("integer", "number"):
        return "number"
    return "secret" if names_a_secret(name) else "text"


def _choices(declared: Mapping[str, Any]) -> tuple[str, ...]:
    if declared["choices"]:
        return tuple(_text(each) for each in declared["choices"])
    return ("true", "false") if declared["type"] == "boolean" else ()


def _is_checkbox(declared: Mapping[str, Any]) -> bool:
    """Without a default there is a third answer: none."""
    return declared["type"] == "boolean" and isinstance(declared["default"], bool)


def _is_text(declared: Mapping[str, Any]) -> bool:
    return declared.get("type") == "string" and not declared.get("choices")


def _text(value: Any) -> str:
    """As a person would type it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) and value.is_integer() else str(value)
