"""What the callback copies out of a task's result is bounded before it is sent."""

import importlib.util
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autofix.ansible.environment import CALLBACKS
from autofix.ansible.wire import LONGEST_LINE


@pytest.fixture(scope="module")
def callback():
    spec = importlib.util.spec_from_file_location("events", CALLBACKS / "autofix_events.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=50),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=40,
)


@given(JSON, st.integers(1, 300))
def test_a_copy_is_never_much_larger_than_its_room(callback, value, room):
    cutter = callback.Cutter(room)
    copied = cutter.copy(value)
    assert len(json.dumps(copied, ensure_ascii=False)) <= 12 * room + 200


@given(JSON)
def test_with_room_enough_nothing_is_lost(callback, value):
    cutter = callback.Cutter(1_000_000)
    assert json.dumps(cutter.copy(value)) == json.dumps(value)
    assert not cutter.cut


def test_depth_and_huge_numbers_are_bounded(callback):
    deep = value = []
    for _ in range(1000):
        value.append([])
        value = value[0]
    cutter = callback.Cutter(10_000)
    assert json.dumps(cutter.copy([deep, 10**5000])).endswith('"a huge number"]')
    assert cutter.cut


def test_the_longest_event_fits_into_a_line(callback):
    worst = "\U0001f600" * 1_000_000
    text, cut = callback.output(
        {"stdout": worst, "stderr": worst, "msg": [worst]}, "command", False
    )
    assert cut
    report = callback.Cutter(callback.REPORT_LIMIT)
    for fields in ({"text": text}, {"report": report.copy({"x": worst})}):
        assert len(json.dumps({"task": callback.name(worst), **fields})) < LONGEST_LINE


def test_lines_of_a_message_stand_under_each_other(callback):
    assert callback.output({"msg": ["a", "b"]}, "debug", False) == ("a\nb", False)


def test_debug_shows_the_value_of_its_variable(callback):
    assert callback.output({"x": 5, "changed": False}, "ansible.builtin.debug", False)[0] == "5"


def test_a_failure_tells_its_message_and_what_stands_on_stderr(callback):
    result = {"msg": "non-zero return code", "stderr": "no such disk"}
    assert callback.message(result) == ("non-zero return code: no such disk", False)


def test_a_hidden_result_tells_nothing(callback):
    assert callback.message({"censored": "x", "msg": "secret"}) == ("(hidden by no_log)", False)
    assert callback.output({"censored": "x", "stdout": "s"}, "command", True) == ("", False)
