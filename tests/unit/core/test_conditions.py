"""The expression language: what is allowed, what is refused, and what unknown does."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autofix.core.conditions import ALL_ROOTS, UNKNOWN, parse, template
from autofix.errors import ExpressionError

SCOPE: dict[str, Any] = {
    "ratio": 0.93,
    "clients": 12,
    "role": "replica",
    "running": True,
    "stopped": False,
    "gone": None,
    "ports": [6379, 6380],
    "mounts": {"/var": {"used": 0.4}},
    "text_number": " 42 ",
    "nan": float("nan"),
    "huge": 10**400,
    "host": {"env": "prod", "redis_password": "hunter2", "app": {"tier": 1}},
    "inputs": {"target": 0.8, "note": ""},
    "labels": {"team": "cache", "app.kubernetes.io/name": "shop"},
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("ratio > 0.90", True),
        ("0.9 < ratio <= 1", True),
        ("0.9 < ratio <= 0.92", False),
        ("clients * 2 + 1 == 25", True),
        ("clients // 5 == 2 and clients % 5 == 2", True),
        ("-clients < +0", True),
        ("7 / 2", 3.5),
        ("role == 'replica' or false", True),
        ("not running", False),
        ("stopped is false", True),
        ("6380 in ports", True),
        ("1 not in ports", True),
        ("'repl' in role", True),
        ("'/var' in mounts", True),
        ("mounts['/var'].used", 0.4),
        ("ports[0]", 6379),
        ("ports[-1]", 6380),
        ("ports | first", 6379),
        ("ports | max", 6380),
        ("ports | length", 2),
        ("role ~ ':' ~ clients", "replica:12"),
        ("'a' if running else 'b'", "a"),
        ("'a' if stopped else 'b'", "b"),
        ("text_number | int", 42),
        ("'12.7' | int", 12),
        ("ratio | round(1)", 0.9),
        ("ratio | round", 1),
        ("-3 | abs", 3),
        ("role | upper | lower | trim", "replica"),
        ("gone | default(5)", 5),
        ("absent.deep.key | default('x')", "x"),
        ("clients | default(5)", 12),
        ("gone is defined", False),
        ("absent is none", True),
        ("clients is number and role is string and running is boolean", True),
        ("host.env", "prod"),
        ("host.app.tier", 1),
        ("inputs.target", 0.8),
        ("labels['app.kubernetes.io/name']", "shop"),
        ("true", True),
        ("ratio in (0.93, 1)", True),
        ("ratio >\n  0.9", True),
    ],
)
def test_it_has_the_value_that_a_reader_expects(text: str, value: object) -> None:
    assert parse(text, roots=ALL_ROOTS).value(SCOPE) == value


@pytest.mark.parametrize(
    "text",
    [
        "absent > 1",
        "gone == 1",
        "gone != 1",
        "not absent",
        "role > 3",
        "role == 3",
        "ports == 'x'",
        "running + 1",
        "role + role",
        "role * 3",
        "clients / 0",
        "clients % 0",
        "clients // 0",
        "clients * absent",
        "nan > 1",
        "not (nan > 1)",
        "huge * huge",
        "huge + 0.5",
        "'6379' in ports",
        "1 in role",
        "absent in ports",
        "'x' in absent",
        "ports[7]",
        "role.upper",
        "role['x']",
        "host.absent == 'x'",
        "clients and ratio",
        "1 < absent < 3",
        "role | int",
        "'nan' | float",
        "absent | length",
        "ports | lower",
        "1 if absent else 2",
        "absent ~ 'x'",
        "absent is string",
        "ports in ports",
    ],
)
def test_it_is_unknown_and_never_true_or_false(text: str) -> None:
    condition = parse(text, roots=ALL_ROOTS)
    assert condition.value(SCOPE) is UNKNOWN
    assert condition.holds(SCOPE) is None


@pytest.mark.parametrize("text", ["clients", "role", "1", "ports"])
def test_what_is_no_truth_value_does_not_hold(text: str) -> None:
    assert parse(text).holds(SCOPE) is None


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (
            "ratio.__class__",
            "the name '__class__' begins with _ (column 1 of `ratio.__class__`)",
            "no fact does",
        ),
        (
            "role.lower()",
            "calling functions or methods is not allowed in an expression "
            "(column 11 of `role.lower()`)",
            "use a filter, such as `name | lower`",
        ),
        (
            "a > 1 and b | lowr == 'x'",
            "there is no filter 'lowr' (column 15 of `a > 1 and b | lowr == 'x'`)",
            "did you mean 'lower'?",
        ),
        (
            "a ** 9",
            "the operator ** is not allowed in an expression (column 1 of `a ** 9`)",
            "multiply instead",
        ),
        (
            "labels.team == 'x'",
            "labels. is not allowed here (column 1 of `labels.team == 'x'`)",
            "allowed: facts, host., inputs.",
        ),
        (
            "host == 'a'",
            "'host' holds names (column 1 of `host == 'a'`)",
            "write for example host.name",
        ),
        (
            "a == none",
            "nothing compares with none (column 6 of `a == none`)",
            "write `name is none`",
        ),
        (
            "role == 'a' or 'b'",
            "'b' is neither true nor false (column 16 of `role == 'a' or 'b'`)",
            "compare both sides, such as `a == 1 or a == 2`, or write `a in [1, 2]`",
        ),
        ("a >", "not an expression: unexpected 'end' (column 3 of `a >`)", ""),
        (
            "a b",
            "not an expression: it should end here (column 3 of `a b`)",
            "join conditions with and, or",
        ),
        ("'a", "not an expression: a quote is not closed (column 1 of `'a`)", ""),
        ("a\x1b", "a control character is not allowed (column 2 of `a\\u001b`)", ""),
        ("'a' * 5", "text can't be calculated with (column 1 of `'a' * 5`)", "join text with ~"),
        ("  ", "an expression is empty", "write for example `name > 0.9`"),
        (None, "an expression is text", "write for example `used_memory_ratio > 0.9`"),
    ],
)
def test_what_is_not_allowed_is_named_with_its_place_and_its_cure(
    text: object, message: str, hint: str
) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert (str(caught.value), caught.value.hint) == (message, hint)


def test_names_are_bare_for_facts_and_dotted_under_a_root() -> None:
    condition = parse("ratio > inputs.target and host.app.tier == 1 and mounts['/var'].used > 0")
    assert condition.names == {"ratio", "inputs.target", "host.app", "mounts"}


def test_a_root_wins_over_a_fact_of_the_same_name() -> None:
    with pytest.raises(ExpressionError):
        parse("labels == 'a fact'", roots=frozenset({"host"}))


def test_truth_values_and_numbers_of_yaml_are_expressions() -> None:
    assert parse(True).holds({}) is True
    assert parse(0.5).value({}) == 0.5


def test_it_explains_itself_with_the_values_it_saw() -> None:
    condition = parse("used_memory_ratio > 0.90 and not loading")
    said = condition.explain({"used_memory_ratio": 0.93})
    assert said == (
        "used_memory_ratio > 0.90 and not loading (used_memory_ratio = 0.93, loading = unknown)"
    )
    assert parse("true").explain({}) == "true"


def test_an_explanation_shows_values_inertly_shortened_and_without_secrets() -> None:
    condition = parse("role == host.redis_password or long == 'x'")
    said = condition.explain({**SCOPE, "role": "a\x1b[31m\n", "long": "y" * 5000})
    assert '"a\\u001b[31m\\u000a"' in said
    assert "hunter2" not in said
    assert "host.redis_password = ********" in said
    assert len(said) < 250


def test_nesting_is_bounded_and_never_a_recursion_error() -> None:
    for text in (
        "(" * 150 + "a" + ")" * 150,
        "not " * 300 + "a",
        "a" + "+a" * 190,
        "-" * 390 + "a",
    ):
        with pytest.raises(ExpressionError, match="nested too deeply"):
            parse(text)
    with pytest.raises(ExpressionError, match="at most 2000 characters"):
        parse("a" * 2001)
    with pytest.raises(ExpressionError, match="at most 400 words"):
        parse("[" + "1," * 300 + "1]")


def test_facts_nested_beyond_what_python_compares_are_unknown() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    other = [deep[0]]
    assert parse("a == b").value({"a": deep, "b": other}) in (True, UNKNOWN)


def test_equal_conditions_are_equal_whatever_their_closures() -> None:
    assert parse("a > 1") == parse("a > 1")
    assert hash(parse("a > 1")) == hash(parse(" a > 1 "))


TRUTH = st.sampled_from([True, False, None])


def holds(text: str, **facts: object) -> bool | None:
    return parse(text).holds(facts)


@given(TRUTH, TRUTH, TRUTH)
def test_and_or_not_keep_the_laws_of_kleene(a: object, b: object, c: object) -> None:
    order = {False: 0, None: 1, True: 2}
    assert holds("a and b", a=a, b=b) == min(a, b, key=order.__getitem__)
    assert holds("a or b", a=a, b=b) == max(a, b, key=order.__getitem__)
    assert holds("not not a", a=a) == a
    assert holds("not (a and b)", a=a, b=b) == holds("not a or not b", a=a, b=b)
    assert holds("a and (b or c)", a=a, b=b, c=c) == holds("a and b or a and c", a=a, b=b, c=c)


@pytest.mark.parametrize(
    ("value", "rendered"),
    [
        ("{{ ratio }}", 0.93),
        ("  plain text ", "  plain text "),
        ("{{ ports }}", [6379, 6380]),
        ("at {{ ratio }} of {{ inputs.target }}{{ gone }}.", "at 0.93 of 0.8."),
        ("{{ absent }}", None),
        ("{{ [absent, 1] }}", [None, 1]),
        ("{{ mounts }}!", '{"/var": {"used": 0.4}}!'),
        ("{{ '}}' }}", "}}"),
        ("{{ '{{' }} a }}", "{{ a }}"),
        (5, 5),
        (None, None),
        ({"a": ["{{ clients }}", {"b": "x{{ clients }}"}]}, {"a": [12, {"b": "x12"}]}),
    ],
)
def test_a_template_keeps_the_type_of_a_whole_expression(value: Any, rendered: Any) -> None:
    assert template(value).render(SCOPE) == rendered


def test_a_template_names_what_it_uses() -> None:
    assert template({"a": "{{ x }}", "b": ["{{ inputs.y }} {{ host.z }}"]}).names == {
        "x",
        "inputs.y",
        "host.z",
    }


@pytest.mark.parametrize(
    "value",
    [
        "{% if a %}{% endif %}",
        "a {# b #}",
        "{% raw %}x{% endraw %}",
        "{{ a",
        "{{- a }}",
        "{{ a -}}",
        "{{ }}",
        "{{ a }",
        "{{ a() }}",
        {"{{ a }}": 1},
        {1: 2},
        ["{{ lookup('pipe', 'id') }}"],
    ],
)
def test_a_template_refuses_everything_but_expressions(value: Any) -> None:
    with pytest.raises(ExpressionError):
        template(value)


def test_what_a_template_renders_is_never_read_as_a_template_again() -> None:
    hostile = "{{ lookup('pipe', 'touch canary') }}"
    assert template("{{ note }}").render({"note": hostile}) == hostile
    assert template("x {{ note }}").render({"note": hostile}) == "x " + hostile
