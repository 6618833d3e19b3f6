"""`why` answers in words, whatever the state of things."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autofix.core.conditions import parse
from autofix.desk.explain import explain
from autofix.errors import ConfigError
from autofix.flow import stopping
from unit.flow.world import BOOK, World


def said(world: World, host: str = "r1", *, served: bool = True) -> str:
    answer = explain(world.ctx, BOOK.name, host, served)
    return "\n".join([*answer.lines, f"→ {answer.verdict}"])


def test_before_the_first_look_it_says_so() -> None:
    words = said(World(), served=False)
    assert "no server runs: nothing is being watched" in words
    assert "never looked at yet" in words


def test_a_quiet_host_would_act_and_says_with_which_step() -> None:
    world = World()
    world.look("r1")
    words = said(world)
    assert "quiet, 0s ago: ratio > 0.9 (ratio = 0.5)" in words
    assert "→ nothing is open; if a trigger fired now it would act: step 1 of 3" in words


def test_a_cooldown_is_told_for_the_subject_it_holds() -> None:
    trigger = replace(BOOK.triggers[0], subject=parse("port"))
    world = World(replace(BOOK, triggers=(trigger,)))
    world.patient.state["r1"] = {"ratio": 0.95, "port": 6380}
    world.look("r1")
    world.settle()

    world.patient.state["r1"] = {"ratio": 0.5, "port": 6380}
    world.pass_time(30)
    world.look("r1")
    words = said(world)
    assert "for 6380:" in words
    assert "guard cooldown: brakes: cooldown for another" in words
    assert "(last: incident 1, healed); if a trigger fired now it would not act" in words


def test_an_open_incident_says_why_it_stands_where_it_stands() -> None:
    world = World()
    stopping.pause(world.ctx, "ann", host="r1", reason="disk swap")
    world.ill()
    words = said(world)
    assert "incident 1 is held: pause: r1 paused by ann: disk swap" in words
    assert "guard pause: brakes: r1 paused by ann: disk swap" in words


def test_an_unknown_host_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"no host .r9."):
        said(World(), "r9")


def test_a_host_outside_the_triggers_group_is_told_so() -> None:
    world = World(replace(BOOK, triggers=(replace(BOOK.triggers[0], hosts="r2"),)))
    assert "not for this host (hosts: r2)" in said(world)
