"""Batches as sentences, and the promise itself against any order of events."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from autofix.core.batches import Go, InWave, Stop, Wait, limits, turn
from autofix.core.incidents import LIVE, WITH_A_PERSON, State

S = State


def wave(*states: State | str) -> list[InWave]:
    """Incident n on host web-n in each state; the number of the list is the incident's.

    `touched …` ran something. A held one is held by the batches.
    """
    found = []
    for number, said in enumerate(states, 1):
        state = State(str(said).removeprefix("touched "))
        started = float(number) if str(said).startswith("touched") else None
        found.append(InWave(number, f"web{number}", state, started, "batches: batch 1 of 2 first"))
    return found


@pytest.mark.parametrize(
    ("sizes", "group", "expected"),
    [
        ((), 10, []),
        ((1, 100.0), 10, [1]),
        ((10.0, 100.0), 40, [4]),
        ((10.0, 100.0), 4, [1]),  # never less than one host
        ((10.0, 50.0), 10, [1, 5]),  # the rest is implied
        ((1, 10.0, 100.0), 5, [1]),  # what does not grow is left out
        ((3, 10.0), 10, [3]),
        ((100.0,), 10, []),
        ((5, 20, 100.0), 10, [5, 20]),
    ],
)
def test_sizes_are_counted_from_the_start(
    sizes: tuple[int | float, ...], group: int, expected: list[int]
) -> None:
    assert limits(sizes, group) == expected


SENTENCES = [
    ("alone, it goes", (), 1, Go()),
    ("the first of many goes", (S.OPEN, S.OPEN, S.OPEN), 1, Go()),
    (
        "the second waits for the first, which has not begun",
        (S.OPEN, S.OPEN),
        2,
        Wait("batch 1 of 2 (1 host) first: web1 is open"),
    ),
    (
        "while the first is verified the rest waits",
        ("touched verifying", S.OPEN, S.OPEN),
        2,
        Wait("batch 1 of 2 (1 host) first: web1 is verifying"),
    ),
    (
        "decided is touched, started or not",
        (S.FIXING, S.OPEN),
        2,
        Wait("batch 1 of 2 (1 host) first: web1 is fixing"),
    ),
    ("healed, the rest goes", ("touched healed", S.HELD, S.HELD), 2, Go()),
    ("healed, the rest goes together", ("touched healed", S.HELD, S.HELD), 3, Go()),
    ("done is as good", ("touched done", S.HELD), 2, Go()),
    ("accepted and filed, too", ("touched closed", S.HELD), 2, Go()),
    (
        "a failure stops the rest",
        ("touched escalated", S.OPEN),
        2,
        Stop("batch 1 failed on web1: the rest is left alone"),
    ),
    (
        "taken by a person it is still not mended",
        ("touched acknowledged", S.OPEN),
        2,
        Stop("batch 1 failed on web1: the rest is left alone"),
    ),
    (
        "a failure in a later batch stops the rest of it",
        ("touched healed", "touched escalated", S.OPEN),
        3,
        Stop("batch 2 failed on web2: the rest is left alone"),
    ),
    ("a person who resolves it lets the rest go on", ("touched resolved", S.ESCALATED), 2, Go()),
    ("one that nobody touched is not in the way", (S.ESCALATED, S.OPEN), 2, Go()),
    ("nor is one that waits for something else", (S.AWAITING_APPROVAL, S.OPEN), 2, Go()),
    ("nor one whose symptom went away", (S.RECOVERED, S.OPEN), 2, Go()),
    (
        "it may have gone away after the touch",
        ("touched rolling_back", S.OPEN),
        2,
        Wait("batch 1 of 2 (1 host) first: web1 is rolling back"),
    ),
]


@pytest.mark.parametrize(
    ("states", "incident", "expected"),
    [one[1:] for one in SENTENCES],
    ids=[one[0] for one in SENTENCES],
)
def test_a_turn_in_sentences(
    states: tuple[State | str, ...], incident: int, expected: Go | Wait | Stop
) -> None:
    assert turn((1, 100.0), 10, incident, f"web{incident}", wave(*states)) == expected


def test_the_same_batch_goes_together_in_the_order_of_numbers() -> None:
    members = wave(*[S.OPEN] * 5)
    turns = [turn((2, 100.0), 5, n, f"web{n}", members) for n in range(1, 6)]
    assert turns[:2] == [Go(), Go()]
    waits = "batch 1 of 2 (2 hosts) first: web1 is open, web2 is open"
    assert turns[2] == Wait(waits)
    assert turns[4] == Wait("batch 1 of 2 (2 hosts) first: web1 is open, web2 is open, web3 is open and 1 more")  # fmt: skip  # noqa: E501


def test_a_late_comer_joins_the_batch_that_is_on() -> None:
    members = wave("touched healed", "touched fixing", S.OPEN)
    late = InWave(9, "web9", S.OPEN)
    assert turn((1, 3, 100.0), 10, 3, "web3", [*members, late]) == Go()
    assert turn((1, 3, 100.0), 10, 9, "web9", [*members, late]) == Wait(
        "batch 2 of 3 (2 hosts) first: web2 is fixing"
    )
    assert turn((1, 4, 100.0), 10, 9, "web9", [*members, late]) == Go()


def test_one_held_by_something_else_does_not_hold_up_the_others() -> None:
    members = [InWave(1, "web1", S.HELD, reason="cooldown: for 20m"), *wave(S.OPEN, S.OPEN)[1:]]
    assert turn((1, 100.0), 3, 2, "web2", members) == Go()


def test_a_second_failure_on_a_host_at_work_touches_no_new_host() -> None:
    members = [InWave(1, "web1", S.VERIFYING, 1.0), InWave(2, "web1", S.OPEN)]
    assert turn((1, 100.0), 3, 2, "web1", members) == Go()


@dataclass
class _One:
    number: int
    host: str
    state: State = S.OPEN
    started: float | None = None
    reason: str = ""


@dataclass
class _World:
    sizes: tuple[int | float, ...] = (1, 100.0)
    group: int = 1
    all: dict[int, _One] = field(default_factory=dict)
    clock: float = 0.0


class AnyOrder(RuleBasedStateMachine):
    """Failures come in, fixes start when it is their turn, heal, fail, and persons meddle."""

    def __init__(self) -> None:
        super().__init__()
        self.world = _World()
        self.touches: list[str] = []  # hosts in the order of their first touch

    @initialize(
        numbers=st.lists(st.integers(1, 6), max_size=2, unique=True),
        percents=st.lists(st.sampled_from([10.0, 25.0, 50.0]), max_size=2, unique=True),
        group=st.integers(1, 12),
    )
    def begin(self, numbers: list[int], percents: list[float], group: int) -> None:
        self.world = _World((*sorted(numbers), *sorted(percents), 100.0), group)

    def wave(self) -> list[InWave]:
        return [InWave(e.number, e.host, e.state, e.started, e.reason) for e in self._all()]

    def _all(self) -> list[_One]:
        return list(self.world.all.values())

    @rule(host=st.integers(1, 12))
    def a_host_falls_ill(self, host: int) -> None:
        name = f"web{host}"
        if any(e.host == name and e.state in LIVE for e in self._all()):
            return
        number = len(self.world.all) + 1
        self.world.all[number] = _One(number, name)

    @rule(pick=st.integers(0, 50))
    def it_is_decided(self, pick: int) -> None:
        waiting = [e for e in self._all() if e.state in (S.OPEN, S.HELD) or self._left(e)]
        if not waiting:
            return
        one = waiting[pick % len(waiting)]
        said = turn(self.world.sizes, self.world.group, one.number, one.host, self.wave())
        self.world.clock += 1
        if isinstance(said, Go):
            self._touch(one)
        elif isinstance(said, Stop):
            one.state = S.ESCALATED
        elif one.state is not S.ESCALATED:
            one.state, one.reason = S.HELD, f"batches: {said.reason}"

    def _left(self, one: _One) -> bool:
        """A person tries again what was left alone."""
        return one.state is S.ESCALATED and one.started is None

    def _touch(self, one: _One) -> None:
        fine = self._touched_hosts()
        if one.host not in fine:
            self._check_a_new_host(one.host, fine)
        one.state, one.started = S.FIXING, self.world.clock

    def _touched_hosts(self) -> list[str]:
        started = sorted((e.started, e.host) for e in self._all() if e.started is not None)
        return list(dict.fromkeys(host for _, host in started))

    def _check_a_new_host(self, host: str, touched: list[str]) -> None:
        """The promise: before a host beyond a batch is touched, all of the batch is healed."""
        for end in limits(self.world.sizes, self.world.group):
            if len(touched) >= end:
                assert all(self._healed(each) for each in touched[:end]), (host, touched)
        assert not any(self._failed(each) for each in touched), (host, touched)

    def _healed(self, host: str) -> bool:
        return all(
            e.state not in LIVE for e in self._all() if e.host == host and e.started is not None
        )

    def _failed(self, host: str) -> bool:
        return any(
            e.state in WITH_A_PERSON and e.started is not None
            for e in self._all()
            if e.host == host
        )

    @rule(pick=st.integers(0, 50), well=st.booleans())
    def a_fix_ends(self, pick: int, well: bool) -> None:
        working = [e for e in self._all() if e.state is S.FIXING]
        if working:
            working[pick % len(working)].state = S.HEALED if well else S.ESCALATED

    @rule(pick=st.integers(0, 50))
    def a_person_resolves(self, pick: int) -> None:
        theirs = [e for e in self._all() if e.state is S.ESCALATED]
        if theirs:
            theirs[pick % len(theirs)].state = S.RESOLVED

    @rule(pick=st.integers(0, 50))
    def it_goes_away_by_itself(self, pick: int) -> None:
        waiting = [e for e in self._all() if e.state in (S.OPEN, S.HELD)]
        if waiting:
            waiting[pick % len(waiting)].state = S.RECOVERED

    @invariant()
    def somebody_can_always_go_on(self) -> None:
        """With nothing at work and nothing failed, whoever is first in line may go."""
        everyone = self._all()
        ready = [e for e in everyone if e.state in (S.OPEN, S.HELD)]
        busy = any(e.state is S.FIXING for e in everyone)
        failed = any(e.state is S.ESCALATED and e.started is not None for e in everyone)
        if ready and not busy and not failed:
            one = min(ready, key=lambda e: e.number)
            said = turn(self.world.sizes, self.world.group, one.number, one.host, self.wave())
            assert said == Go()


TestAnyOrder = AnyOrder.TestCase
