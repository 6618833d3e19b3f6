"""Expressions of runbooks (`when`, `until`, `subject`, `vars`): parsed once, evaluated often.

The syntax is Jinja2's, but no template runs. What is absent makes a comparison unknown, which is
neither true nor false. A scope is the facts with `host`, `inputs` and `labels` beside them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from autofix.core.expressions import ALL_ROOTS, Run, compile_expression
from autofix.core.inert import MASK, names_a_secret, shown
from autofix.core.operations import MAX_TEXT, UNKNOWN, text_of
from autofix.core.syntax import split_template
from autofix.errors import ExpressionError

__all__ = ["ALL_ROOTS", "UNKNOWN", "Condition", "Template", "parse", "template"]

DEFAULT_ROOTS = frozenset({"host", "inputs"})
MAX_NESTING = 32
Scope = Mapping[str, Any]


@dataclass(frozen=True)
class Condition:
    """A parsed expression. `names` are bare for facts, dotted under a root (`host.env`)."""

    text: str
    names: frozenset[str]
    _run: Run = field(repr=False, compare=False)
    _lookups: Mapping[str, Run] = field(repr=False, compare=False)

    def value(self, scope: Scope) -> Any:
        """The expression's value, UNKNOWN if it can't be told. Never raises."""
        try:
            return self._run(scope)
        except RecursionError:  # facts nested beyond what Python compares
            return UNKNOWN

    def holds(self, scope: Scope) -> bool | None:
        """True, False, or None for unknown; a value that is no truth value is unknown."""
        value = self.value(scope)
        return value if isinstance(value, bool) else None

    def explain(self, scope: Scope) -> str:
        """The text with the value of each name: `ratio > 0.90 (ratio = 0.93)`."""
        if not self._lookups:
            return self.text
        values = [f"{name} = {_value(name, run, scope)}" for name, run in self._lookups.items()]
        return f"{self.text} ({', '.join(values)})"


def _value(name: str, run: Run, scope: Scope) -> str:
    value = run(scope)
    if value is UNKNOWN:
        return "unknown"
    return MASK if names_a_secret(name) else shown(value)


def parse(text: object, *, roots: frozenset[str] = DEFAULT_ROOTS) -> Condition:
    """Parse an expression; numbers and truth values of YAML will do too. ExpressionError."""
    if not isinstance(text, str | bool | int | float):
        raise ExpressionError(
            "an expression is text", hint="write for example `used_memory_ratio > 0.9`"
        )
    words = str(text).strip()
    done = compile_expression(words, roots)
    return Condition(words, frozenset(done.names), done.run, done.lookups)


@dataclass(frozen=True)
class Template:
    """A value with expressions in its texts. Rendering looks up and joins; nothing runs."""

    raw: Any
    names: frozenset[str]
    _render: Callable[[Scope], Any] = field(repr=False, compare=False)

    def render(self, scope: Scope) -> Any:
        """The value: one whole `{{ expression }}` keeps its type, mixed text becomes a string.

        What is unknown is None as a whole value and empty within text.
        """
        return self._render(scope)


def template(value: Any, *, roots: frozenset[str] = DEFAULT_ROOTS) -> Template:
    """Parse the expressions in a text, or in every text of a list or mapping. ExpressionError."""
    names: set[str] = set()
    render = _plan(value, roots, names, 0)
    return Template(value, frozenset(names), render)


def _plan(value: Any, roots: frozenset[str], names: set[str], depth: int) -> Callable[[Scope], Any]:
    if depth > MAX_NESTING:
        raise ExpressionError(f"values are nested deeper than {MAX_NESTING}")
    if isinstance(value, str):
        return _plan_text(value, roots, names)
    if isinstance(value, list | tuple):
        items = [_plan(one, roots, names, depth + 1) for one in value]
        return lambda scope: [item(scope) for item in items]
    if isinstance(value, Mapping):
        plans = {_key(key): _plan(one, roots, names, depth + 1) for key, one in value.items()}
        return lambda scope: {key: plan(scope) for key, plan in plans.items()}
    return lambda _scope: value


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise ExpressionError(f"the key {key!r} is not text", hint="put it in quotes")
    if "{{" in key or "{%" in key or "{#" in key:
        raise ExpressionError(f"the key {key!r} holds an expression", hint="only values may")
    return key


def _plan_text(text: str, roots: frozenset[str], names: set[str]) -> Callable[[Scope], Any]:
    parts: list[str | Condition] = [
        parse(words, roots=roots) if is_expression else words
        for is_expression, words in split_template(text)
    ]
    for part in parts:
        if isinstance(part, Condition):
            names |= part.names
    if not any(isinstance(part, Condition) for part in parts):
        return lambda _scope: text
    if len(parts) == 1 and isinstance(parts[0], Condition):
        whole = parts[0]
        return lambda scope: _known(whole.value(scope))
    return lambda scope: "".join(_piece(part, scope) for part in parts)[:MAX_TEXT]


def _known(value: Any) -> Any:
    if value is UNKNOWN:
        return None
    return [_known(one) for one in value] if isinstance(value, list) else value


def _piece(part: str | Condition, scope: Scope) -> str:
    if isinstance(part, str):
        return part
    value = _known(part.value(scope))
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return text_of(value)
