"""A rush is many signals in a moment, and it ends by itself."""

from __future__ import annotations

from autofix.flow.rush import AT_MOST, MANY, SPAN, Rush


class Hands:
    """A clock of its own."""

    def __init__(self) -> None:
        self.now = 1000 * SPAN
        self.rush = Rush(lambda: self.now, self.sleep)

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def arrive(self, count: int) -> None:
        for _ in range(count):
            self.rush.arrived()

    def gave_way(self) -> float:
        begun = self.now
        self.rush.give_way()
        return self.now - begun


def test_a_few_signals_are_no_rush() -> None:
    hands = Hands()
    hands.arrive(MANY - 1)
    assert hands.gave_way() == 0.0


def test_many_are_and_it_is_over_soon_after_the_last() -> None:
    hands = Hands()
    hands.arrive(MANY)
    assert hands.rush.on
    hands.sleep(SPAN)
    assert hands.rush.on
    hands.sleep(SPAN)
    assert not hands.rush.on


def test_a_steady_stream_is_no_rush_however_long_it_lasts() -> None:
    hands = Hands()
    for _ in range(100):
        hands.arrive(MANY // 2)
        hands.sleep(SPAN)
        assert not hands.rush.on


def test_work_gives_way_but_not_for_ever() -> None:
    hands = Hands()
    hands.arrive(MANY)
    assert 0.0 < hands.gave_way() <= 2 * SPAN + 0.1

    def sleep(seconds: float) -> None:
        hands.now += seconds
        hands.arrive(MANY)

    hands.rush = Rush(lambda: hands.now, sleep)
    hands.arrive(MANY)
    assert AT_MOST <= hands.gave_way() < AT_MOST + 0.1
