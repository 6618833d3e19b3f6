"""With what a condition compares facts: `used_memory_ratio > 0.9` is a line at 0.9 in a chart."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jinja2 import nodes

from autofix.core.syntax import parse_syntax
from autofix.errors import ExpressionError

_SIGNS = {"gt": ">", "gteq": ">=", "lt": "<", "lteq": "<="}
_TURNED = {"gt": "lt", "gteq": "lteq", "lt": "gt", "lteq": "gteq"}
_NOT = {"gt": "lteq", "gteq": "lt", "lt": "gteq", "lteq": "gt"}
_ARITHMETIC: Mapping[type[nodes.Node], Callable[[Any, Any], Any]] = {
    nodes.Add: operator.add,
    nodes.Sub: operator.sub,
    nodes.Mul: operator.mul,
    nodes.Div: operator.truediv,
}


@dataclass(frozen=True)
class Threshold:
    """A fact is compared with this number; `sign` is one of > >= < <=."""

    fact: str
    sign: str
    value: float


def thresholds(text: str, inputs: Mapping[str, Any] | None = None) -> list[Threshold]:
    """Every comparison of one fact with a number, left to right; the number may be reckoned from
    `inputs`. What is no such comparison gives nothing."""
    tree = _tree(text)
    found = [] if tree is None else list(_found(tree, inputs or {}, turned=False))
    return list(dict.fromkeys(found))


@lru_cache(maxsize=4096)
def scale(text: str) -> Mapping[str, float]:
    """The largest number that each fact is compared with."""
    largest: dict[str, float] = {}
    for each in thresholds(text):
        largest[each.fact] = max(largest.get(each.fact, 0.0), abs(each.value))
    return largest


@lru_cache(maxsize=1024)
def _tree(text: str) -> nodes.Expr | None:
    try:
        return parse_syntax(text)[1]
    except ExpressionError:
        return None


def _found(node: nodes.Node, inputs: Mapping[str, Any], *, turned: bool) -> Iterator[Threshold]:
    if isinstance(node, nodes.Not):
        yield from _found(node.node, inputs, turned=not turned)
    elif isinstance(node, nodes.And | nodes.Or):
        yield from _found(node.left, inputs, turned=turned)
        yield from _found(node.right, inputs, turned=turned)
    elif isinstance(node, nodes.Compare):
        left = node.expr
        for operand in node.ops:
            sign = _NOT.get(operand.op, "") if turned else operand.op
            yield from _compared(left, sign, operand.expr, inputs)
            left = operand.expr


def _compared(
    left: nodes.Expr, sign: str, right: nodes.Expr, inputs: Mapping[str, Any]
) -> Iterator[Threshold]:
    if sign not in _SIGNS:
        return
    if _fact(right):
        left, right, sign = right, left, _TURNED[sign]
    fact, value = _fact(left), _number(right, inputs)
    if fact and value is not None:
        yield Threshold(fact, _SIGNS[sign], value)


def _fact(node: nodes.Node) -> str:
    """`x`, or `x | default(0)`."""
    if isinstance(node, nodes.Filter) and node.name in ("default", "d") and node.node is not None:
        node = node.node
    return str(node.name) if isinstance(node, nodes.Name) else ""


def _number(node: nodes.Node, inputs: Mapping[str, Any]) -> float | None:
    try:
        value = _value(node, inputs)
        good = isinstance(value, int | float) and not isinstance(value, bool)
        return float(value) if good and math.isfinite(value) else None
    except (ArithmeticError, TypeError, ValueError):
        return None


def _value(node: nodes.Node, inputs: Mapping[str, Any]) -> Any:
    if isinstance(node, nodes.Const):
        return node.value
    if isinstance(node, nodes.Neg):
        return -_value(node.node, inputs)
    if isinstance(node, nodes.BinExpr) and type(node) in _ARITHMETIC:
        left, right = _value(node.left, inputs), _value(node.right, inputs)
        return _ARITHMETIC[type(node)](left, right)
    if isinstance(node, nodes.Getattr) and _fact(node.node) == "inputs":
        return inputs.get(node.attr)
    return None
