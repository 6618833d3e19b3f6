"""An alert that comes again while its incident is open costs the host nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from autofix.core.conditions import parse
from autofix.core.incidents import Origin
from autofix.core.signals import Signal, SignalState
from autofix.flow import intake
from unit.flow.world import BOOK, World


class Counted(World):
    """Counts the looks at its hosts."""

    def __init__(self, **changes: Any) -> None:
        super().__init__(replace(BOOK, **changes))
        self.looks = 0
        look = self.patient.look

        def counted(*given: Any, **more: Any) -> Any:
            self.looks += 1
            return look(*given, **more)

        self.patient.look = counted  # type: ignore[method-assign]
        self.patient.state["r1"] = {"ratio": 0.95}

    def alert(self, origin: Origin = Origin.ALERT, host: str = "r1") -> Signal:
        signal = Signal(0, origin, self.clock.now(), host, self.book.name, by="alerts")
        return intake.handle(self.ctx, intake.receive(self.ctx, signal))


def test_a_hundred_of_the_same_look_once() -> None:
    world = Counted()
    states = [world.alert().state for _ in range(100)]
    assert states == [SignalState.MATCHED] + [SignalState.IGNORED] * 99
    assert world.looks == 1


def test_another_host_is_looked_at() -> None:
    world = Counted()
    world.patient.state["r2"] = {"ratio": 0.95}
    world.alert()
    assert world.alert(host="r2").state is SignalState.MATCHED
    assert world.looks == 2


def test_a_person_who_asks_again_is_answered_by_a_look() -> None:
    world = Counted()
    world.alert()
    world.alert(Origin.PERSON)
    assert world.looks == 2


def test_what_has_subjects_is_looked_at_to_know_which() -> None:
    trigger = replace(BOOK.triggers[0], subject=parse("port"))  # type: ignore[type-var]
    world = Counted(triggers=(trigger,))
    world.alert()
    world.alert()
    assert world.looks == 2


@pytest.mark.parametrize("name", ["gone", ""])
def test_an_unknown_runbook_is_no_echo(name: str) -> None:
    world = Counted()
    signal = Signal(0, Origin.ALERT, world.clock.now(), "r1", name, by="alerts")
    handled = intake.handle(world.ctx, intake.receive(world.ctx, signal))
    assert handled.state is SignalState.IGNORED
