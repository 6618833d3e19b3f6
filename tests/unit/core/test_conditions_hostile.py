"""Hostile expressions: nothing is ever called, and nothing but ExpressionError comes out."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from autofix.core.conditions import ALL_ROOTS, UNKNOWN, parse, template
from autofix.errors import ExpressionError


class Trap:
    """Raises whatever is done with it."""

    def __getattribute__(self, name: str) -> Any:
        if name == "__class__":
            return Trap
        raise AssertionError(f"touched .{name}")

    def __call__(self) -> Any:
        raise AssertionError("called")

    def __eq__(self, other: object) -> bool:
        raise AssertionError("compared")

    def __getitem__(self, key: object) -> Any:
        raise AssertionError("indexed")

    __lt__ = __gt__ = __add__ = __mul__ = __contains__ = __getitem__
    __hash__ = object.__hash__


ATTACKS = [
    "''.__class__.__mro__[1].__subclasses__()",
    "a.__init__.__globals__['os'].system('id')",
    "a|attr('__class__')",
    "a|attr('\\x5f\\x5fclass\\x5f\\x5f')",
    "a['__class__']",
    "a[('__cl' ~ 'ass__')]",
    "request|attr('application')",
    "'{0.__class__}'|format(a)",
    "'%s%s' % (a, a)",
    "a|map('upper')|list",
    "a|map(attribute='__class__')|list",
    "range(10**9)",
    "cycler.__init__",
    "lipsum.__globals__",
    "namespace(x=1)",
    "self",
    "self._TemplateReference__context",
    "loop.index",
    "dict(a=1)",
    "a|tojson",
    "'a'*10**10",
    "9**9**9**9",
    "10**100000",
    "1" * 1990,
    "a if a",
    "a is sameas b",
    "a is callable",
    "a|default(*b)",
    "a|default(**b)",
    "a|default(value=b)",
    "a|round(99)",
    "a|round(1, 'ceil')",
    "a|round(-400)",
    "*a",
    "a=1",
    "a := 1",
    "lambda: 1",
    "[x for x in a]",
    "{a}",
    "{'a': a}",
    "a; b",
    "a }} {% include 'x' %} {{ a",
    "a %}",
    "#}",
    "a\nb",
    "\ud800",
    "'\\ud800'",
    "'\\x00'",
    "'\\777777'",
    "1_000_000",
    "0xffffffffffffffffffffff",
    "1e308 * 1e308",
    "true.real",
    "a.b.c.d.e" * 60,
    "a" + ".b" * 190,
    "a" + "[0]" * 130,
    "a" + "|lower" * 190,
    "[" * 199 + "]" * 199,
    "a if " * 190 + "a",
    "a if b else " * 95 + "c",
    "a ~ " * 190 + "a",
    "1 < " * 190 + "1",
    "not " * 350 + "a",
]
_WORDS = """a b host host.env inputs.x labels._x __class__ ( ) [ ] { } . , : | ~ + - * / // % **
    == != < > <= >= and or not in is if else none true 1 0 1e99 1.5 'x' "y" lower attr map format
    default round int length abs defined string {{ }} {% %} {# #} \\ ' " = ! @ $ é \u202e"""
WORDS = st.sampled_from(_WORDS.split())
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=20)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


def evaluate(text: str, scope: dict[str, Any]) -> None:
    try:
        condition = parse(text, roots=ALL_ROOTS)
    except ExpressionError:
        return
    condition.value(scope)
    assert condition.holds(scope) in (True, False, None)
    condition.explain(scope)


@pytest.mark.parametrize("text", ATTACKS)
def test_a_known_attack_is_refused_or_evaluates_to_data(text: str) -> None:
    trap = Trap()
    scope = {"a": trap, "b": trap, "self": trap, "true": trap, "host": {}, "inputs": {}}
    evaluate(text, scope)
    with suppress(ExpressionError):
        template("{{ " + text + " }}").render({"a": 1})


@given(st.lists(WORDS, max_size=30).map(" ".join), VALUES, VALUES)
@example("a in b", "", {})
@settings(max_examples=400, deadline=None)
def test_no_words_in_any_order_raise_anything_else(text: str, a: Any, b: Any) -> None:
    evaluate(text, {"a": a, "b": b, "host": {"env": a}, "inputs": {"x": b}})


@given(st.text(max_size=60), VALUES)
@settings(max_examples=300, deadline=None)
def test_no_text_raises_anything_else(text: str, value: Any) -> None:
    evaluate(text, {"a": value})
    with suppress(ExpressionError):
        template(text).render({"a": value})


OPERANDS = st.sampled_from(
    ["a", "b", "1", "0", "'x'", "[a, 1]", "(a | default(b))", "(b | length)"]
)
_OPERATORS = "+;-;*;/;//;%;~;==;!=;<;>;<=;>=;in;not in;and;or;if a == b else"
OPERATORS = st.sampled_from(_OPERATORS.split(";"))


@given(st.lists(st.tuples(OPERANDS, OPERATORS), max_size=8), OPERANDS, VALUES, VALUES)
@settings(max_examples=400, deadline=None)
def test_a_legal_expression_never_raises_on_any_facts(
    parts: list[tuple[str, str]], last: str, a: Any, b: Any
) -> None:
    text = " ".join(f"{operand} {operator}" for operand, operator in parts) + " " + last
    evaluate(text, {"a": a, "b": b})


def test_results_are_bounded_in_size() -> None:
    product = parse(" * ".join(["a"] * 30))
    assert product.value({"a": 10**17}) is UNKNOWN
    joined = parse(" ~ ".join(["a"] * 30))
    assert joined.value({"a": "x" * 50_000}) is UNKNOWN
    assert len(template("{{ a }}{{ a }}{{ a }} ").render({"a": "x" * 90_000})) <= 100_000
