"""What the sentinel says, and when: a table of looks at a server."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from autofix.core.watching import (
    STOPPED,
    STOPPING,
    CallKind,
    Known,
    Memory,
    Open,
    Rules,
    Seen,
    Tick,
    Verdict,
    judge,
    may_leave,
    observe,
    told,
    unheard,
    verdict,
)

RULES = Rules(after=30.0, repeat=900.0, stopped_after=300.0)
NOW = 1_000_000.0
FIXING = Open(12, "P1", "redis-memory-high", "cache1", "fixing", told=False)
WITH_A_PERSON = Open(13, "P2", "disk-full", "web1", "acknowledged", told=True)


def known(*incidents: Open, runs: tuple[str, ...] = (), leader: str = "") -> Known:
    untold = sum(not each.told for each in incidents)
    return Known(NOW, incidents, len(incidents), untold, runs, leader)


class Story:
    """Looks one after the other; what is said is heard by somebody unless `deaf`."""

    def __init__(self, tick: Tick | None = None, what: Known | None = None) -> None:
        self.tick = tick or Tick("t0", NOW, 4711, "serve pid 4711 on ops1", boot="b1")
        self.known = what or known()
        self.memory = Memory()
        self.lived, self.now, self.number, self.deaf = 0.0, NOW, 0, False

    def seen(self) -> Seen:
        return Seen(self.lived, self.now, self.tick, "b1", self.known)

    def after(self, seconds: float, *, jump: float = 0.0, ticks: bool = False) -> str:
        """What is said once so many seconds went by (`jump`: the clock alone)."""
        self.lived += seconds
        self.now += seconds + jump
        if ticks:
            self.number += 1
            self.tick = replace(self.tick, stamp=f"t{self.number}", at=self.now)
        self.memory = observe(self.memory, self.seen())
        call = judge(self.memory, self.seen(), RULES)
        if call is None:
            return ""
        if self.deaf:
            self.memory = unheard(self.memory, self.seen())
        else:
            self.memory = told(self.memory, call, self.seen())
        again = " again" if call.again else ""
        passed = "".join(f" {each.id}" for each in call.passed)
        return f"{call.kind}{again}{passed}"

    def stop(self, boot: str = "b1") -> None:
        self.number += 1
        self.tick = replace(self.tick, stamp=f"t{self.number}", state=STOPPED, by="x", boot=boot)


def test_a_server_that_ticks_is_never_spoken_of() -> None:
    story = Story(what=known(FIXING, runs=("run 3",)))
    assert [story.after(2, ticks=True) for _ in range(500)] == [""] * 500


def test_silence_is_said_after_its_time_and_again_and_its_end_once() -> None:
    story = Story()
    assert story.after(0) == ""
    assert story.after(29.9) == ""
    assert story.after(0.2) == "outage"
    assert [story.after(2) for _ in range(440)] == [""] * 440
    assert story.after(20) == "outage again"
    assert story.after(2, ticks=True) == "back"
    assert story.after(2, ticks=True) == ""
    assert story.after(31) == "outage"


@pytest.mark.parametrize("jump", [3600.0, -3600.0, 86400.0, -86400.0])
def test_a_jump_of_the_clock_is_no_silence_and_hides_none(jump: float) -> None:
    story = Story()
    assert story.after(2, ticks=True) == ""
    assert story.after(2, ticks=True, jump=jump) == ""
    assert story.after(2, jump=jump) == ""
    assert story.after(29, jump=-jump) == "outage"
    assert story.after(10, jump=jump) == ""


def test_what_no_channel_took_is_said_again_soon_and_then_less_often() -> None:
    story = Story()
    story.deaf = True
    story.after(0)
    said_at = []
    for second in range(1200):
        if story.after(1):
            said_at.append(second)
    waits = [later - sooner for sooner, later in pairwise(said_at)]
    assert waits == [15, 30, 60, 120, 240, 300, 300]
    story.deaf = False
    assert [said for said in (story.after(1) for _ in range(300)) if said] == ["outage"]


def test_a_deadline_that_passes_meanwhile_is_said_once() -> None:
    late = replace(FIXING, id=7, due=NOW + 120)
    story = Story(what=known(late, WITH_A_PERSON))
    story.after(0)
    assert story.after(31) == "outage"
    assert story.after(88) == ""
    assert story.after(2) == "deadline 7"
    assert story.after(60) == ""
    story.known = known(replace(late, due=NOW + 400))
    assert story.after(240) == "deadline 7"


def test_a_deadline_that_has_passed_is_part_of_the_first_page() -> None:
    story = Story(what=known(replace(FIXING, due=NOW - 5)))
    story.after(0)
    assert story.after(31) == "outage 12"
    assert story.after(31) == ""


def test_a_clock_that_was_set_back_delays_no_deadline() -> None:
    story = Story(what=known(replace(FIXING, due=NOW + 60)))
    assert story.after(2, ticks=True) == ""
    story.now -= 3600.0  # the server's own clock goes on from where it was
    assert story.after(31) == "outage"
    assert story.after(30) == "deadline 12"
    assert story.after(30) == ""


def test_a_deadline_of_a_living_server_is_the_servers_own() -> None:
    story = Story(what=known(replace(FIXING, due=NOW + 5)))
    assert [story.after(2, ticks=True) for _ in range(20)] == [""] * 20


def test_a_stop_in_order_with_nothing_open_is_silent_and_the_sentinel_may_leave() -> None:
    story = Story(what=known(WITH_A_PERSON))
    story.after(2, ticks=True)
    story.stop()
    assert story.after(2) == ""
    assert may_leave(story.memory, story.seen(), RULES)
    assert [story.after(60) for _ in range(100)] == [""] * 100


@pytest.mark.parametrize("left", [known(FIXING), known(runs=("run 3: x.yml on cache1",))])
def test_a_stop_in_order_that_leaves_something_unknown_is_said_after_its_time(left: Known) -> None:
    story = Story(what=left)
    story.after(2, ticks=True)
    story.stop()
    assert story.after(2) == ""
    assert not may_leave(story.memory, story.seen(), RULES)
    assert story.after(298) == ""
    assert story.after(3) == "left_open"
    assert [story.after(60) for _ in range(100)] == [""] * 100
    assert may_leave(story.memory, story.seen(), RULES)


def test_a_restart_within_the_time_is_not_spoken_of() -> None:
    story = Story(what=known(FIXING))
    story.after(2, ticks=True)
    story.stop()
    assert story.after(200) == ""
    story.tick = replace(story.tick, state="serving")
    assert story.after(2, ticks=True) == ""


def test_a_deadline_after_a_stop_in_order_is_said_too() -> None:
    story = Story(what=known(replace(WITH_A_PERSON, due=NOW + 100)))
    story.after(0, ticks=True)
    story.stop()
    assert story.after(10) == ""
    assert not may_leave(story.memory, story.seen(), RULES)
    assert story.after(95) == "deadline 13"
    assert may_leave(story.memory, story.seen(), RULES)


def test_a_server_that_hung_and_was_stopped_then_is_over() -> None:
    story = Story()
    story.after(0)
    assert story.after(31) == "outage"
    story.stop()
    assert story.after(2) == "ended"
    assert story.after(2000) == ""


def test_a_machine_that_came_up_without_its_server_is_said_once() -> None:
    story = Story()
    story.stop(boot="b0")
    assert story.after(0) == ""
    assert story.after(301) == "not_started"
    assert story.after(2000) == ""


def test_a_server_that_crashed_before_the_machine_came_up_is_silent_like_any_other() -> None:
    story = Story(tick=Tick("t0", NOW - 9000, 4711, boot="b0"))
    assert story.after(0) == ""
    assert story.after(31) == "outage"


def test_another_server_that_decides_is_said_once_and_deadlines_are_its_own() -> None:
    story = Story(what=known(replace(FIXING, due=NOW + 60), leader="serve pid 9 on ops2"))
    story.after(0)
    assert story.after(31) == "taken_over"
    assert [story.after(60) for _ in range(60)] == [""] * 60
    assert story.after(2, ticks=True) == "back"


def test_a_server_that_dies_again_and_again_is_said_though_it_ticks() -> None:
    story = Story()
    story.after(2, ticks=True)
    said = []
    for pid in range(1, 8):
        story.tick = replace(story.tick, pid=pid)
        said += [story.after(2, ticks=True) for _ in range(10)]
    assert [each for each in said if each] == ["flapping"]
    quiet = [story.after(2, ticks=True) for _ in range(330)]
    assert [each for each in quiet if each] == ["back"]


def test_restarts_in_order_are_no_deaths() -> None:
    story = Story()
    for pid in range(1, 9):
        story.tick = replace(story.tick, pid=pid, state="serving")
        assert story.after(2, ticks=True) == ""
        story.stop()
        assert story.after(2) == ""


def test_no_server_ever_is_no_outage() -> None:
    story = Story()
    seen = Seen(5000.0, NOW, None, "b1")
    assert verdict(story.memory, seen, RULES) is Verdict.NEVER
    assert judge(story.memory, seen, RULES) is None


def test_a_server_on_its_way_down_is_waited_for() -> None:
    story = Story()
    story.tick = replace(story.tick, state=STOPPING)
    assert story.after(2, ticks=True) == ""
    assert story.after(31) == "outage"


def test_a_sentinel_that_comes_into_an_outage_does_not_call_the_last_tick_a_new_one() -> None:
    story = Story()
    story.memory = Memory(said={str(CallKind.OUTAGE): -100.0})
    assert story.after(0) == ""
    assert story.after(10) == ""
    assert story.after(791) == "outage again"
    assert story.after(2, ticks=True) == "back"
