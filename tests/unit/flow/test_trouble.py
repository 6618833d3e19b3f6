"""The store can't be written: nothing starts, a person hears of it, and it goes on afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from autofix.core.incidents import State
from autofix.core.runbooks import Step
from autofix.errors import StoreError
from autofix.flow.trouble import Trouble
from autofix.ports import Transaction
from autofix.testing.memory import MemoryStore
from unit.flow.world import BOOK, World


class FullDisk(MemoryStore):
    """A store that can be read, and written only while there is room."""

    full = False

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        with super().transaction() as tx:
            yield tx
            if self.full:
                raise StoreError("the disk is full")


def world_on(store: FullDisk) -> World:
    world = World(replace(BOOK, fix=(Step("rewrite.yml"),)))
    world.store = world.ctx.store = store
    return world


def endure(world: World, trouble: Trouble, seconds: int) -> None:
    for _ in range(seconds):
        world.clock.advance(1)
        trouble.tend()


def test_a_person_is_called_once_past_the_store_and_again_only_after_a_while() -> None:
    store = FullDisk()
    world = world_on(store)
    trouble = Trouble(world.ctx)
    store.full = True
    trouble.failed(StoreError("the disk is full"))
    endure(world, trouble, 4)
    assert world.bell.rung == []
    endure(world, trouble, 600)
    (page,) = world.bell.rung
    assert "can't work with its store" in page.title
    assert "the disk is full" in page.text
    endure(world, trouble, 600)
    assert len(world.bell.rung) == 2


def test_the_second_channel_is_called_when_the_first_one_fails() -> None:
    store = FullDisk()
    world = world_on(store)
    world.bell.broken = "refused"
    trouble = Trouble(world.ctx)
    store.full = True
    trouble.failed(StoreError("the disk is full"))
    endure(world, trouble, 20)
    assert len(world.second.rung) == 1


def test_the_end_of_it_stands_on_the_record() -> None:
    store = FullDisk()
    world = world_on(store)
    trouble = Trouble(world.ctx)
    store.full = True
    trouble.failed(StoreError("the disk is full"))
    endure(world, trouble, 30)
    store.full = False
    endure(world, trouble, 6)
    assert not trouble.there
    assert "store.recovered" in world.actions()


def test_nothing_starts_while_it_lasts_and_everything_goes_on_afterwards() -> None:
    store = FullDisk()
    world = world_on(store)
    world.patient.state["r1"] = {"ratio": 0.95}
    world.look("r1")
    store.full = True
    for _ in range(10):
        world.engine.tick()
    assert world.hands.orders == []
    store.full = False
    world.hands.does["rewrite.yml"] = world.well("r1")
    world.pass_time(20)
    assert world.incident().state is State.HEALED


def test_a_page_that_was_sent_is_not_sent_again_because_it_could_not_be_written_down() -> None:
    store = FullDisk()
    world = world_on(store)
    world.bell.broken = "refused"
    world.second.broken = "refused"
    world.ill()
    world.pass_time(22)  # the page is queued, and waits for its next try
    world.bell.broken = ""
    world.clock.advance(60)
    store.full = True
    for _ in range(5):
        world.engine.tick()
    assert len(world.bell.rung) == 1
    store.full = False
    world.settle()
    assert len(world.bell.rung) == 1
    with store.reading() as reads:
        assert reads.pages()[0].state == "sent"


def test_a_store_that_writes_and_can_not_be_read_is_trouble_all_the_same() -> None:
    world = world_on(FullDisk())
    trouble = Trouble(world.ctx)
    for _ in range(60):
        trouble.failed(StoreError("the store holds a row of incidents that can't be read"))
        world.clock.advance(1)
        trouble.tend()
    (page,) = world.bell.rung
    assert "a row of incidents that can't be read" in page.text
    assert "store.recovered" not in world.actions()
    endure(world, trouble, 11)
    assert not trouble.there
