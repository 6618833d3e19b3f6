"""The inputs of a run: declared ones only, each within its limits."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autofix.core.inputs import check_inputs, default_fault
from autofix.core.patterns import LONGEST, compiled, pattern_fault
from autofix.core.runbooks import Input

DECLARED = {
    one.name: one
    for one in (
        Input("ratio", "number", default=0.8, min=0.1, max=0.95),
        Input("count", "integer"),
        Input("force", "boolean", default=False),
        Input("note", "string", default="", max_length=20),
        Input("unit", "string", default="redis.service", pattern=r"[a-z.@-]+"),
        Input("mode", "string", choices=("soft", "hard")),
        Input("level", "number", choices=(1, 2.5)),
        Input("api_token", "string", max_length=3),
    )
}


def faults(given: dict[str, Any], from_text: bool = False) -> list[str]:
    return check_inputs(DECLARED, given, from_text=from_text)[1]


def test_what_is_not_given_has_its_default_or_nothing() -> None:
    values, wrong = check_inputs(DECLARED, {}, from_text=False)
    assert wrong == []
    assert values["ratio"] == 0.8
    assert values["count"] is None
    assert set(values) == set(DECLARED)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("ratio", "0.5", 0.5),
        ("ratio", ".5", 0.5),
        ("count", " 12 ", 12),
        ("count", "-3", -3),
        ("force", "Yes", True),
        ("force", "false", False),
        ("note", "0.5", "0.5"),
        ("mode", "hard", "hard"),
        ("level", "1", 1),
        ("level", "1.0", 1.0),
    ],
)
def test_what_a_person_typed_is_read_by_its_type(name: str, text: str, value: object) -> None:
    values, wrong = check_inputs(DECLARED, {name: text}, from_text=True)
    assert wrong == []
    assert values[name] == value
    assert type(values[name]) is type(value)


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"ratio": "0.5"}, "input 'ratio': \"0.5\" is not a number"),
        ({"ratio": True}, "input 'ratio': true is not a number"),
        ({"ratio": 0.96}, "input 'ratio': 0.96 is above the maximum 0.95"),
        ({"ratio": 0}, "input 'ratio': 0 is below the minimum 0.1"),
        ({"ratio": float("nan")}, "input 'ratio': nan is not a finite number"),
        ({"ratio": float("inf")}, "input 'ratio': inf is not a finite number"),
        ({"count": 1.5}, "input 'count': 1.5 is not an integer"),
        ({"count": 2**70}, "input 'count': 1180591620717411303424 is too large"),
        ({"count": None}, "input 'count': unknown is not an integer"),
        ({"force": 1}, "input 'force': 1 is not a boolean (true or false)"),
        ({"note": "x" * 21}, 'input \'note\': "xxxxxxxxxxxxxxxxxxxxx" has 21 characters, '
         "at most 20 are allowed"),
        ({"note": "a\x1b[0m"}, 'input \'note\': "a\\u001b[0m" holds a control character U+001B '
         "at position 2"),
        ({"note": "a\nb"}, 'input \'note\': "a\\u000ab" holds a control character U+000A '
         "at position 2"),
        ({"note": "\x9b"}, 'input \'note\': "\\u009b" holds a control character U+009B '
         "at position 1"),
        ({"note": "\ud800"}, 'input \'note\': "\\ud800" holds a surrogate U+D800 at position 1'),
        ({"note": ["x"]}, "input 'note': [\"x\"] is not text"),
        ({"unit": "a;b"}, "input 'unit': \"a;b\" does not match the pattern [a-z.@-]+"),
        ({"unit": "redis\n"}, 'input \'unit\': "redis\\u000a" holds a control character U+000A '
         "at position 6"),
        ({"mode": "Hard"}, 'input \'mode\': "Hard" is none of "soft", "hard"'),
        ({"level": 2}, "input 'level': 2 is none of 1, 2.5"),
        ({"ratoi": 1}, "there is no input 'ratoi' (did you mean 'ratio'?)"),
        ({"api_token": "hunter2"}, "input 'api_token': the value has 7 characters, at most 3 are "
         "allowed"),
    ],
)  # fmt: skip
def test_what_breaks_a_limit_is_refused_in_words(given: dict[str, Any], fault: str) -> None:
    assert faults(given) == [fault]


@pytest.mark.parametrize(
    "text", ["1_000", "1e999", "nan", "inf", "0x10", "١٢", "9" * 30, "", "1 2"]
)
def test_texts_that_python_would_read_as_numbers_are_not_numbers(text: str) -> None:
    assert faults({"ratio": text}, from_text=True)
    assert faults({"count": text}, from_text=True)


def test_everything_wrong_is_said_at_once() -> None:
    assert len(faults({"ratio": 9, "count": "x", "zzz": 1, "mode": ""})) == 4


def test_a_required_input_must_be_given() -> None:
    declared = {"who": Input("who", required=True, help="the user to lock")}
    assert check_inputs(declared, {}, from_text=False)[1] == [
        "input 'who' is required (the user to lock)"
    ]
    assert check_inputs(declared, {"who": ""}, from_text=False)[1] == []


def test_a_runbook_without_inputs_takes_none() -> None:
    said = check_inputs({}, {"a\x1b": 1}, from_text=True)[1]
    assert said == ["there is no input 'a\\\\u001b' (this runbook has no inputs)"]


def test_a_default_is_held_against_its_own_limits() -> None:
    assert default_fault(Input("a", "number", default=2, max=1)) == "2 is above the maximum 1"
    assert default_fault(Input("a", "number")) == ""


@given(
    st.dictionaries(
        st.sampled_from([*DECLARED, "other"]),
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.text()
        | st.lists(st.integers()),
    ),
    st.booleans(),
)
def test_no_value_raises_and_what_passes_keeps_its_type(given: dict[str, Any], typed: bool) -> None:
    values, wrong = check_inputs(DECLARED, given, from_text=typed)
    if not wrong:
        for name, value in values.items():
            assert value is None or default_fault(Input(name, DECLARED[name].type, value)) == ""


@pytest.mark.parametrize(
    "pattern",
    ["[a-z]+", r"\d{1,3}(\.\d{1,3}){3}", r"(\d{1,3}\.){3}\d{1,3}", "(soft|hard)", "a(b+)?c",
     r"[\w.-]+@[\w.-]+", "[)(*+]+", r"\(\*\+", "(?:ab){3}", "[]]+x", "a?b?c?"],
)  # fmt: skip
def test_an_honest_pattern_is_accepted(pattern: str) -> None:
    assert pattern_fault(pattern, 100) == ""


@pytest.mark.parametrize(
    "pattern",
    ["(a+)+", "(a*)*b", "(a|a)*b", "(a|b?)+", "([a-z]+.)*x", "(a?){50}a{50}", "((a+))+", "(?:a+)+",
     r"(a)\1+", "(?=a+)a", "(?P<x>a+)+", "(a{1,9}){9}", "a*a*a*a*a*b", "(", "a{99999999999}",
     "x" * 501],
)  # fmt: skip
def test_a_pattern_that_can_be_slow_is_refused(pattern: str) -> None:
    assert pattern_fault(pattern, 60) != ""


@pytest.mark.parametrize("repeats", [1, 2, 3, 4])
def test_an_accepted_pattern_is_quick_on_the_worst_text(repeats: int) -> None:
    pattern, length = "a*" * repeats + "b", LONGEST[repeats]
    assert pattern_fault(pattern, length) == ""
    assert pattern_fault(pattern, length + 1) != ""
    started = time.process_time()
    assert not compiled(pattern).fullmatch("a" * length)
    assert time.process_time() - started < 2


@settings(deadline=None)
@given(st.text(alphabet="ab(|)*+?{2,}[]\\.^$", max_size=20))
def test_no_pattern_makes_the_judge_stumble(pattern: str) -> None:
    if not pattern_fault(pattern, 60):
        started = time.process_time()
        compiled(pattern).fullmatch("ab" * 10 + "a" * 39 + "!")
        assert time.process_time() - started < 2
