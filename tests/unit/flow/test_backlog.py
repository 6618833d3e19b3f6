"""Many that wait: looked at less often and one after the other, so that new work goes on."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from heapq import heappop, heappush

import pytest

from autofix.core.decisions import RECHECK, SLOWEST, Hold, decide
from autofix.core.guards import Situation
from autofix.core.incidents import Incident, Origin, State
from autofix.core.pauses import Pause
from autofix.flow.backlog import FULL, WINDOW, Backlog
from unit.flow.world import BOOK, World, with_guards

NOW = 1_000_000.0
PAUSED = Situation(NOW, pauses=(Pause(NOW, "ann"),))
HELD = Incident(1, BOOK.name, "r1", "", State.HELD, Origin.PROBE, "P1", NOW, NOW, held_since=NOW)
PATIENT = with_guards(hold_limit=1e6)


def again_after(number: int, backlog: float, held: float = 0.0) -> float:
    incident = replace(HELD, id=number, held_since=NOW - held)
    decision = decide(PATIENT, incident, replace(PAUSED, backlog=backlog), {"aof": True})
    assert isinstance(decision, Hold)
    return decision.until - NOW


def test_without_a_backlog_what_is_held_is_looked_at_again_in_two_seconds() -> None:
    assert {again_after(number, 0.0) for number in range(1, 50)} == {RECHECK}


def test_with_a_full_backlog_it_is_looked_at_again_after_one_or_two_minutes_evenly() -> None:
    found = [again_after(number, 1.0) for number in range(1, 10_001)]
    assert min(found) >= SLOWEST / 2
    assert max(found) <= SLOWEST
    in_a_second = Counter(int(each) for each in found)
    assert max(in_a_second.values()) < 1.1 * 10_000 / 60


def test_what_was_held_at_one_moment_does_not_stay_in_step() -> None:
    found = [again_after(number, 0.0, held=5000.0) for number in range(1, 1001)]
    assert max(Counter(int(each) for each in found).values()) < 1.2 * 1000 / 60


def test_a_full_backlog_never_delays_the_page_of_the_hold_limit() -> None:
    incident = replace(HELD, held_since=NOW - 890.0)
    decision = decide(BOOK, incident, replace(PAUSED, backlog=1.0), {"aof": True})
    assert isinstance(decision, Hold)
    assert decision.until == NOW + 10.0


@pytest.mark.parametrize("waiting", [4000, 50])
def test_it_comes_to_rest_however_many_wait(waiting: int) -> None:
    """Those that wait, each looked at again by the level of that moment, for ten minutes."""
    backlog, handled = Backlog(), Counter[int]()
    due = [(0.0, number) for number in range(waiting)]
    for second in range(600):
        ready = []
        while due and due[0][0] <= second and len(ready) < FULL:
            ready.append(heappop(due)[1])
        backlog.seen(second, len(ready), len(ready))
        for number in ready:
            heappush(due, (second + again_after(number, backlog.level), number))
        handled[second // 60] += len(ready)
    assert all(handled[minute] / 60 <= 100.0 for minute in range(4, 10)), handled


def test_when_all_is_done_it_is_forgotten() -> None:
    backlog = Backlog()
    backlog.seen(0.0, FULL, FULL)
    assert backlog.level == 1.0
    for second in range(1, 600):
        backlog.seen(float(second), 0, 0)
    assert backlog.level < 0.01
    backlog.seen(1000 * WINDOW, 3, 3)
    assert backlog.level <= 3 / FULL


def test_the_engine_sees_what_is_due() -> None:
    world = World(with_guards(at_once=1))
    for host in ("r1", "r2", "r3"):
        world.patient.state[host] = {"ratio": 0.95}
    world.look("r1", "r2", "r3")
    world.engine.tick()
    assert world.ctx.backlog.level == 3 / FULL
