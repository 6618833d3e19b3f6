"""SAFETY 21 and 22: one alert a thousand times, and ten thousand alerts at once.

The real store, the real flow with its threads, and a runner that counts how many it is at. Senders
post as past the door: their alerts are judged, and acknowledged after the commit.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from autofix.app.clock import SystemClock
from autofix.core.alerts import Admission, Alert, Arrival, Delivery, Post, Verdict
from autofix.core.conditions import parse
from autofix.core.escalation import simple
from autofix.core.limits import Limits
from autofix.core.pages import Page
from autofix.core.readings import Reading
from autofix.core.runbooks import AlertTrigger, Attempts, Guards, Runbook, Step, Verify
from autofix.core.runs import Outcome, RunEvent, RunOrder, RunResult
from autofix.core.signals import SignalState
from autofix.flow import deliveries
from autofix.flow.context import Book, Context
from autofix.flow.pools import Pools
from autofix.flow.tick import Engine
from autofix.store.sql import SqlStore
from autofix.testing.inventory import FakeInventory
from servers.site import eventually
from storekit import open_sqlite
from unit.flow.alerting import Monitor

AT_ONCE, FLEET = 3, 8
#: Senders at the same time; each takes the next signal when its last one is acknowledged.
SENDERS = 32


class Ill:
    """A probe that sees every host ill until it was worked on."""

    name = "facts"
    facts: Mapping[str, Any] = {}
    open_ended = True

    def __init__(self) -> None:
        self.well: set[tuple[str, str]] = set()

    def options_schema(self) -> Mapping[str, Any]:
        return {}

    def check_options(self, options: Mapping[str, Any]) -> list[str]:
        return []

    def look(
        self, target: Any, options: Mapping[str, Any], *, timeout: float, now: float
    ) -> list[Reading]:
        fine = (target.host, options["of"]) in self.well
        facts = {"reachable": True, "error": None, "load": 0.1 if fine else 0.9}
        return [Reading(target.host, now, facts)]


class Counting:
    """A runner that remembers the most that ran at a time: in all, of a runbook, on a host."""

    def __init__(self, probe: Ill, takes: float) -> None:
        self._probe, self._takes = probe, takes
        self._lock = threading.Lock()
        self._now: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.ran: Counter[tuple[str, str]] = Counter()

    def run(self, order: RunOrder, on_event: Callable[[RunEvent], None], cancel: Any) -> RunResult:
        book = str(order.variables["runbook"])
        with self._lock:
            self.ran[order.host, book] += 1
            for what in ("all", book, order.host):
                self._now[what] += 1
                self.most[what] = max(self.most[what], self._now[what])
        time.sleep(self._takes)
        self._probe.well.add((order.host, book))
        with self._lock:
            self._now.subtract(("all", book, order.host))
        return RunResult(Outcome.OK, "all tasks ok", 0)

    def end_leftovers(self, run_ids: Iterable[int]) -> Sequence[int]:
        return []


class Bell:
    name, closes = "bell", False

    def __init__(self) -> None:
        self.rung: list[Page] = []

    def send(self, page: Page, *, timeout: float) -> str:
        self.rung.append(page)
        return "rang"


class Storm:
    """A server's flow on a store of its own, and senders."""

    def __init__(self, store: SqlStore, hosts: int, books: int, takes: float) -> None:
        self.store, self.probe, self.bell = store, Ill(), Bell()
        self.hosts = [f"h{number}" for number in range(hosts)]
        self.books = {name: _book(name) for name in (f"book{n}" for n in range(books))}
        self.runner = Counting(self.probe, takes)
        inventory = FakeInventory({"web": {host: {} for host in self.hosts}})
        limits = Limits(hosts_at_once=FLEET, runs_per_hour=1_000_000, percent_of_group=100.0)
        book = Book(self.books, inventory, {"bell": self.bell},
                    {"default": simple("default", "bell")}, limits=limits,
                    sources={"mon": Monitor()})  # fmt: skip
        self.ctx = Context(store, SystemClock(), self.runner, lambda _: self.probe, book, "storm")
        self.took: list[float] = []

    def post(self, number: int) -> Arrival:
        """The post of this number: over all hosts, and over all runbooks."""
        host = self.hosts[number % len(self.hosts)]
        name = f"book{number // len(self.hosts) % len(self.books)}"
        alert = Alert(name, True, {"instance": host}, fingerprint=f"{name} {host}")
        return Arrival(Post("mon", {}, b"{}", "10.9.9.9"), Admission("bearer"), (alert,))

    def send(self, count: int) -> list[Delivery]:
        """Acknowledged posts, by as many senders at a time as there are."""

        def one(number: int) -> Delivery:
            begun = time.perf_counter()
            (delivery,) = deliveries.accept(self.ctx, [self.post(number)])
            self.took.append(time.perf_counter() - begun)
            self.engine.wake()
            return delivery

        with ThreadPoolExecutor(SENDERS) as senders:
            return list(senders.map(one, range(count)))

    @contextmanager
    def served(self) -> Iterator[None]:
        pools = Pools()
        self.engine = Engine(self.ctx, pools.start)
        thread = threading.Thread(target=self.engine.run)
        thread.start()
        try:
            yield
        finally:
            self.engine.stop()
            thread.join()
            pools.close(wait=True)

    def handled(self) -> bool:
        with self.store.reading() as reads:
            return not reads.signals(received=True, limit=1)

    def p99(self) -> float:
        return sorted(self.took)[int(len(self.took) * 0.99) - 1]


