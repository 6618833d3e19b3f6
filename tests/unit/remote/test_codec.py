"""What goes through JSON comes back as it was: every value of the core that travels."""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from enum import Enum, StrEnum
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autofix.core.accounts import Token, User
from autofix.core.alerts import Delivery
from autofix.core.audit import AuditEntry
from autofix.core.breakers import Standing
from autofix.core.incidents import Incident, Looks, Origin, State
from autofix.core.pages import Page
from autofix.core.pauses import Pause
from autofix.core.plain import plain
from autofix.core.readings import Reading
from autofix.core.roles import Role
from autofix.core.runbooks import Input
from autofix.core.runs import Run, RunEvent
from autofix.core.signals import Signal
from autofix.core.silences import Silence
from autofix.core.stories import (
    Answer,
    BreakerReset,
    IncidentStory,
    PageStory,
    Paused,
    ProbeCard,
    Resumed,
    RunbookCard,
    Status,
)
from autofix.remote.codec import decode, decoder

#: Everything that a desk gives or takes.
TRAVELLING = (
    Answer,
    AuditEntry,
    BreakerReset,
    Delivery,
    Incident,
    IncidentStory,
    Input,
    Page,
    PageStory,
    Pause,
    Paused,
    ProbeCard,
    Reading,
    Resumed,
    Run,
    RunbookCard,
    RunEvent,
    Signal,
    Silence,
    Standing,
    Status,
    Token,
    User,
)

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=3,
)
SIMPLE: dict[Any, st.SearchStrategy[Any]] = {
    bool: st.booleans(),
    int: st.integers(-(2**70), 2**70),
    float: st.floats(allow_nan=False, allow_infinity=False),
    str: TEXT,
    Any: JSON,
}


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Values of this type, as the core makes them."""
    if hint in SIMPLE:
        return SIMPLE[hint]
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(hint)
    if is_dataclass(hint):
        return objects(hint)
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return st.none() | values(next(each for each in parts if each is not type(None)))
    if origin is tuple and parts[-1] is Ellipsis:
        return st.lists(values(parts[0]), max_size=2).map(tuple)
    if origin is frozenset:
        return st.frozensets(values(parts[0]), max_size=2)
    if origin is Sequence:
        return st.lists(values(parts[0]), max_size=2)
    assert origin is Mapping, hint
    return st.dictionaries(values(parts[0]), values(parts[1]), max_size=2)


def objects(kind: Any) -> st.SearchStrategy[Any]:
    hints = get_type_hints(kind)
    return st.builds(kind, **{each.name: values(hints[each.name]) for each in fields(kind)})


def through_json(value: Any) -> Any:
    return json.loads(json.dumps(plain(value)))


@pytest.mark.parametrize("kind", TRAVELLING, ids=lambda kind: kind.__name__)
def test_every_value_comes_back_as_it_was(kind: Any) -> None:
    @given(objects(kind))
    @settings(max_examples=15, deadline=None)
    def comes_back(value: Any) -> None:
        assert decode(kind, through_json(value)) == value

    comes_back()


def incident(**more: Any) -> dict[str, Any]:
    found = Incident(3, "book", "web1", "", State.OPEN, Origin.PROBE, "P2", 1.0, 2.5)
    return {**through_json(found), **more}


def test_what_a_newer_server_adds_is_ignored() -> None:
    assert decode(Incident, incident(mood="good")).id == 3


def test_what_an_older_server_does_not_know_has_its_default() -> None:
    older = incident()
    del older["labels"], older["calls"]
    assert (decode(Incident, older).labels, decode(Incident, older).calls) == ({}, 0)


def test_what_must_be_there_is_named_when_it_is_missing() -> None:
    older = incident()
    del older["host"]
    with pytest.raises(ValueError, match="host is missing"):
        decode(Incident, older)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"id": "three"}, "id: 'three' is not a whole number"),
        ({"id": True}, "id: True is not a whole number"),
        ({"state": "asleep"}, "state: 'asleep' is none of open, held"),
        ({"state": []}, "state: .* is none of"),
        ({"opened_at": "noon"}, "opened_at: 'noon' is not a number"),
        ({"check": 1}, "check: 1 is not true or false"),
        ({"host": None}, "host: None is not text"),
        ({"accepted": "all"}, "accepted: 'all' is not a list"),
        ({"facts": [1]}, r"facts: \[1\] is not an object"),
        ({"looks": 5}, r"looks: 5 is not an object \(Looks\)"),
        ({"looks": {"started_at": None}}, "looks: started_at: None is not a number"),
    ],
)
def test_what_does_not_fit_is_named_with_its_place(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        decode(Incident, incident(**changed))


def test_a_hash_that_the_server_keeps_to_itself_is_empty() -> None:
    token = through_json(Token(1, "ci", "ann", "5e1f", 1.0, "ann", 9.0))
    del token["digest"]
    assert decode(Token, token).digest == ""


def test_numbers_beyond_a_double_come_as_digits() -> None:
    assert decode(int, str(2**70)) == 2**70
    assert decode(int, 4.0) == 4
    with pytest.raises(ValueError, match="whole number"):
        decode(int, 4.5)


def test_pairs_and_lists() -> None:
    event = RunEvent("ok", 1.0, host="r1")
    assert decode(list[tuple[int, RunEvent]], [[4, through_json(event)]]) == [(4, event)]
    with pytest.raises(ValueError, match="3 values where there are 2"):
        decode(tuple[int, str], [1, "a", "b"])
    assert decode(frozenset[Role], ["viewer"]) == {Role.VIEWER}
    assert decode(type(None), None) is None
    with pytest.raises(ValueError, match="null"):
        decode(type(None), 0)


def test_readers_are_made_once() -> None:
    assert decoder(Incident) is decoder(Incident)
    assert decode(Looks, {"started_at": 1}).started_at == 1.0


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True)
class Odd:
    either: int | str = 0
    by: Mapping[Colour, float] = field(default_factory=dict)


def test_a_type_that_json_can_not_tell_is_refused_at_once() -> None:
    with pytest.raises(TypeError, match="does not say which"):
        decode(Odd, {"either": 1})
    with pytest.raises(TypeError, match="no way back"):
        decoder(bytes)
    assert decode(Odd, {"by": {"red": 1}}).by == {Colour.RED: 1.0}
