"""What is hashed is exactly what is read back."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum, StrEnum

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from autofix.core.alerts import Judged, Verdict
from autofix.core.audit import GENESIS, AuditEvent, body, seal
from autofix.core.plain import SAFE, plain, text
from autofix.errors import StoreError
from autofix.store import chain
from autofix.store.canonical import canonical, json_text, read_json
from autofix.testing import memory_values

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters())
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=4).filter(
            lambda found: len({text(key) for key in found}) == len(found)
        )
    ),
    max_leaves=12,
)
OBJECTS = st.dictionaries(
    st.text(st.characters(codec="utf-8"), max_size=5), VALUES, max_size=3
).filter(lambda found: len({text(key) for key in found}) == len(found))


class Colour(StrEnum):
    RED = "red"


class Level(IntEnum):
    HIGH = 3


class Tagged(str):
    """What Ansible hands out: text of a class of its own."""

    __slots__ = ()

    def __str__(self) -> str:
        return "not what it holds"


@dataclass(frozen=True)
class Pair:
    left: object
    right: object


@given(VALUES)
def test_what_is_read_back_is_what_was_stored(value: object) -> None:
    stored = json_text(value)
    assert read_json(stored) == plain(value)
    assert json_text(read_json(stored)) == stored


#: Where Python's own JSON and RFC 8785 part ways, or nearly do.
EDGES = st.sampled_from(
    [1e16, 1e-5, 1e-4, 1.5e-6, 1e-7, 1e21, 5e20, float(2**53), 2.0**53 + 2, 0.1, -0.0, 123456.75,
     1.5e15, 1e300, 5e-324, "1e+05", "1.0", "\x7f\x1f\u2028\ud7ff\ue000\U0001f525", "\"\\/\b"]
)  # fmt: skip
ODD_KEYS = st.sampled_from(["a", "\ue000", "\U00010000", "\uffff", "\ud7ff", "1.0", "e+1", "é", ""])


@given(st.dictionaries(ODD_KEYS, st.lists(EDGES | SCALARS, max_size=3), max_size=5) | EDGES)
def test_the_fast_way_writes_what_the_standards_own_way_writes(value: object) -> None:
    assert canonical(value) == rfc8785.dumps(plain(value))


@given(VALUES)
def test_made_plain_twice_is_made_plain_once(value: object) -> None:
    assert plain(plain(value)) == plain(value)
    assert repr(plain(plain(value))) == repr(plain(value))


@given(
    st.integers(1, 10**12),
    st.floats(allow_nan=False, allow_infinity=False),
    *[st.text(st.characters(codec="utf-8"))] * 4,
    st.none() | st.integers(0, SAFE),
    OBJECTS,
)
def test_the_joined_bytes_are_the_canonical_ones(
    seq: int,
    at: float,
    actor: str,
    action: str,
    runbook: str,
    host: str,
    number: int,
    payload: dict,
) -> None:
    texts = [text(each) for each in (actor, action, runbook, host)]
    event = AuditEvent(at, *texts, number, number, payload)
    row = (seq, at, *texts, number, number, json_text(payload), GENESIS)
    assert chain.sealed_bytes(row) == canonical(body(seq, event, GENESIS))
    assert chain.digest(row) == seal(seq, event, GENESIS, canonical).hash
    as_bytes = tuple(each.encode() if isinstance(each, str) else each for each in row)
    assert chain.digest(as_bytes) == chain.digest(row)


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (Colour.RED, '"red"'),
        (Level.HIGH, "3"),
        (Tagged("held"), '"held"'),
        ((1, 2), "[1,2]"),
        (frozenset({"b", "a"}), '["a","b"]'),
        (Pair(1, Colour.RED), '{"left":1,"right":"red"}'),
        ({Colour.RED: True, 5: None}, '{"5":null,"red":true}'),
        (SAFE, "9007199254740991"),
        (SAFE + 1, '"9007199254740992"'),
        (-(2**63), '"-9223372036854775808"'),
        (1e20, "100000000000000000000"),
        (1e300, "1e+300"),
        (-0.0, "0"),
        (5.0, "5"),
        ("\x00\ud800", '"\\\\x00\\\\ud800"'),
        ("€\u2028\x7f", '"€\u2028\x7f"'),
        ({"\U0001f600": 1, "\ufb33": 2}, '{"\U0001f600":1,"\ufb33":2}'),
    ],
)
def test_values_have_one_form(value: object, stored: str) -> None:
    assert json_text(value) == stored


def nested(depth: int) -> list[object]:
    value: list[object] = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [
        math.nan,
        -math.inf,
        b"x",
        object(),
        {1: "a", "1": "b"},
        {"\x00": 1, "\\x00": 2},
        {None: 1},
        {(1,): 1},
        Pair,
        nested(100_000),
    ],
)
def test_what_has_no_form_is_refused_in_one_line(value: object) -> None:
    with pytest.raises(StoreError, match="can't be stored") as refused:
        canonical(value)
    assert "\n" not in str(refused.value)


@given(VALUES)
def test_the_memory_store_keeps_values_as_the_real_one(value: object) -> None:
    event = memory_values.stored(AuditEvent(1.0, "a", "b", payload={"v": value}))
    assert event.payload == read_json(json_text({"v": value}))


texts = st.text(st.characters() | st.sampled_from("\x00\ud800\ue000\uffff\U0001f600 0123456789:"))


@given(st.lists(st.builds(
    Judged, texts, texts, st.sampled_from(Verdict), texts,
    signal=st.none() | st.integers(-(2**60), 2**60),
), max_size=3))  # fmt: skip
def test_verdicts_are_stored_the_quick_way_as_the_slow_way_does(judged: list[Judged]) -> None:
    assert json_text(tuple(judged)) == canonical(tuple(judged)).decode()
