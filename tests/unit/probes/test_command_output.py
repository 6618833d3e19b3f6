"""Performance data of Nagios plugins and JSON, as programs print them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autofix.probes.command_output import exit_facts, fact_name, json_facts, nagios_facts, perfdata


def test_a_plugin_with_performance_data() -> None:
    said = "DISK OK - free space: / 3326 MB (56%);| /=2643MB;5948;5958;0;5968\n"
    seen = nagios_facts(0, said)
    assert seen == {"status": "OK", "root": 2643 * 1024**2}


def test_performance_data_over_several_lines() -> None:
    said = (
        "DISK OK - free space: / 3326 MB (56%); | /=2643MB;5948;5958;0;5968\n"
        "/ 15272 MB (77%);\n"
        "/boot 68 MB (69%); | /boot=68MB;88;93;0;98\n"
        "/home=69357MB;253404;253409;0;253414\n"
        "/var/log=818MB;970;975;0;980\n"
    )
    assert list(nagios_facts(1, said)) == ["status", "root", "boot", "home", "var_log"]


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("1.5s", 1.5),
        ("250ms", 0.25),
        ("12us", pytest.approx(0.000012)),
        ("2KB", 2048),
        ("1GB", 1024**3),
        ("512B", 512),
        ("90%", 90),
        ("12345c", 12345),
        ("0.73", 0.73),
        ("-3", -3),
        ("1,5s", 1.5),
        ("1e3", 1000),
        (".5", 0.5),
    ],
)
def test_values_come_in_base_units(raw: str, value: Any) -> None:
    assert list(perfdata(f"OK | x={raw};1;2")) == [("x", value)]


@pytest.mark.parametrize("raw", ["U", "", "much", "5parsecs", "1e999", "nan", "--1"])
def test_values_that_are_none_are_left_out(raw: str) -> None:
    assert list(perfdata(f"OK | x={raw} y=1")) == [("y", 1)]


def test_labels_may_be_quoted() -> None:
    said = "OK | 'free space'=5 'it''s=so'=6 'C:\\ %'=7%"
    assert list(perfdata(said)) == [("free space", 5), ("it's=so", 6), ("C:\\ %", 7)]


@pytest.mark.parametrize(("code", "status"), [(0, "OK"), (1, "WARNING"), (2, "CRITICAL")])
def test_the_exit_code_is_the_status(code: int, status: str) -> None:
    assert nagios_facts(code, "")["status"] == status


@pytest.mark.parametrize("code", [3, 4, 127, 137, -1])
def test_every_other_exit_code_is_unknown(code: int) -> None:
    assert nagios_facts(code, "")["status"] == "UNKNOWN"


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("load1", "load1"),
        ("/", "root"),
        ("/var/log", "var_log"),
        ("free-space %", "free_space"),
        ("1min", "perf_1min"),
        ("status", "perf_status"),
        ("error", "perf_error"),
        ("not", "perf_not"),
        ("host", "perf_host"),
        ("%%", "perf"),
        ("", "perf"),
    ],
)
def test_a_label_becomes_a_name_for_expressions(label: str, name: str) -> None:
    assert fact_name(label, "perf") == name


def test_labels_that_become_the_same_name_are_numbered() -> None:
    assert list(nagios_facts(0, "OK | a-b=1 a_b=2 a.b=3"))[1:] == ["a_b", "a_b_2", "a_b_3"]


def test_the_keys_of_an_object_are_facts() -> None:
    seen = json_facts('{"depth": 3, "ok": false, "parts": {"a": [1, null]}, "two words": "x"}')
    assert seen == {"depth": 3, "json_ok": False, "parts": {"a": [1, None]}, "two_words": "x"}


@pytest.mark.parametrize(("said", "value"), [("[1, 2]", [1, 2]), ("7", 7), ('"x"', "x")])
def test_json_that_is_no_object_is_one_value(said: str, value: Any) -> None:
    assert json_facts(said) == {"value": value}


@pytest.mark.parametrize(
    "said",
    [
        *("", "{", "{} {}", "NaN", '{"a": NaN}', '{"a": Infinity}', '{"a": 1e999}'),
        *("[" * 100_000, "[" * 50 + "]" * 50, "9" * 5000),
    ],
    ids=lambda said: said[:15] or "nothing",
)
def test_what_is_no_json_is_none(said: str) -> None:
    assert json_facts(said) is None


def test_numbers_beyond_json_become_approximate() -> None:
    seen = json_facts('{"a": 18446744073709551615, "b": 9007199254740991}')
    assert seen == {"a": 18446744073709551615.0, "b": 9007199254740991}
    assert isinstance(seen["a"], float)


def test_half_a_character_does_not_reach_a_store() -> None:
    seen = json_facts('{"a": "\\ud800x", "\\udfff": 1}')
    assert seen is not None
    json.dumps(seen, ensure_ascii=False).encode("utf-8")


def test_a_flood_of_names_is_bounded() -> None:
    seen = json_facts(json.dumps({f"k{n}": n for n in range(5000)}))
    assert seen is not None
    assert len(seen) == 500


def test_the_first_line_is_the_output_without_performance_data() -> None:
    assert exit_facts(0, "\n  LOAD OK | load1=0.1\nmore", "")["output"] == "LOAD OK"
    assert exit_facts(1, "", "cannot open\nfile")["output"] == "cannot open"
    assert exit_facts(1, "", "")["output"] == ""


def test_active_characters_in_the_output_are_shown_inertly() -> None:
    assert "\x1b" not in exit_facts(0, "\x1b]0;owned\x07 hello", "")["output"]


perf_text = st.lists(
    st.sampled_from(["|", "=", "'", ";", " ", "\n", "U", "1", ".", ",", "e9", "MB", "%", "label"])
    | st.text(max_size=5)
).map("".join)


@given(perf_text)
def test_performance_data_never_raise_and_stay_json(said: str) -> None:
    json.dumps(nagios_facts(0, said), allow_nan=False).encode()
    json.dumps(exit_facts(0, said, said), allow_nan=False).encode()


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(), st.lists))
def test_json_never_raises_and_stays_json(value: Any) -> None:
    json.dumps(json_facts(json.dumps({"a": value})), allow_nan=False).encode()


@given(st.text(max_size=40))
def test_every_label_becomes_an_identifier(label: str) -> None:
    assert fact_name(label, "perf").isidentifier()
