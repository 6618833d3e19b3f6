"""A signal whose handling breaks is not kept for ever, and a person hears of it."""

from __future__ import annotations

from dataclasses import replace

from autofix.core.incidents import Incident, Origin, State
from autofix.core.signals import Signal, SignalState
from autofix.errors import StoreError
from autofix.flow import intake
from autofix.testing.inventory import FakeInventory
from unit.flow.alerting import AlertWorld


class Breaks(FakeInventory):
    """Whoever asks it for the hosts of a name meets a defect."""

    error: Exception = ZeroDivisionError("a defect")

    def hosts(self, pattern: str) -> list[str]:
        raise self.error


def broken(error: Exception | None = None) -> AlertWorld:
    world = AlertWorld()
    inventory = Breaks({"redis": {"r1": {}, "r2": {}, "r3": {}}})
    inventory.error = error or inventory.error
    world.ctx.book = replace(world.ctx.book, inventory=inventory)
    return world


def incidents(world: AlertWorld) -> list[Incident]:
    with world.store.reading() as reads:
        return reads.incidents()


def test_an_alert_that_cannot_be_handled_is_with_a_person() -> None:
    world = broken()
    (judged,) = world.fires().judged
    world.settle()
    (incident,) = incidents(world)
    assert incident.state is State.ESCALATED
    assert incident.reason == "autofix could not handle it: ZeroDivisionError: a defect"
    assert len(world.paged()) == 1
    assert judged.signal is not None
    with world.store.reading() as reads:
        signal = reads.signal(judged.signal)
    assert signal is not None
    assert (signal.state, signal.incident) == (SignalState.MATCHED, incident.id)
    (again,) = world.fires().judged
    assert again.incident == incident.id


def test_a_persons_own_wish_that_cannot_be_handled_is_answered() -> None:
    world = AlertWorld()
    wish = Signal(0, Origin.PERSON, world.clock.now(), "r1", world.book.name, by="ann")
    asked = intake.receive(world.ctx, wish)
    world.ctx.book = replace(world.ctx.book, inventory=Breaks({"redis": {"r1": {}}}))
    world.settle()
    with world.store.reading() as reads:
        signal = reads.signal(asked.id)
    assert signal is not None
    assert signal.state is SignalState.IGNORED
    assert "a defect" in signal.reason
    assert not incidents(world)


def test_a_store_in_trouble_is_no_defect_of_the_signal() -> None:
    world = broken(StoreError("the disk is full"))
    world.fires()
    world.engine.tick()
    with world.store.reading() as reads:
        assert reads.due(world.clock.now()).signals
    assert not incidents(world)
