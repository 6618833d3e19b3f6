"""What was seen over time is the same from afar."""

from __future__ import annotations

from autofix.errors import NotFound
from unit.flow.world import BOOK
from unit.remote.test_desk import Both


def test_what_was_seen_of_an_incident_and_lately_is_the_same_from_afar() -> None:
    both = Both()
    both.world.look("r1")
    both.world.patient.state["r1"] = "no route to host"
    both.world.clock.advance(30)
    both.world.look("r1")
    both.world.clock.advance(30)
    both.ill("r1")
    found = both.same(lambda desk: desk.readings(1))
    assert [value for _, value in found.series[0].points][:3] == [0.5, None, 0.95]
    assert found.milestones
    assert both.same(lambda desk: desk.recent(BOOK.name, "r1", since=1.0)).series
    assert both.same(lambda desk: desk.recent(BOOK.name, "r1", "6379")).series == ()
    assert both.same(lambda desk: desk.readings(9))[0] is NotFound
