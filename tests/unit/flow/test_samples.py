"""What looks saw is written for charts: beside what they mean, and never invented."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autofix.core.conditions import parse
from autofix.core.incidents import Origin
from autofix.core.readings import Reading
from autofix.core.series import Sample
from autofix.core.signals import Signal
from autofix.flow import intake, observing
from unit.flow.world import BOOK, World


def kept(world: World, host: str = "r1") -> list[Sample]:
    with world.store.reading() as reads:
        return reads.samples("redis-memory-high", host, "", 0.0, 1e12)


def look(world: World, *readings: Reading) -> None:
    observing.observe(world.ctx, [observing.Observation(BOOK, 0, list(readings))])


def reading(at: float, ratio: float, **more: object) -> Reading:
    return Reading("r1", at, {"reachable": True, "error": None, "ratio": ratio, **more})


def test_of_a_calm_target_a_look_each_five_minutes_is_kept_with_what_conditions_name() -> None:
    world = World()
    for number in range(21):
        look(world, reading(30.0 * number, 0.5, role="master", clients=number))
    assert [each.at for each in kept(world)] == [0.0, 300.0, 600.0]
    assert kept(world)[0] == Sample(
        "redis-memory-high", "r1", "", "0", 0.0, "quiet", {"ratio": 0.5}
    )


def test_a_look_that_failed_is_a_gap() -> None:
    world = World()
    look(world, reading(0.0, 0.5), Reading.unseen("r1", 30.0, "no route"), reading(60.0, 0.5))
    assert [(each.at, each.facts) for each in kept(world)] == [
        (0.0, {"ratio": 0.5}), (30.0, {}), (60.0, {"ratio": 0.5}),
    ]  # fmt: skip


def test_what_was_not_committed_is_not_taken_for_kept() -> None:
    world = World()
    real = world.store.transaction
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(
            type(world.store), "transaction", lambda _: (_ for _ in ()).throw(OSError("full"))
        )
        with pytest.raises(OSError, match="full"):
            look(world, reading(0.0, 0.5))
    assert world.store.transaction == real
    look(world, reading(30.0, 0.5))
    assert [each.at for each in kept(world)] == [30.0]


def test_verification_and_the_first_look_at_an_alert_are_kept() -> None:
    world = World()
    world.patient.state["r1"] = {"ratio": 0.95}
    signal = intake.receive(
        world.ctx, Signal(0, Origin.ALERT, world.clock.now(), "r1", "redis-memory-high")
    )
    intake.handle(world.ctx, signal)
    assert [(each.look, each.facts) for each in kept(world)] == [("first", {"ratio": 0.95})]


def test_a_runbook_that_names_no_number_keeps_nothing() -> None:
    world = World()
    book = replace(
        BOOK, verify=None, triggers=(replace(BOOK.triggers[0], when=parse("role == 'x'")),)
    )
    seen = Reading("r1", 0.0, {"reachable": True, "error": None, "role": "y", "ratio": 1.0})
    observing.observe(world.ctx, [observing.Observation(book, 0, [seen])])
    assert kept(world) == []
