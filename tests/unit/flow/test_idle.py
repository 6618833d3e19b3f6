"""An idle engine asks little: only what changed, came due or woke it makes it look."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from autofix.errors import StoreError
from autofix.flow.tick import AT_LEAST_EVERY, TICK
from unit.flow.world import World


class Counted:
    """The engine of a world, running in its thread; how often it has looked."""

    def __init__(self, world: World) -> None:
        self.world, self.looks, self.rounds = world, 0, 0
        self.news = threading.Event()
        self.news.set()
        self._tick: Callable[[], None] = world.engine.tick
        world.engine.tick = self.tick  # type: ignore[method-assign]
        world.store.changed = self.changed  # type: ignore[method-assign]

    def changed(self) -> bool:
        changed = self.news.is_set()
        self.news.clear()
        return changed

    def tick(self) -> None:
        self.looks += 1
        self._tick()

    def round(self) -> bool:
        self.rounds += 1
        return False

    def wait_rounds(self, count: int) -> None:
        self.wait(lambda goal=self.rounds + count: self.rounds >= goal)

    def wait_looks(self, count: int) -> None:
        self.wait(lambda: self.looks >= count)

    def wait(self, condition: Callable[[], Any]) -> None:
        end = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < end, "waited in vain"
            time.sleep(0.01)


@contextmanager
def running(world: World) -> Iterator[Counted]:
    counted = Counted(world)
    thread = threading.Thread(target=lambda: world.engine.run(until=counted.round))
    thread.start()
    try:
        yield counted
    finally:
        world.engine.stop()
        thread.join(20)


def test_it_looks_once_and_then_only_when_there_is_a_reason() -> None:
    with running(World()) as engine:
        engine.wait_looks(1)
        engine.wait_rounds(5)
        assert engine.looks == 1  # 5 rounds, nothing new
        engine.news.set()  # somebody else wrote
        engine.wait_looks(2)
        engine.world.engine.wake()
        engine.wait_looks(3)


def test_what_comes_due_is_done_in_time_without_a_change() -> None:
    world = World()
    world.ill()  # its verification looks again in some seconds
    with running(world) as engine:
        engine.wait_rounds(3)
        due = world.incident().due_at
        assert due is not None
        version = world.incident().version
        world.clock.advance(due - world.clock.now())
        engine.wait(lambda: world.incident().version > version)


def test_a_look_that_failed_is_tried_again() -> None:
    world = World()
    with running(world) as engine:
        engine.wait_rounds(3)
        whole, failed = world.store.reading, threading.Event()

        def broken() -> Any:
            failed.set()
            world.store.reading = whole  # type: ignore[method-assign]
            raise StoreError("locked")

        world.store.reading = broken  # type: ignore[method-assign]
        before = engine.looks
        engine.news.set()
        engine.wait(failed.is_set)
        engine.wait_looks(before + 2)


def test_it_is_never_blind_for_long() -> None:
    assert AT_LEAST_EVERY <= 5
    assert TICK <= 0.25  # a person's stop, and the server's own tick, are heard at this pace
