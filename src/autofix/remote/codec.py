"""JSON values as our frozen values again: the way back of `core.plain.plain`, by type hints alone.

Fields that a type does not have are ignored (a newer server has more to tell); one that is missing
has its default. What a server keeps to itself (fields that are shown in no repr: hashes) is empty.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, TypeVar, cast, get_args, get_origin, get_type_hints

Value = TypeVar("Value")
Decoder = Callable[[Any], Any]


def decode(kind: type[Value], value: Any) -> Value:
    """`value` (as JSON gives it) as a `kind`; ValueError says what does not fit, and where."""
    reader: Decoder = decoder(cast("Any", kind))
    result: Value = reader(value)
    return result


@cache
def decoder(kind: Any) -> Decoder:
    """What reads this type; made once. TypeError for a type that no value of ours has."""
    if kind in _SIMPLE:
        return _SIMPLE[kind]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _enum(kind)
    if is_dataclass(kind):
        return _dataclass(kind)
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return _optional(parts)
    if origin is tuple:
        return _tuple(parts)
    if origin in _MANY:
        return _many(_MANY[origin], parts[0])
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _mapping(parts)
    raise TypeError(f"{kind!r} has no way back from JSON")


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{_shown(value)} is not true or false")
    return value


def _integer(value: Any) -> int:
    """Beyond what a double holds exactly it comes as its digits."""
    if isinstance(value, str) and value.removeprefix("-").isdecimal() and len(value) < 4000:
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"{_shown(value)} is not a whole number")
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{_shown(value)} is not a number")
    return float(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{_shown(value)} is not text")
    return value


def _nothing(value: Any) -> None:
    if value is not None:
        raise ValueError(f"{_shown(value)} is not null")


_SIMPLE: dict[Any, Decoder] = {
    bool: _boolean,
    int: _integer,
    float: _number,
    str: _text,
    type(None): _nothing,
    Any: lambda value: value,
    object: lambda value: value,
}
_MANY: dict[Any, Callable[[Any], Any]] = {
    list: list,
    Sequence: list,
    frozenset: frozenset,
    AbstractSet: frozenset,
}


def _enum(kind: type[Enum]) -> Decoder:
    known = {each.value: each for each in kind}

    def read(value: Any) -> Enum:
        try:
            return known[value]
        except (KeyError, TypeError):
            raise ValueError(f"{_shown(value)} is none of {', '.join(map(str, known))}") from None

    return read


def _optional(parts: tuple[Any, ...]) -> Decoder:
    others = [each for each in parts if each is not type(None)]
    if len(others) != 1:
        raise TypeError(f"one of {parts!r}: JSON does not say which")
    inner = decoder(others[0])
    return lambda value: None if value is None else inner(value)


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"{_shown(value)} is not a list")
    return value


def _many(make: Callable[[Any], Any], part: Any) -> Decoder:
    inner = decoder(part)
    return lambda value: make(inner(each) for each in _list(value))


def _tuple(parts: tuple[Any, ...]) -> Decoder:
    if len(parts) == 2 and parts[1] is Ellipsis:
        return _many(tuple, parts[0])
    inner = [decoder(each) for each in parts]

    def read(value: Any) -> tuple[Any, ...]:
        if len(_list(value)) != len(inner):
            raise ValueError(f"{len(value)} values where there are {len(inner)}")
        return tuple(one(each) for one, each in zip(inner, value, strict=True))

    return read


def _mapping(parts: tuple[Any, ...]) -> Decoder:
    key, inner = decoder(parts[0]), decoder(parts[1])

    def read(value: Any) -> dict[Any, Any]:
        if not isinstance(value, dict):
            raise ValueError(f"{_shown(value)} is not an object")
        return {key(name): inner(each) for name, each in value.items()}

    return read


def _dataclass(kind: Any) -> Decoder:
    hints = get_type_hints(kind)
    known = [each for each in fields(kind) if each.init]

    def read(value: Any) -> Any:
        if not isinstance(value, dict):
            raise ValueError(f"{_shown(value)} is not an object ({kind.__name__})")
        given = {
            each.name: _field(each, hints[each.name], value)
            for each in known
            if each.name in value or _required(each)
        }
        return kind(**given)

    return read


def _required(one: Field[Any]) -> bool:
    return one.default is MISSING and one.default_factory is MISSING


def _field(one: Field[Any], hint: Any, value: Mapping[str, Any]) -> Any:
    if one.name not in value:
        if not one.repr and hint is str:
            return ""  # a secret: it stays where it is
        raise ValueError(f"{one.name} is missing")
    try:
        return decoder(hint)(value[one.name])
    except ValueError as error:
        raise ValueError(f"{one.name}: {error}") from None


def _shown(value: Any) -> str:
    return repr(value)[:80]
