"""At the door: hostile keys, texts and bodies are refused; outside text is shown inertly."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autofix.core import door

HOSTILE_KEYS = [
    "", " ", "a b", "a-b", "1a", "a.b", "a[0]", "é", "a\n", "\na", "a\x00", "{{ x }}", "a" * 64,
    "__ansible_vault", "__ansible_unsafe", "__ansible_type", "__ENCRYPTED_VALUE", "__class__",
    "ansible_host", "ansible_connection", "ansible_python_interpreter", "ansible_", "ａｂｃ",
]  # fmt: skip


#: Marks that reorder the text around them.
DIRECTIONS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


@pytest.mark.parametrize("key", HOSTILE_KEYS)
def test_a_hostile_key_is_never_a_name(key: str) -> None:
    assert door.name_fault(key)


@pytest.mark.parametrize("key", ["a", "_a", "target_ratio", "A1", "a" * 63])
def test_a_plain_key_is_a_name(key: str) -> None:
    assert door.name_fault(key) == ""


def test_names_are_checked_at_every_depth_only_where_they_become_variables() -> None:
    value = {"a": [{"b": {"__ansible_unsafe": 1}}]}
    assert door.value_faults(value) == []
    assert door.value_faults(value, names=True) == [
        "a[0].b: '__ansible_unsafe' is reserved: a name starts neither with __ nor with ansible_"
    ]


@pytest.mark.parametrize("char", ["\x00", "\x1b", "\x7f", "\x85", "\x9b", "\ud800"])
def test_controls_and_surrogates_are_refused_in_texts_and_keys(char: str) -> None:
    assert door.text_fault(f"a{char}b", lines=True)
    assert door.value_faults({"x": [f"a{char}"]})
    assert door.value_faults({f"k{char}": 1})


def test_lines_are_let_in_only_where_text_has_lines() -> None:
    assert door.text_fault("one\n\ttwo\r\n", lines=True) == ""
    assert door.text_fault("one\ntwo") == "control character U+000A at position 4"


def test_a_body_that_is_too_big_or_too_deep_is_refused() -> None:
    with pytest.raises(door.Refused, match="at most 1048576"):
        door.read_json(b'"' + b"x" * door.MAX_BYTES + b'"')
    deep = b"[" * 32 + b"]" * 32
    assert door.read_json(deep)
    for body in (b"[" + deep + b"]", b"[" * 500_000, b'{"a":' * 100_000):
        with pytest.raises(door.Refused, match="nested deeper"):
            door.read_json(body)


def test_brackets_in_texts_are_not_depth() -> None:
    text = "[" * 100 + '\\"' + "{" * 100
    assert door.read_json(json.dumps({"a": text}).encode()) == {"a": text}


@pytest.mark.parametrize(
    "body",
    [
        b'{"a": 1, "a": 2}', b'{"x": {"a": 1, "b": 2, "a": 1}}', b"{", b"", b"NaN",
        b"\xef\xbb\xbf{}", b'{"a": 1,}', b"\xff", b'{"a": "\\u0000"}', b'{"a": "\\ud800"}',
        b'{"a": "\\u001b[2J"}', b'{"a\\u0007": 1}', b"1" * 5000,
        b'{"a": Infinity}',
    ],
)  # fmt: skip
def test_a_body_that_is_not_plain_json_is_refused(body: bytes) -> None:
    with pytest.raises(door.Refused):
        door.read_json(body)


words = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]))
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=10,
)


@given(json_values)
def test_what_is_let_in_is_exact(value: object) -> None:
    assert door.read_json(json.dumps(value).encode()) == value


@given(st.text(st.characters(), max_size=400), st.integers(0, 250))
def test_shown_text_is_short_and_has_nothing_that_acts(text: str, limit: int) -> None:
    shown = door.inert(text, limit)
    assert len(shown) <= limit
    assert all(unicodedata.category(c) not in ("Cc", "Cs", "Zl", "Zp") for c in shown)
    assert all(unicodedata.bidirectional(c) not in DIRECTIONS for c in shown)


def test_shown_text_keeps_what_people_read() -> None:
    assert door.inert("磁盘 90 % → voll, naïve 🙂") == "磁盘 90 % → voll, naïve 🙂"
    assert door.inert("\x1b[31mred\x1b[0m\r\n") == "\\u001b[31mred\\u001b[0m\\u000d\\u000a"
    assert door.inert("user\u202etxt.exe") == "user\\u202etxt.exe"
    assert door.inert("a\nb\x07", lines=True) == "a\nb\\u0007"


def test_a_cut_is_marked_and_never_halves_an_escape() -> None:
    assert door.inert("abcdef", 4) == "abc…"
    assert door.inert("abc\x1b", 6) == "abc…"
    assert door.inert("abcd", 4) == "abcd"


# The quick way (looking at the text as a whole) says what the slow one (each value) says.


def slowly(body: bytes) -> Any:
    """`read_json` without a shortcut; None for what it refuses."""

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({key for key, _ in found}) != len(found):
            raise door.Refused
        return dict(found)

    def refuse(_: str) -> Any:
        raise door.Refused

    try:
        value = json.loads(body.decode(), object_pairs_hook=pairs, parse_constant=refuse)
    except ValueError:
        return None
    return None if door.value_faults(value) else [value]


def quickly(body: bytes) -> Any:
    try:
        return [door.read_json(body)]
    except door.Refused:
        return None


_PIECES = st.sampled_from(
    ["{", "}", "[", "]", ":", ",", '"', '"a"', '"a":', '"b":1', "\\", "\\n", "\\u0000", "\\u000a",
     "\\ud83d", "\\ude00", "\\\\u0000", "\x7f", "\x85", "\n", " ", "1", "-0", "1e400", "1e30",
     "9" * 60, "9" * 80, "9" * 309, "0.5", "true", "null", "NaN", '{"a":1}', '["x"]', "é", "\u2028"]
)  # fmt: skip
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=12,
)


@given(st.lists(_PIECES, max_size=14).map("".join))
@settings(max_examples=400, deadline=None)
def test_pieces_of_json_are_judged_quickly_as_slowly(text: str) -> None:
    body = text.encode("utf-8", "surrogatepass")
    assert quickly(body) == slowly(body)


@given(_VALUES, st.booleans(), st.integers(0, 200), st.binary(max_size=2))
@settings(max_examples=400, deadline=None)
def test_values_with_a_flaw_are_judged_quickly_as_slowly(
    value: Any, ascii_only: bool, at: int, flaw: bytes
) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    body = text[:at] + flaw + text[at:]
    assert quickly(body) == slowly(body)


@pytest.mark.parametrize("key", ["a\n", "a\t", "\r", "a\x00", "\x85", "\ud800"])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_a_key_with_a_control_character_is_refused_however_it_is_written(
    key: str, ascii_only: bool
) -> None:
    text = json.dumps({"deep": [{key: 1}]}, ensure_ascii=ascii_only)
    with pytest.raises(door.Refused):
        door.read_json(text.encode("utf-8", "surrogatepass"))
