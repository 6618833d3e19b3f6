"""The clock that never goes back, also not over a restart."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from autofix.app.clock import SystemClock, go_on
from autofix.core.audit import AuditEvent
from autofix.core.marks import SET_BACK
from autofix.testing.memory import MemoryStore

HOUR, DAY = 3600.0, 86400.0


@dataclass
class Hands:
    """What the wall and the steady clock show."""

    wall: float = 1_700_000_000.0
    steady: float = 5.0

    def clock(self) -> SystemClock:
        return SystemClock(lambda: self.wall, lambda: self.steady)

    def pass_(self, seconds: float) -> None:
        self.wall += seconds
        self.steady += seconds


@pytest.mark.parametrize("jump", [-DAY, -HOUR])
def test_a_wall_that_is_set_back_is_waited_for_while_time_goes_on(jump: float) -> None:
    hands = Hands()
    clock = hands.clock()
    start = clock.now()
    hands.wall += jump
    hands.pass_(10)
    assert clock.now() == start + 10
    hands.wall += -jump + 60  # set right again, a minute ahead
    assert clock.now() == start + 70


@pytest.mark.parametrize("jump", [HOUR, DAY])
def test_a_wall_that_is_set_ahead_or_slept_is_followed_at_once(jump: float) -> None:
    hands = Hands()
    clock = hands.clock()
    start = clock.now()
    hands.wall += jump
    assert clock.now() == start + jump


@pytest.mark.parametrize(("back", "behind"), [(HOUR, 0.0), (DAY, 0.0), (60 * DAY, 60 * DAY)])
def test_after_a_restart_it_goes_on_where_the_record_ends(back: float, behind: float) -> None:
    hands, store = Hands(), MemoryStore()
    with store.transaction() as tx:
        tx.record(AuditEvent(hands.wall, "serve", "server.stopped"))
    hands.wall -= back
    clock = hands.clock()
    go_on(clock, store)
    assert clock.now() == pytest.approx(1_700_000_000.0 - behind)


def test_a_clock_that_was_wrong_for_days_and_is_set_back_is_on_the_record() -> None:
    """Its times go back there: who searches by time goes by how far they did, all in all."""
    hands, store = Hands(), MemoryStore()
    for back in (60 * DAY, 3 * DAY):
        with store.transaction() as tx:
            tx.record(AuditEvent(hands.wall, "serve", "server.stopped"))
        hands.wall -= back
        go_on(hands.clock(), store)
        go_on(hands.clock(), store)  # started again at once: it is not set back twice
    with store.reading() as reads:
        moved = reads.audit(action="clock.moved")
        mark = reads.mark(SET_BACK)
    assert [each.event.payload["seconds"] for each in moved] == [-60 * DAY, -3 * DAY]
    assert mark is not None
    assert mark.data == {"seconds": 63 * DAY}


def test_an_empty_record_says_nothing_about_the_time() -> None:
    hands = Hands()
    clock = hands.clock()
    go_on(clock, MemoryStore())
    assert clock.now() == hands.wall
