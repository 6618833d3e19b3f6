"""A person is reached, whatever a channel does: the fallback starts in time, and no page is lost.

SAFETY 25, 26 and the pages of 22.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from itertools import cycle, islice, pairwise
from pathlib import Path

import pytest

from autofix.core.escalation import Level, Policy, simple
from autofix.core.pages import Page
from autofix.core.runbooks import Runbook
from autofix.flow.context import Book, Context
from autofix.flow.lanes import Lanes
from autofix.flow.pools import Pools
from autofix.flow.tick import Engine
from autofix.ports import Channel
from autofix.store import open_store
from autofix.testing.clock import FakeClock
from autofix.testing.inventory import FakeInventory
from autofix.testing.memory import MemoryStore
from servers.bad_channels import FAULTS, Place, bad, kinds
from unit.flow.alarms import Alarms, alarm, end, named
from unit.flow.world import BOOK, Hands, Patient

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")


class Wall:
    """The real clock."""

    now = staticmethod(time.time)
    sleep = staticmethod(time.sleep)


class Person:
    """A channel that reaches somebody; when each page came, by the runbook it is of."""

    closes = False

    def __init__(self, name: str = "good") -> None:
        self.name = name
        self.came: dict[str, float] = {}
        self.pages: list[Page] = []
        self._lock = threading.Lock()

    def send(self, page: Page, *, timeout: float) -> str:
        with self._lock:
            self.came.setdefault(page.runbook, time.time())
            self.pages.append(page)
        return "read"


@dataclass(frozen=True)
class Case:
    """One page: its runbook, and the channels that fail before `good` is tried."""

    runbook: Runbook
    broken: tuple[str, ...]


def cases(chains: Sequence[tuple[str, ...]], count: int) -> list[Case]:
    """So many pages over these chains, each of a runbook of its own: none is gathered."""
    return [
        Case(replace(BOOK, name=f"book-{number}", escalate="+".join(chain)), chain)
        for number, chain in enumerate(islice(cycle(chains), count))
    ]


@contextmanager
def serving(ctx: Context) -> Iterator[None]:
    pools = Pools()
    engine = Engine(ctx, pools.start)
    thread = threading.Thread(target=engine.run, name="engine")
    thread.start()
    try:
        yield
    finally:
        engine.stop()
        thread.join()
        pools.close(wait=True)


def reach(
    channels: Mapping[str, Channel], all_cases: Sequence[Case], timeout: float, limit: float
) -> dict[str, float]:
    """Alarm for all of them at once on a real engine; seconds until a person heard, by runbook."""
    person = Person()
    policies = {each.runbook.escalate: simple(each.runbook.escalate, *each.broken, "good")
                for each in all_cases}  # fmt: skip
    book = Book(
        {each.runbook.name: each.runbook for each in all_cases},
        FakeInventory({"redis": {"r1": {}}}),
        {**channels, "good": person},
        policies,
    )
    ctx = Context(
        MemoryStore(), Wall(), Hands(), lambda _: Patient(), book, "test", lanes=Lanes(timeout)
    )
    began = {}
    with serving(ctx):
        for each in all_cases:
            began[each.runbook.name] = time.time()
            alarm(ctx, "r1", runbook=each.runbook)
        deadline = time.monotonic() + limit
        while len(person.came) < len(all_cases) and time.monotonic() < deadline:
            time.sleep(0.02)
    lost = [each.broken for each in all_cases if each.runbook.name not in person.came]
    assert not lost, f"{len(lost)} of {len(all_cases)} pages lost: {lost}"
    return {name: person.came[name] - began[name] for name in person.came}


def by_fault(place: Place, faults: Sequence[str]) -> dict[str, Channel]:
    found = [bad(place, kind, fault) for fault in faults for kind in kinds(fault)]
    return {channel.name: channel for channel in found}


def test_when_a_channel_fails_the_next_one_reaches_a_person(tmp_path: Path) -> None:
    """The short form: every kind of channel and every fault, one page each, small timeouts."""
    with ExitStack() as stack:
        channels = by_fault(Place(stack, tmp_path), FAULTS)
        assert len(channels) == 9 * 5 + 6
        took = reach(channels, cases([(name,) for name in channels], len(channels)), 2.0, 60)
    assert max(took.values()) < 30


@pytest.mark.long
@pytest.mark.timeout(600)
def test_25_of_200_pages_none_is_lost_and_each_fallback_starts_within_30_s(tmp_path: Path) -> None:
    with ExitStack() as stack:
        channels = by_fault(Place(stack, tmp_path), FAULTS)
        took = reach(channels, cases([(name,) for name in channels], 200), 12.0, 300)
    ordered = sorted(took.values())
    print(f"\n200 pages: fallback after {ordered[100]:.1f} s (median), {ordered[-1]:.1f} s (worst)")
    assert ordered[-1] <= 30


@pytest.mark.long
@pytest.mark.timeout(600)
def test_25_a_person_is_reached_within_120_s_though_all_other_channels_hang(tmp_path: Path) -> None:
    with ExitStack() as stack:
        channels = by_fault(Place(stack, tmp_path), ["hang"])
        names = list(channels)
        chains = [tuple(names[at:] + names[:at])[:8] for at in range(len(names))]
        took = reach(channels, cases(chains, 18), 12.0, 300)
        lone = reach(channels, cases(chains[:1], 1), 12.0, 300)  # each found out by itself
    print(f"\n18 pages behind 8 hanging channels: {max(took.values()):.1f} s")
    print(f"one page behind 8 hanging channels: {max(lone.values()):.1f} s")
    assert max(*took.values(), *lone.values()) <= 120


def test_26_when_all_channels_are_down_for_a_day_the_page_is_tried_until_one_works() -> None:
    world = Alarms(Policy("default", (Level(("bell", "second")), Level(("phone",)))))
    for bell in (world.bell, world.second, world.phone):
        bell.broken = "down"
    numbers = [world.alarm(f"h{number}") for number in range(5)]
    world.pass_time(86_400, step=60)
    tries = world.actions().count("page.failed")
    assert tries > 86_400 / 300
    world.phone.broken = ""
    waited = 0
    while named(world.phone.rung) < set(numbers):
        world.pass_time(10, step=10)
        waited += 10
        assert waited <= 310
    assert len(world.phone.rung) <= 3


@pytest.mark.parametrize("count", [300, pytest.param(10_000, marks=pytest.mark.long)])
@pytest.mark.timeout(900)
def test_22_a_storm_pages_once_per_runbook_in_five_minutes_and_forgets_nobody(
    count: int, tmp_path: Path
) -> None:
    """Three runbooks share the storm: it comes within 10 s, and lasts for an hour."""
    world = Alarms(simple("default", "bell", "second"))
    world.store = world.ctx.store = open_store(f"sqlite:///{tmp_path}/a.db", state=tmp_path)
    books = [replace(BOOK, name=f"book-{number}", title=f"Book {number}") for number in range(3)]
    world.ctx.book = replace(world.ctx.book, runbooks={each.name: each for each in books})
    assert isinstance(world.clock, FakeClock)
    ids = set()
    for number in range(count):
        ids.add(alarm(world.ctx, f"h{number}", runbook=books[number % 3]))
        world.clock.advance(10 / count)
        if number % 100 == 0:
            world.engine.tick()
    world.pass_time(305, step=5)
    pages = list(world.bell.rung)
    assert named(pages) == ids
    assert sum(page.count for page in pages) == count
    assert len(pages) == 2 * len(books)
    end(world.ctx, min(ids))
    world.pass_time(3600, step=30)
    by_runbook: dict[str, list[float]] = {}
    for page in world.pages():
        if page.sent_at is not None:
            by_runbook.setdefault(page.runbook, []).append(page.sent_at)
    for name, moments in by_runbook.items():
        gaps = [later - sooner for sooner, later in pairwise(moments)]
        assert min(gaps) >= 299, (name, moments)
    world.store.close()
