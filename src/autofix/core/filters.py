"""The filters and tests that expressions may use; each is total and linear in its value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from autofix.core.operations import (
    LIST,
    NUMBER,
    OBJECT,
    TEXT,
    TRUTH,
    UNKNOWN,
    bounded,
    join,
    kind_of,
)

MAX_DIGITS = 400  # of a text that is read as a number


@dataclass(frozen=True)
class Filter:
    """`apply(value, *arguments)`; the count of arguments is from `least` to `most`."""

    apply: Callable[..., Any]
    least: int = 0
    most: int = 0


def _to_number(value: Any, make: Callable[[Any], Any]) -> Any:
    if kind_of(type(value)) not in (NUMBER, TEXT):
        return UNKNOWN
    if type(value) is str and len(value) > MAX_DIGITS:
        return UNKNOWN
    try:
        return bounded(make(value))
    except (ValueError, ArithmeticError):
        return UNKNOWN


def _whole(value: Any) -> int:
    try:
        return int(value)
    except ValueError:
        return int(float(value))  # "12.7", as Jinja2 reads it


def _round(value: Any, digits: Any = None) -> Any:
    if kind_of(type(value)) != NUMBER or type(digits) not in (int, type(None)):
        return UNKNOWN
    if digits is not None and not 0 <= digits <= 15:
        return UNKNOWN
    return _to_number(value, lambda number: round(number, digits))


def _text(change: Callable[[str], str]) -> Callable[[Any], Any]:
    return lambda value: change(value) if type(value) is str else UNKNOWN


def _default(value: Any, instead: Any = "") -> Any:
    return instead if value is UNKNOWN else value


def _length(value: Any) -> Any:
    return len(value) if kind_of(type(value)) in (TEXT, LIST, OBJECT) else UNKNOWN


def _extreme(choose: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def run(value: Any) -> Any:
        if kind_of(type(value)) != LIST or not value:
            return UNKNOWN
        kinds = {kind_of(type(one)) for one in value}
        if kinds not in ({NUMBER}, {TEXT}) or any(one != one for one in value):
            return UNKNOWN
        return choose(value)

    return run


def _end(index: int) -> Callable[[Any], Any]:
    def run(value: Any) -> Any:
        if kind_of(type(value)) not in (TEXT, LIST) or not value:
            return UNKNOWN
        return UNKNOWN if value[index] is None else value[index]

    return run


def _abs(value: Any) -> Any:
    return abs(value) if kind_of(type(value)) == NUMBER else UNKNOWN


FILTERS: Mapping[str, Filter] = {
    "abs": Filter(_abs),
    "count": Filter(_length),
    "d": Filter(_default, 1, 1),
    "default": Filter(_default, 1, 1),
    "first": Filter(_end(0)),
    "float": Filter(lambda value: _to_number(value, float)),
    "int": Filter(lambda value: _to_number(value, _whole)),
    "last": Filter(_end(-1)),
    "length": Filter(_length),
    "lower": Filter(_text(str.lower)),
    "max": Filter(_extreme(max)),
    "min": Filter(_extreme(min)),
    "round": Filter(_round, 0, 1),
    "string": Filter(lambda value: join([value])),
    "trim": Filter(_text(str.strip)),
    "upper": Filter(_text(str.upper)),
}


def _is(*kinds: int) -> Callable[[Any], Any]:
    def run(value: Any) -> Any:
        kind = kind_of(type(value))
        return UNKNOWN if kind is None else kind in kinds

    return run


def _is_type(*types: type) -> Callable[[Any], Any]:
    return lambda value: UNKNOWN if kind_of(type(value)) is None else type(value) in types


def _exactly(truth: bool) -> Callable[[Any], Any]:
    return lambda value: UNKNOWN if value is UNKNOWN else value is truth


TESTS: Mapping[str, Callable[[Any], Any]] = {
    "boolean": _is(TRUTH),
    "defined": lambda value: value is not UNKNOWN,
    "false": _exactly(False),
    "float": _is_type(float),
    "integer": _is_type(int),
    "mapping": _is(OBJECT),
    "none": lambda value: value is UNKNOWN,
    "number": _is(NUMBER),
    "sequence": _is(LIST),
    "string": _is(TEXT),
    "true": _exactly(True),
    "undefined": lambda value: value is UNKNOWN,
}
