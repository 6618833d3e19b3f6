"""A trigger over time: readings in, verdicts out."""

from __future__ import annotations

import pytest

from autofix.core.conditions import parse
from autofix.core.readings import Reading
from autofix.core.runbooks import Blind, ProbeTrigger
from autofix.core.triggers import Verdict, Watch, advance

DOWN = "down"


def watch(trigger: ProbeTrigger, *seen: tuple[float, object]) -> list[str]:
    """The verdict of each look: (seconds, ratio | None for absent | DOWN)."""
    state, verdicts = Watch("redis-memory-high", 0, "r1"), []
    for at, value in seen:
        if value == DOWN:
            reading = Reading.unseen("r1", at, "connection refused")
        else:
            facts = {"reachable": True, "error": None}
            reading = Reading("r1", at, facts if value is None else {**facts, "ratio": value})
        state, verdict = advance(trigger, state, reading, reading.facts)
        verdicts.append(str(verdict))
        assert state.why
    return verdicts


HIGH = ProbeTrigger("redis", "redis", parse("ratio > 0.9"), for_=60)


def test_it_fires_once_the_condition_held_long_enough() -> None:
    assert watch(HIGH, (0, 0.95), (30, 0.95), (60, 0.95), (90, 0.95)) == [
        "pending", "pending", "fires", "firing",
    ]  # fmt: skip


def test_a_dip_begins_the_wait_anew() -> None:
    assert watch(HIGH, (0, 0.95), (30, 0.5), (60, 0.95), (119, 0.95), (120, 0.95)) == [
        "pending", "quiet", "pending", "pending", "fires",
    ]  # fmt: skip


def test_a_failed_look_neither_fires_nor_clears_and_breaks_the_wait() -> None:
    looks = [(0, 0.95), (30, DOWN), (60, 0.95), (120, 0.95), (150, DOWN), (180, 0.95)]
    assert watch(HIGH, *looks) == [
        "pending", "unseen", "pending", "fires", "unseen", "firing",
    ]  # fmt: skip


def test_an_absent_fact_is_unknown_and_never_fires() -> None:
    assert watch(HIGH, (0, None), (60, None), (120, None)) == ["unknown"] * 3


def test_without_for_it_fires_at_once() -> None:
    now = ProbeTrigger("redis", "redis", parse("ratio > 0.9"))
    assert watch(now, (0, 0.95), (1, 0.2), (2, 0.95)) == ["fires", "clears", "fires"]


def test_clear_when_keeps_it_firing_until_well_below() -> None:
    wide = ProbeTrigger("redis", "redis", parse("ratio > 0.9"), clear_when=parse("ratio < 0.8"))
    assert watch(wide, (0, 0.95), (1, 0.85), (2, 0.91), (3, 0.79)) == [
        "fires", "firing", "firing", "clears",
    ]  # fmt: skip


@pytest.mark.parametrize("after", [1, 3])
def test_it_is_blind_once_after_that_many_failed_looks_in_a_row(after: int) -> None:
    trigger = ProbeTrigger("redis", "redis", parse("ratio > 0.9"), blind=Blind(after))
    looks = [(float(at), DOWN) for at in range(6)]
    verdicts = watch(trigger, *looks)
    assert verdicts.count("blind") == 1
    assert verdicts.index("blind") == after - 1
    assert (
        watch(trigger, *looks, (7, 0.1), *[(8.0 + at, DOWN) for at in range(6)]).count("blind") == 2
    )


def test_a_trigger_on_reachable_fires_when_the_target_is_down() -> None:
    dead = ProbeTrigger("redis", "redis", parse("not reachable"), for_=10)
    assert watch(dead, (0, DOWN), (10, DOWN), (20, 0.5)) == ["pending", "fires", "clears"]


def test_the_words_name_the_values() -> None:
    reading = Reading("r1", 5.0, {"reachable": True, "error": None, "ratio": 0.95})
    state, verdict = advance(HIGH, Watch("x", 0, "r1"), reading, reading.facts)
    assert verdict is Verdict.PENDING
    assert "ratio = 0.95" in state.why
    assert "of 1m" in state.why
