"""Of several readings of one look, which is about this incident? Never the first by chance."""

from __future__ import annotations

import pytest

from autofix.core.conditions import ALL_ROOTS, Condition, parse
from autofix.core.readings import Reading
from autofix.flow.looking import ours
from unit.flow.world import World

PORT = parse("port", roots=ALL_ROOTS)


def reading(port: int) -> Reading:
    return Reading("r1", 1.0, {"reachable": True, "error": None, "port": port})


@pytest.mark.parametrize(("subject", "condition"), [("", None), ("6380", None), ("", PORT)])
def test_where_nothing_says_which_nothing_was_seen(
    subject: str, condition: Condition | None
) -> None:
    found = ours(World().ctx, [reading(6379), reading(6380)], subject, condition, {})
    assert found.error.startswith("2 things were seen, and nothing says which of them is meant")
    assert "port" not in found.facts


@pytest.mark.parametrize(("subject", "condition"), [("", None), ("x", None), ("", PORT)])
def test_the_only_one_is_meant(subject: str, condition: Condition | None) -> None:
    assert ours(World().ctx, [reading(6379)], subject, condition, {}).facts["port"] == 6379


def test_the_subject_says_which() -> None:
    two = [reading(6379), reading(6380)]
    assert ours(World().ctx, two, "6380", PORT, {}).facts["port"] == 6380
    assert ours(World().ctx, two, "6381", PORT, {}).error == "nothing was seen of 6381"
