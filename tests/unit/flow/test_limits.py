"""However much is broken at once: the caps of all runbooks together are never passed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autofix.core.conditions import parse
from autofix.core.incidents import WORKING, State
from autofix.core.limits import Limits
from autofix.core.runbooks import ProbeTrigger, Runbook
from autofix.core.runs import RunKind, RunOrder
from autofix.core.shares import share
from autofix.flow import looking, observing
from autofix.flow.decide import decide_due
from autofix.store import open_store
from autofix.testing.inventory import FakeInventory
from unit.flow.world import World, with_guards

HOUR = 3600.0
HOSTS = tuple(f"h{n}" for n in range(12))
GROUPS = {
    "web": {host: {} for host in HOSTS[:8]},
    "db": {host: {} for host in HOSTS[6:]},
    "small": {HOSTS[0]: {}, HOSTS[11]: {}},
}
BOOKS = tuple(
    replace(with_guards(cooldown=0, at_once=12), name=name) for name in ("one", "two", "three")
)
WIDE = Limits(1000, 1000, 100.0)


class Fleet(World):
    """Three runbooks over twelve hosts, and what was the most at any moment."""

    def __init__(self, limits: Limits) -> None:
        super().__init__(*BOOKS)
        inventory = FakeInventory(GROUPS)
        self.ctx.book = replace(self.ctx.book, inventory=inventory, limits=limits)
        self.most_hosts = 0
        self.most_of: dict[str, int] = dict.fromkeys(GROUPS, 0)
        for playbook in ("rewrite.yml", "evict.yml", "raise.yml"):
            self.hands.does[playbook] = self._count
        self.orders: list[float] = []

    def _count(self, order: RunOrder) -> None:
        self.watch()
        self.orders.append(self.clock.now())
        # One of three steps heals, by the number of its run.
        if order.run % 3 == 0:
            self.patient.state[order.host] = {"ratio": 0.5}

    def watch(self) -> None:
        with self.store.reading() as reads:
            busy = {each.host for each in reads.incidents(states=WORKING, limit=1000)}
        self.most_hosts = max(self.most_hosts, len(busy))
        for group, hosts in GROUPS.items():
            self.most_of[group] = max(self.most_of[group], len(busy & set(hosts)))

    def break_(self, book: Runbook, hosts: tuple[str, ...]) -> None:
        for host in hosts:
            self.patient.state[host] = {"ratio": 0.95}
            readings = looking.look(self.ctx, "redis", host, {}, timeout=1)
            observing.observe(self.ctx, [observing.Observation(book, 0, readings)])

    def tick(self) -> None:
        self.engine.tick()
        self.watch()

    def most_runs_an_hour(self) -> int:
        return max(
            (sum(at - HOUR < each <= at for each in self.orders) for at in self.orders), default=0
        )


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(BOOKS),
        st.lists(st.sampled_from(HOSTS), min_size=1, max_size=12, unique=True),
        st.sampled_from((0.0, 0.5, 5.0, 40.0, 600.0)),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=40, deadline=None)
@given(EVENTS, st.integers(1, 5), st.sampled_from((10.0, 25.0, 50.0)), st.integers(2, 15))
def test_no_cap_is_ever_passed_whatever_breaks_at_once(
    events: list[tuple[Runbook, list[str], float]], hosts: int, percent: float, runs: int
) -> None:
    fleet = Fleet(Limits(runs, hosts, percent))
    for book, broken, pause in events:
        fleet.break_(book, tuple(broken))
        fleet.tick()
        fleet.clock.advance(pause)
        for _ in range(4):
            fleet.tick()
            fleet.clock.advance(1.5)
    for _ in range(30):
        fleet.tick()
        fleet.clock.advance(7)
    assert fleet.most_hosts <= hosts
    for group, members in GROUPS.items():
        assert fleet.most_of[group] <= share(percent, len(members)), group
    assert fleet.most_runs_an_hour() <= runs
    assert fleet.orders  # and yet something was done


def test_with_wide_limits_all_are_worked_on_at_once() -> None:
    fleet = Fleet(WIDE)
    fleet.break_(BOOKS[0], HOSTS)
    fleet.tick()
    assert fleet.most_hosts == len(HOSTS)


@pytest.mark.parametrize(
    ("limits", "guard"),
    [
        (Limits(1000, 3, 100.0), "hosts_at_once"),
        (Limits(1000, 1000, 50.0), "percent_of_group"),
        (Limits(2, 1000, 100.0), "runs_per_hour"),
    ],
)
def test_what_a_limit_holds_says_so(limits: Limits, guard: str) -> None:
    fleet = Fleet(limits)
    fleet.break_(BOOKS[0], HOSTS)
    fleet.tick()
    held = [each for each in fleet.incidents() if each.state is State.HELD]
    assert held
    assert {each.reason.partition(":")[0] for each in held} == {guard}


def test_a_small_group_may_always_be_worked_on_one_host_at_a_time() -> None:
    fleet = Fleet(Limits(1000, 1000, 1.0))
    fleet.break_(BOOKS[0], tuple(GROUPS["small"]))
    fleet.tick()
    assert fleet.most_of["small"] == 1


def test_too_many_runs_are_told_once_an_hour_and_go_on_when_the_hour_is_over() -> None:
    fleet = Fleet(Limits(2, 1000, 100.0))
    fleet.break_(BOOKS[0], HOSTS[:6])
    fleet.settle()
    fleet.pass_time(120, step=10)
    told = [page for page in fleet.bell.rung if "held by runs_per_hour" in page.text]
    assert len(told) == 1
    assert len(fleet.orders) == 2
    fleet.pass_time(HOUR, step=60)
    assert len(fleet.orders) > 2


def test_a_percentage_of_the_hosts_of_its_triggers_may_be_worked_on() -> None:
    guards = replace(BOOKS[0].guards, at_once_percent=40.0)
    trigger = ProbeTrigger("redis", "db", parse("ratio > 0.9"))
    book = replace(BOOKS[0], guards=guards, triggers=(trigger,))
    fleet = Fleet(WIDE)
    fleet.ctx.book = replace(fleet.ctx.book, runbooks={book.name: book})
    fleet.break_(book, tuple(GROUPS["db"]))
    fleet.tick()
    assert fleet.most_hosts == 2  # of six


def test_a_person_may_go_over_the_runs_of_an_hour_but_not_over_the_hosts() -> None:
    fleet = Fleet(Limits(1, 1, 100.0))
    fleet.book = BOOKS[0]
    fleet.break_(BOOKS[0], HOSTS[:1])
    fleet.tick()
    assert "hosts_at_once" in fleet.ask_by("ann", HOSTS[1], accepted=("runs_per_hour",)).reason
    fleet.pass_time(60)
    assert "runs_per_hour" in fleet.ask_by("ann", HOSTS[1]).reason
    asked = fleet.ask_by("ann", HOSTS[1], accepted=("runs_per_hour",))
    assert asked.incident is not None


def test_only_the_groups_that_are_named_count() -> None:
    fleet = Fleet(Limits(1000, 1000, 50.0, frozenset({"db"})))
    fleet.break_(BOOKS[0], HOSTS)
    fleet.tick()
    assert (fleet.most_of["db"], fleet.most_of["web"] > 4) == (3, True)


def test_decisions_side_by_side_on_a_real_store_see_each_other(tmp_path: Path) -> None:
    fleet = Fleet(Limits(7, 4, 100.0))
    store = open_store(f"sqlite:///{tmp_path}/state/autofix.db", state=tmp_path / "state")
    fleet.store = fleet.ctx.store = store  # type: ignore[assignment]
    for book in BOOKS:
        fleet.break_(book, HOSTS)
    with store.reading() as reads:
        due = [each.id for each in reads.due_incidents(fleet.clock.now())]
    assert len(due) == len(BOOKS) * len(HOSTS)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: decide_due(fleet.ctx, number), due))
    with store.reading() as reads:
        busy = {each.host for each in reads.at_work()}
        planned = reads.runs(limit=1000, kinds=[RunKind.FIX])
    store.close()
    assert len(busy) == 4
    assert len(planned) <= 7
