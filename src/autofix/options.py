"""Options that a user writes for a plugin or a part: one base model, errors as plain words.

The home of pydantic. Rooms derive their option models from `Options`; `faults` says what is wrong
with a value as (path, words, hint) so that whoever knows the file's lines can point at them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from autofix.core import durations

__all__ = [
    "AfterValidator",
    "BeforeValidator",
    "Duration",
    "Fault",
    "Field",
    "Options",
    "Secret",
    "ValidationError",
    "faults",
    "field_validator",
    "model_validator",
    "suggest",
]


def _duration(value: Any) -> float:
    if not isinstance(value, str | int | float):
        raise ValueError(f"{value!r} is not a duration; write for example 30s, 5m, 2h or 1d")
    return durations.parse(value)


#: Seconds; written as `30s`, `5m`, `2h`, `1d` or a number of seconds.
Duration = Annotated[float, BeforeValidator(_duration, json_schema_input_type=str | float)]
#: Never shown; `.get_secret_value()` opens it.
Secret = SecretStr


class Options(BaseModel):
    """Base of every option model: unknown keys are errors, values don't change."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


@dataclass(frozen=True)
class Fault:
    """One thing wrong: where (keys and list indexes), what, and what would be right."""

    path: tuple[str | int, ...]
    message: str
    hint: str = ""


Model = TypeVar("Model", bound=BaseModel)


def suggest(word: str, known: list[str]) -> str:
    """`did you mean X?`, or the short list of what is known, or nothing."""
    close = get_close_matches(word, known, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"known: {', '.join(sorted(known))}" if 0 < len(known) <= 25 else ""


def hosts_of(hosts: Sequence[str]) -> str:
    """The hint where a group was named: `its hosts: r1, r2`, at most ten of them."""
    more = f" and {len(hosts) - 10} more" if len(hosts) > 10 else ""
    return f"its hosts: {', '.join(hosts[:10]) or 'none'}{more}"


def faults(model: type[BaseModel], values: Mapping[str, Any]) -> list[Fault]:
    """Everything wrong with `values` for this model; empty when nothing is."""
    try:
        model.model_validate(values)
    except ValidationError as error:
        return [_fault(model, dict(item)) for item in error.errors(include_url=False)]
    return []


def _fault(model: type[BaseModel], item: dict[str, Any]) -> Fault:
    path = tuple(item["loc"])
    if item["type"] == "extra_forbidden":
        return Fault(path, f"unknown key {path[-1]!r}", suggest(str(path[-1]), _keys(model, path)))
    if item["type"] == "missing":
        return Fault(path[:-1], f"{path[-1]!r} is missing")
    message = str(item["msg"]).removeprefix("Value error, ")
    return Fault(path, message[0].lower() + message[1:])


def _keys(model: type[BaseModel], path: tuple[str | int, ...]) -> list[str]:
    """The keys allowed beside the last one of `path`, as far as the models tell."""
    found: Any = model
    for key in path[:-1]:
        found = _bare(_inside(found, key))
        if found is None:
            return []
    if not (isinstance(found, type) and issubclass(found, BaseModel)):
        return []
    return [field.alias or name for name, field in found.model_fields.items()]


def _bare(found: Any) -> Any:
    """Without `Annotated` and `| None` around it: what a key or an index leads into."""
    from typing import get_args

    while True:
        given = [arg for arg in get_args(found) if arg is not type(None)]
        if hasattr(found, "__metadata__"):
            found = found.__origin__
        elif len(given) == 1 and len(given) < len(get_args(found)):
            found = given[0]
        else:
            return found


def _inside(found: Any, key: str | int) -> Any:
    from typing import get_args

    if isinstance(found, type) and issubclass(found, BaseModel):
        for name, field in found.model_fields.items():
            if key in (name, field.alias):
                return field.annotation
        return None
    models = [arg for arg in get_args(found) if arg is not type(None)]
    for candidate in reversed(models):
        if get_args(candidate) or (
            isinstance(candidate, type) and issubclass(candidate, BaseModel)
        ):
            return candidate
    return None
