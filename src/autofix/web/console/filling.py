"""What people typed into forms, as the API's own bodies and moments take it."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from autofix.core import durations, moments
from autofix.core.inert import inert
from autofix.errors import UsageError

Kind = TypeVar("Kind", bound=BaseModel)


def taken(kind: type[Kind], **fields: Any) -> Kind:
    """The same bounds as for programs. UsageError says which field is wrong, and how."""
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        fault = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(each) for each in fault["loc"])
        raise UsageError(f"{place}: {fault['msg'].removeprefix('Value error, ')}") from None


def moment(
    text: str, zone: str, now: float, *, end: bool = False, past: bool = False
) -> float | None:
    """A date, a time of the day (the next one; of the `past` the last one), or both; None where
    nothing was typed."""
    if not text.strip():
        return None
    try:
        return moments.meant(text, zone, now, end=end, past=past)
    except ValueError as error:
        raise UsageError(str(error)) from None


def length(text: str) -> float | None:
    """Seconds of `2h` or `1d 12h`; None where nothing was typed."""
    if not text.strip():
        return None
    try:
        return durations.parse(text)
    except ValueError as error:
        raise UsageError(str(error)) from None


def labels(text: str) -> dict[str, str]:
    """`team=cache`, one a line."""
    found: dict[str, str] = {}
    for each in filter(str.strip, text.splitlines()):
        name, equals, value = (part.strip() for part in each.partition("="))
        if not equals or not name or name in found:
            raise UsageError(f"{inert(each)!r} is no label", hint="write team=cache, one a line")
        found[name] = value
    return found


def number(text: str) -> int | None:
    """Of an incident, as it is typed: `12` or `#12`."""
    digits = text.strip().removeprefix("#")
    if not digits:
        return None
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 19 and int(digits)):
        raise UsageError(f"{inert(text, 40)!r} is no number of an incident")
    return int(digits)
