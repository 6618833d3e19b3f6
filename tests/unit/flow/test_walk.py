"""A random walk through the flow: whatever happens, in whatever order, nothing is forgotten.

Hosts fall ill, playbooks fail or kill their server, people act, pause, silence and reset, files and
freezes change, the store fails at its N-th commit. After every step each live incident is due, at
work, waits for a person who was paged, or is quietly held by a silence that ends; never more hosts
are worked on than the caps allow; in the end, when all is well again, everything has ended or
stands with a person who was reached.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import hypothesis.strategies as st
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from autofix.core.conditions import parse
from autofix.core.decisions import silent
from autofix.core.escalation import Level, Policy
from autofix.core.freezes import Freeze
from autofix.core.incidents import WITH_A_PERSON, WORKING, Incident, State
from autofix.core.limits import Limits
from autofix.core.pauses import Pause, covering
from autofix.core.runbooks import Attempts, Dependency, Runbook, Step
from autofix.core.runs import Outcome, Run, RunEvent, RunKind, RunOrder, RunResult, RunState
from autofix.core.shares import share
from autofix.errors import HeldError, StoreError, UsageError
from autofix.flow import approvals, breakers, pauses, people, silences, stopping
from autofix.flow.claim import GOOD_FOR
from autofix.flow.context import Context
from autofix.flow.pauses import in_force
from autofix.flow.recover import recover
from autofix.testing.inventory import FakeInventory
from autofix.testing.memory import MemoryStore, MemoryTransaction
from unit.flow.world import BOOK, CatchWorld, Hands, Killed, swap

HOSTS = ("r1", "r2", "r3")
OTHER = replace(BOOK, name="redis-other", fix=(Step("other.yml", afterwards="other-back.yml"),))
BOOKS = {
    "whole": BOOK,
    "fewer steps": replace(BOOK, fix=BOOK.fix[:1]),
    "other order": replace(BOOK, fix=BOOK.fix[::-1]),
    "asks": replace(BOOK, fix=tuple(replace(step, approval="always") for step in BOOK.fix)),
    "asks sometimes": replace(
        BOOK, fix=(Step("rewrite.yml", when=parse("aof"), approval="always"), *BOOK.fix[1:])
    ),
    "idempotent": replace(BOOK, idempotent=True),
    "no verification": replace(BOOK, verify=None),
    "one at a time": replace(BOOK, guards=replace(BOOK.guards, at_once=1)),
    "batches": replace(BOOK, guards=replace(BOOK.guards, at_once=3, batches=(1, 100.0))),
    "waits for the other": replace(
        BOOK, guards=replace(BOOK.guards, depends_on=(Dependency("redis-other"),))
    ),
    "unless": replace(BOOK, guards=replace(BOOK.guards, unless=parse("not aof"))),
    "aborts": replace(BOOK, guards=replace(BOOK.guards, abort_if=parse("ratio > 0.99"))),
    "one attempt": replace(BOOK, guards=replace(BOOK.guards, attempts=Attempts(1, 86400, 600))),
    "switched off": replace(BOOK, enabled=False),
}
LIMITS = {
    "wide": Limits(1000, 1000, 100.0),
    "one host": Limits(1000, 1, 100.0),
    "two of a group": Limits(1000, 1000, 67.0),
    "two runs an hour": Limits(2, 1000, 100.0),
}
LEVELS = Policy("default", (Level(("bell",), 60.0), Level(("second",), 300.0)), repeat=600.0)
PLAYBOOKS = (
    "rewrite.yml", "evict.yml", "restore.yml", "raise.yml", "lower.yml", "other.yml",
    "other-back.yml",
)  # fmt: skip
ENDS = {
    "fails": Outcome.FAILED,
    "loses the host": Outcome.UNREACHABLE,
    "is cancelled": Outcome.CANCELLED,
}
ACTS: tuple[Callable[..., Any], ...] = (
    people.acknowledge, people.resolve, approvals.approve, approvals.reject, people.close,
)  # fmt: skip
BEFORE_THE_VERDICT = (State.FIXING, State.VERIFYING, State.ROLLING_BACK)
WAITING_FOR_A_PERSON = (*WITH_A_PERSON, State.AWAITING_APPROVAL)


class Shaky(MemoryStore):
    """Fails the commit that `fails_in` counts down to."""

    fails_in = 0

    @contextmanager
    def transaction(self) -> Iterator[MemoryTransaction]:
        self.fails_in -= 1
        fails = self.fails_in == 0
        with super().transaction() as tx:
            yield tx
            if fails:
                raise StoreError("the disk is full")


class Watched(Hands):
    """Sees that nothing runs twice, and never two at once on one host."""

    def __init__(self) -> None:
        super().__init__()
        self.at_work: set[str] = set()
        self.asked: Callable[[RunOrder], None] = lambda _: None

    def run(self, order: RunOrder, on_event: Callable[[RunEvent], None], cancel: Any) -> RunResult:
        assert order.run_id not in {each.run_id for each in self.orders}, "a run ran twice"
        assert order.host not in self.at_work, "two at once on one host"
        self.asked(order)
        self.at_work.add(order.host)
        try:
            return super().run(order, on_event, cancel)
        finally:
            self.at_work.discard(order.host)


class Town(CatchWorld):
    def __init__(self) -> None:
        super().__init__(BOOK, OTHER)
        self.shaky, self.watched = Shaky(), Watched()
        self.store = self.ctx.store = self.shaky
        self.hands = self.ctx.runner = self.watched

    no_thread_free = False

    def _start(self, kind: str, key: str, work: Callable[[], None]) -> bool:
        return not (kind == "run" and self.no_thread_free) and super()._start(kind, key, work)

    def do(self, what: Callable[[], object]) -> None:
        """Do it; if it kills the server, start another one."""
        try:
            what()
        except StoreError:
            pass
        except Killed:
            self.shaky.fails_in = 0
            recover(self.ctx)


class Walk(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.town = Town()
        self.limits = LIMITS["wide"]
        self.put_in_force(BOOK, OTHER)
        self.town.watched.asked = self.may_start

    @property
    def ctx(self) -> Context:
        return self.town.ctx

    def put_in_force(self, *books: Runbook, hosts: tuple[str, ...] = HOSTS) -> None:
        inventory = FakeInventory({"redis": {host: {} for host in hosts}})
        policies = {"default": LEVELS}
        swap(self.town, *books, inventory=inventory, limits=self.limits, policies=policies)

    def may_start(self, order: RunOrder) -> None:
        """What no run may pass, however it came to be."""
        book = self.ctx.book.runbooks
        with self.town.store.reading() as reads:
            run = reads.run(order.run_id)
            assert run is not None
            paused = covering(in_force(self.ctx, reads), run.runbook, run.host)
            incident = reads.incident(run.incident)
            starts = reads.starts(self.town.clock.now() - 3600)
        assert paused is None, "it started in spite of a pause"
        assert incident is not None
        if run.kind is RunKind.FIX:
            assert run.runbook in book, "a fix of a runbook that is gone"
            assert book[run.runbook].enabled or incident.by_person, "a fix of one switched off"
            assert self.town.clock.now() - run.planned_at <= GOOD_FOR, "decided on long ago"
            fresh = [at for at in starts if at > self.limited_since]
            assert len(fresh) <= self.limits.runs_per_hour, "more runs than in an hour"

    limited_since = 0.0

    @rule(
        host=st.sampled_from(HOSTS),
        ratio=st.sampled_from([0.95, 0.95, 0.5, None]),
        aof=st.booleans(),
        other=st.booleans(),
    )
    def a_probe_looks(self, host: str, ratio: float | None, aof: bool, other: bool) -> None:
        seen = {"ratio": ratio, "aof": aof} if ratio else "connection refused"
        self.town.patient.state[host] = seen
        book = OTHER if other else self.ctx.book.runbooks.get(BOOK.name)
        if book is not None and self.ctx.book.inventory.known(host):
            self.town.book = book
            self.town.do(lambda: self.town.look(host))

    @rule(seconds=st.sampled_from([0.0, 1.0, 5.0, 30.0, 400.0, 1000.0]))
    def time_passes(self, seconds: float) -> None:
        self.town.do(lambda: self.town.pass_time(seconds + 1, step=seconds / 6 + 1))

    @rule(
        playbook=st.sampled_from(PLAYBOOKS),
        does=st.sampled_from(["cures", "works", "kills", *ENDS]),
    )
    def a_playbook_will(self, playbook: str, does: str) -> None:
        def act(order: RunOrder) -> RunResult | None:
            if does == "kills":
                del self.town.hands.does[playbook]
                raise Killed
            if does == "cures":
                self.town.patient.state[order.host] = {"ratio": 0.5}
            return RunResult(ENDS[does], does) if does in ENDS else None

        self.town.hands.does[playbook] = act

    @rule(host=st.sampled_from(HOSTS), check=st.booleans())
    def a_person_runs(self, host: str, check: bool) -> None:
        self.town.book = BOOK
        self.town.do(lambda: self.town.run_by("ann", host, check=check, inputs={"target": 0.7}))

    @rule(act=st.sampled_from(ACTS), number=st.integers(1, 4))
    def a_person_acts(self, act: Callable[..., Any], number: int) -> None:
        if number <= len(self.town.incidents()):
            with suppress(HeldError):
                self.town.do(lambda: act(self.ctx, number, "bob"))

    @rule(on=st.booleans(), host=st.sampled_from(["", *HOSTS]))
    def a_person_pauses_or_resumes(self, on: bool, host: str) -> None:
        act = stopping.pause if on else stopping.resume
        self.town.do(lambda: act(self.ctx, "bob", host=host))

    @rule(host=st.sampled_from(HOSTS))
    def a_pause_is_filed_by_hand(self, host: str) -> None:
        self.ctx.switch.set(Pause(self.town.clock.now(), "a file", host=host))

    @rule()
    def files_of_pauses_are_written_down(self) -> None:
        self.town.do(lambda: pauses.reconcile(self.ctx))

    @rule(seconds=st.sampled_from([60.0, 2000.0]), host=st.sampled_from(["", *HOSTS]))
    def a_person_silences(self, seconds: float, host: str) -> None:
        now = self.town.clock.now()
        draft = silences.drafted(
            now, "bob", until=now + seconds, reason="a move", runbook=BOOK.name, host=host
        )
        self.town.do(lambda: silences.add(self.ctx, draft))

    @rule(number=st.integers(1, 3))
    def a_person_ends_a_silence(self, number: int) -> None:
        with suppress(HeldError, UsageError):
            self.town.do(lambda: silences.end(self.ctx, "bob", number))

    @rule(host=st.sampled_from(HOSTS))
    def a_person_resets_a_breaker(self, host: str) -> None:
        with suppress(HeldError, UsageError):
            self.town.do(lambda: breakers.reset(self.ctx, "bob", runbook=BOOK.name, host=host))

    @rule(seconds=st.sampled_from([0.0, 100.0, 2000.0]))
    def a_freeze_is_written_down(self, seconds: float) -> None:
        now = self.town.clock.now()
        freezes = (Freeze(now, now + seconds, "the year's end"),) if seconds else ()
        self.ctx.book = replace(self.ctx.book, freezes=freezes)

    @rule(kind=st.sampled_from(sorted(LIMITS)))
    def limits_change(self, kind: str) -> None:
        self.limits = LIMITS[kind]
        self.limited_since = self.town.clock.now()
        self.ctx.book = replace(self.ctx.book, limits=self.limits)
        self.allowed = self.hosts_at_work()

    @rule(kind=st.sampled_from([*BOOKS, "whole", "whole", "gone"]), host_gone=st.booleans())
    def files_change(self, kind: str, host_gone: bool) -> None:
        books = [OTHER] if kind == "gone" else [BOOKS[kind], OTHER]
        self.put_in_force(*books, hosts=HOSTS[1:] if host_gone else HOSTS)

    @rule(free=st.sampled_from([True, True, False]))
    def threads_are(self, free: bool) -> None:
        self.town.no_thread_free = not free

    @rule(count=st.integers(1, 12))
    def the_store_will_fail(self, count: int) -> None:
        self.town.shaky.fails_in = count

    @rule(works=st.booleans())
    def the_channels(self, works: bool) -> None:
        self.town.bell.broken = self.town.second.broken = "" if works else "down"

    allowed: frozenset[str] = frozenset()  # at work when the limits changed

    def hosts_at_work(self) -> frozenset[str]:
        return frozenset(e.host for e in self.town.incidents() if e.state in WORKING)

    @invariant()
    def never_more_hosts_than_the_caps(self) -> None:
        busy = self.hosts_at_work()
        self.allowed &= busy
        most = min(self.limits.hosts_at_once, share(self.limits.percent_of_group, len(HOSTS)))
        assert busy <= self.allowed or len(busy) <= max(most, len(self.allowed)), busy

    @invariant()
    def nothing_is_worked_on_twice(self) -> None:
        live = [(e.runbook, e.host, e.subject) for e in self.town.incidents() if e.live]
        assert len(live) == len(set(live)), live

    @invariant()
    def nothing_raises(self) -> None:
        assert not self.town.defects, self.town.defects

    @invariant()
    def every_live_incident_goes_on(self) -> None:
        for incident in self.town.incidents():
            assert not incident.live or self._goes_on(incident), incident

    def _goes_on(self, incident: Incident) -> bool:
        with self.town.store.reading() as reads:
            runs = reads.runs(incident=incident.id, states=[RunState.PLANNED])
            paged = bool(reads.pages(incident=incident.id) or reads.digests(incident.id))
        if incident.state in (State.FIXING, State.ROLLING_BACK):
            kind = RunKind.FIX if incident.state is State.FIXING else RunKind.ROLLBACK
            return any(run.kind is kind and run.due_at is not None for run in runs)
        if silent(incident):
            return self._ends(incident)
        if incident.state in WAITING_FOR_A_PERSON:
            return (paged and incident.call_at is not None) or incident.due_at is not None
        return incident.due_at is not None

    def _ends(self, incident: Incident) -> bool:
        """A silence has an end, and it is looked at by then, or it ended and it is due now."""
        with self.town.store.reading() as reads:
            ends = [each.until for each in reads.silences()]
        latest = max([self.town.clock.now(), *ends])
        return incident.due_at is not None and incident.due_at <= latest

    @invariant()
    def nobody_holds_a_host_without_working_on_it(self) -> None:
        with self.town.store.reading() as reads:
            assert not reads.runs(states=[RunState.CLAIMED, RunState.STARTED])
            assert not [host for host in HOSTS if reads.host_lock(host)]

    @invariant()
    def what_is_owed_is_due_once_the_verdict_is_in(self) -> None:
        busy = {each.id for each in self.town.incidents() if each.state in BEFORE_THE_VERDICT}
        for run in self._planned():
            owed = run.kind is RunKind.AFTERWARDS
            assert not owed or run.due_at is not None or run.incident in busy, run

    def _planned(self) -> list[Run]:
        with self.town.store.reading() as reads:
            return reads.runs(states=[RunState.PLANNED], limit=10_000)

    def teardown(self) -> None:
        """All is well again."""
        self.town.shaky.fails_in = 0
        self.town.no_thread_free = False
        self.limits = LIMITS["wide"]
        self.put_in_force(BOOK, OTHER)
        self.ctx.book = replace(self.ctx.book, freezes=())
        self.town.hands.does.clear()
        self.town.patient.state.clear()
        self.the_channels(True)
        for host in ("", *HOSTS):
            stopping.resume(self.ctx, "bob", host=host)
        with self.town.store.reading() as reads:
            active = reads.silences(active_at=self.town.clock.now())
        for each in active:
            silences.end(self.ctx, "bob", each.id)
        self.town.pass_time(6000, step=200)
        self.nothing_raises()
        assert self._planned() == []
        pages = (*self.town.bell.rung, *self.town.second.rung)
        rung = {each for page in pages for each in (page.incident, *page.data.get("incidents", ()))}
        for incident in self.town.incidents():
            waits = incident.state in WAITING_FOR_A_PERSON and incident.id in rung
            assert not incident.live or waits, incident


TestWalk = Walk.TestCase
TestWalk.settings = settings(
    derandomize=True,
    deadline=None,
    database=None,
    max_examples=100,
    stateful_step_count=30,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)
