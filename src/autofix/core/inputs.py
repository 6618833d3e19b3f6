"""The inputs of a run: only what the runbook declares, each within its limits."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from autofix.core.door import text_fault
from autofix.core.inert import inert, names_a_secret, shown
from autofix.core.patterns import compiled
from autofix.core.runbooks import Input

TYPES = ("string", "number", "integer", "boolean")
_WORDS = {"true": True, "yes": True, "false": False, "no": False}
_INTEGER = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d{1,18}(\.\d{0,30})?|\.\d{1,30})([eE][+-]?\d{1,3})?", re.ASCII)
_ARTICLES = {
    "string": "text",
    "number": "a number",
    "integer": "an integer",
    "boolean": "a boolean",
}


class _Wrong(ValueError):
    """One input is not accepted; the text says why."""


def check_inputs(
    declared: Mapping[str, Input], given: Mapping[str, Any], *, from_text: bool
) -> tuple[dict[str, Any], list[str]]:
    """The value of every declared input, and everything wrong in words: see `judge_inputs`."""
    values, faults = judge_inputs(declared, given, from_text=from_text)
    return values, list(faults.values())


def judge_inputs(
    declared: Mapping[str, Input], given: Mapping[str, Any], *, from_text: bool
) -> tuple[dict[str, Any], dict[str, str]]:
    """The value of every declared input, and by its name what is wrong with one, in words.

    `from_text`: the values are what a person typed (`-e ratio=0.8`) and are read by their type.
    An input that is neither given nor has a default is None, which expressions see as unknown.
    """
    values: dict[str, Any] = {}
    faults = {name: _unknown(name, declared) for name in given if name not in declared}
    for name, one in declared.items():
        if name not in given:
            values[name] = one.default
            if one.required:
                faults[name] = f"input {name!r} is required{_help(one)}"
            continue
        try:
            values[name] = _accept(one, given[name], from_text)
        except _Wrong as wrong:
            faults[name] = f"input {name!r}: {wrong}"
    return values, faults


def _unknown(name: str, declared: Mapping[str, Input]) -> str:
    close = get_close_matches(name, list(declared), n=1)
    known = f"known: {', '.join(sorted(declared))}" if declared else "this runbook has no inputs"
    hint = f"did you mean {close[0]!r}?" if close else known
    return f"there is no input {inert(name, 80)!r} ({hint})"


def _help(one: Input) -> str:
    return f" ({inert(one.help, 120)})" if one.help else ""


def default_fault(one: Input) -> str:
    """Why the default does not keep the input's own limits; empty when it does."""
    if one.default is None:
        return ""
    try:
        _accept(one, one.default, from_text=False)
    except _Wrong as wrong:
        return str(wrong)
    return ""


def _accept(one: Input, value: Any, from_text: bool) -> Any:
    try:
        typed = _read(one, value) if from_text else _typed(one, value)
        _limits(one, typed)
    except _Wrong as wrong:
        seen = "the value" if names_a_secret(one.name) else shown(value)
        raise _Wrong(f"{seen} {wrong}") from None
    return typed


def _read(one: Input, value: Any) -> Any:
    """What a person typed, by the input's type."""
    text = str(value).strip()
    if one.type == "boolean" and text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if one.type in ("integer", "number") and _INTEGER.fullmatch(text):
        return int(text)
    if one.type == "number" and _NUMBER.fullmatch(text):
        return float(text)
    return _typed(one, value)


def _typed(one: Input, value: Any) -> Any:
    if one.type == "integer" and type(value) is float and value.is_integer():
        value = int(value)
    types: Mapping[str, tuple[type, ...]] = {
        "string": (str,),
        "number": (int, float),
        "integer": (int,),
        "boolean": (bool,),
    }
    if type(value) not in types[one.type]:
        words = " (true or false)" if one.type == "boolean" else ""
        raise _Wrong(f"is not {_ARTICLES[one.type]}{words}")
    return value


def _limits(one: Input, value: Any) -> None:
    if isinstance(value, str):
        _text_limits(one, value)
    elif not isinstance(value, bool):
        _number_limits(one, value)
    if one.choices and not any(_same(choice, value) for choice in one.choices):
        raise _Wrong(f"is none of {', '.join(shown(choice) for choice in one.choices)}")


def _same(choice: Any, value: Any) -> bool:
    """Equal, but True is not 1."""
    return isinstance(choice, bool) == isinstance(value, bool) and bool(choice == value)


def _text_limits(one: Input, value: str) -> None:
    if len(value) > one.max_length:
        raise _Wrong(f"has {len(value)} characters, at most {one.max_length} are allowed")
    fault = text_fault(value)
    if fault:
        raise _Wrong(f"holds a {fault}")
    if one.pattern and not compiled(one.pattern).fullmatch(value):
        raise _Wrong(f"does not match the pattern {inert(one.pattern, 120)}")


def _number_limits(one: Input, value: int | float) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise _Wrong("is not a finite number")
    if isinstance(value, int) and abs(value) > 2**63:
        raise _Wrong("is too large")
    if one.min is not None and value < one.min:
        raise _Wrong(f"is below the minimum {shown(one.min)}")
    if one.max is not None and value > one.max:
        raise _Wrong(f"is above the maximum {shown(one.max)}")