def _book(name: str) -> Runbook:
    verify = Verify("facts", parse("load < 0.5"), within=2, hold=0, every=0.2, options={"of": name})
    guards = Guards(cooldown=600, attempts=Attempts(3, 86400), at_once=AT_ONCE, hold_limit=900)
    triggers = (AlertTrigger(name),)
    return Runbook(name, name, (Step("fix.yml"),), verify, guards=guards, triggers=triggers)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    store: SqlStore = open_sqlite(tmp_path / "state")
    yield store
    store.close()


def test_the_same_alert_a_thousand_times_at_once_is_one_run(store: SqlStore) -> None:
    storm = Storm(store, hosts=1, books=1, takes=0.3)
    with storm.served():
        posted = storm.send(1000)
        eventually(storm.handled, 60, "all are handled")
        eventually(lambda: storm.runner.ran, 30, "it runs")
    assert storm.runner.ran == {("h0", "book0"): 1}
    with store.reading() as reads:
        assert len(reads.runs(limit=1000)) == 1
        assert len(reads.incidents(limit=1000)) == 1
        *after, first = reads.signals(limit=1000)
        assert len(reads.deliveries(limit=2000)) == 1000
    assert first.incident == 1
    # Those that came when it was healed already: what they say is not there any more.
    assert all(each.reason.startswith("the symptom is not there") for each in after)
    assert len({each.id for each in posted}) == 1000
    verdicts = Counter(one.verdict for each in posted for one in each.judged)
    assert verdicts == {Verdict.FIRES: 1 + len(after), Verdict.REPEATS: 999 - len(after)}


@pytest.mark.parametrize(
    ("alerts", "hosts", "seconds"),
    [
        (500, 25, 5.0),
        pytest.param(10_000, 200, 10.0, marks=[pytest.mark.soak, pytest.mark.timeout(1800)]),
    ],
)
def test_in_a_storm_none_is_lost_and_the_caps_hold(
    store: SqlStore, alerts: int, hosts: int, seconds: float
) -> None:
    storm = Storm(store, hosts=hosts, books=5, takes=0.05)
    with storm.served():
        begun = time.monotonic()
        posted = storm.send(alerts)
        took = time.monotonic() - begun
        eventually(storm.handled, 600, "all are handled")
        handled = time.monotonic() - begun
        eventually(lambda: len(storm.runner.ran) >= 5 * AT_ONCE, 300, "work goes on")
    rate = alerts / took
    print(
        f"{alerts} alerts acknowledged in {took:.1f} s ({rate:.0f}/s), p99 {storm.p99():.3f} s, "
        f"handled after {handled:.1f} s; {sum(storm.runner.ran.values())} runs, "
        f"most at once {storm.runner.most['all']}"
    )
    with store.reading() as reads:
        kept = [reads.delivery(each.id) for each in posted]
        fired = [each.judged[0] for each in posted if each.judged[0].verdict is Verdict.FIRES]
        found = [reads.signal(each.signal or 0) for each in fired]
    assert kept == posted
    assert len({each.id for each in posted}) == alerts
    assert len({(each.runbook, each.host) for each in fired}) == min(alerts, hosts * 5)
    assert all(each and each.state is not SignalState.RECEIVED for each in found)
    assert all(each and (each.incident or each.reason) for each in found)
    assert storm.runner.most["all"] <= FLEET
    assert all(storm.runner.most[name] <= AT_ONCE for name in storm.books)
    assert all(storm.runner.most[host] <= 1 for host in storm.hosts)
    assert all(count == 1 for count in storm.runner.ran.values())
    assert storm.p99() < 5.0  # a bound against hanging; the figure is printed
    pages = Counter(page.runbook for page in storm.bell.rung)
    assert all(count <= 1 + took // 300 for count in pages.values()), pages
