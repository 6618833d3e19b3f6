"""A small world for the flow: a store in memory, a clock whose hands move, hosts that can be ill.

`World.settle()` does what is due, in this thread, until nothing is due now.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from autofix.core.conditions import parse, template
from autofix.core.escalation import simple
from autofix.core.incidents import Incident, Origin
from autofix.core.pages import Page
from autofix.core.readings import Reading
from autofix.core.runbooks import Attempts, Guards, Input, ProbeTrigger, Runbook, Step, Verify
from autofix.core.runs import Outcome, Run, RunEvent, RunOrder, RunResult
from autofix.core.signals import Signal
from autofix.errors import ChannelError, StoreError
from autofix.flow import intake, looking, observing
from autofix.flow.context import Book, Context
from autofix.flow.recover import recover
from autofix.flow.tick import Engine
from autofix.testing.clock import FakeClock
from autofix.testing.inventory import FakeInventory
from autofix.testing.memory import MemoryStore
from autofix.testing.switch import FakeSwitch


class Killed(BaseException):
    """kill -9: nothing after it is executed."""


def kill(_: RunOrder) -> None:
    """What a playbook does in whose middle the server is killed."""
    raise Killed


class Patient:
    """The probe of this world: facts by host, changed by playbooks."""

    name = "redis"
    open_ended = True
    facts: Mapping[str, Any] = {}

    def __init__(self) -> None:
        self.state: dict[str, dict[str, Any] | str] = {}

    def look(self, target: Any, options: Any, *, timeout: float, now: float) -> list[Reading]:
        facts = self.state.get(target.host, {"ratio": 0.5})
        if isinstance(facts, str):
            return [Reading.unseen(target.host, now, facts)]
        return [Reading(target.host, now, {"reachable": True, "error": None, **facts})]


@dataclass
class Hands:
    """The runner of this world: what each playbook does, and every order it got."""

    does: dict[str, Callable[[RunOrder], RunResult | None]] = field(default_factory=dict)
    orders: list[RunOrder] = field(default_factory=list)
    leftovers: list[int] = field(default_factory=list)

    def run(self, order: RunOrder, on_event: Callable[[RunEvent], None], cancel: Any) -> RunResult:
        self.orders.append(order)
        on_event(RunEvent("task", 0.0, task="a task", host=order.host))
        result = self.does.get(order.playbook, lambda _: None)(order)
        return result or RunResult(Outcome.OK, "all tasks ok", 0, report={"did": order.playbook})

    def end_leftovers(self, run_ids: Any) -> Sequence[int]:
        self.leftovers += run_ids
        return list(self.leftovers)

    @property
    def played(self) -> list[str]:
        return [order.playbook for order in self.orders]


@dataclass
class Bell:
    """A channel that works, or fails."""

    name: str = "bell"
    broken: str = ""
    rung: list[Page] = field(default_factory=list)
    closes: bool = False

    def send(self, page: Page, *, timeout: float) -> str:
        if self.broken:
            raise ChannelError(self.broken)
        self.rung.append(page)
        return "delivered"


BOOK = Runbook(
    "redis-memory-high",
    "Redis memory above 90 %",
    about="What it means.\nWhat to do by hand.",
    severity="P1",
    fix=(
        Step("rewrite.yml"),
        Step(
            "evict.yml",
            vars={"target": template("{{ inputs.target }}"), "was": template("{{ ratio }}")},
            afterwards="restore.yml",
        ),
        Step("raise.yml", rollback="lower.yml"),
    ),
    verify=Verify("redis", parse("ratio < 0.85"), within=20, hold=10, every=5),
    triggers=(ProbeTrigger("redis", "redis", parse("ratio > 0.9"), every=30),),
    inputs={"target": Input("target", "number", 0.8)},
    guards=Guards(cooldown=300, attempts=Attempts(3, 86400), at_once=2, hold_limit=900),
)


class World:
    def __init__(self, book: Runbook = BOOK, *others: Runbook) -> None:
        self.clock, self.store = FakeClock(), MemoryStore()
        self.patient, self.hands = Patient(), Hands()
        self.bell, self.second = Bell(), Bell("second")
        inventory = FakeInventory({"redis": {"r1": {"env": "prod"}, "r2": {}, "r3": {}}})
        self.ctx = Context(
            self.store, self.clock, self.hands, lambda _: self.patient,
            Book({each.name: each for each in (book, *others)}, inventory,
                 {"bell": self.bell, "second": self.second},
                 {"default": simple("default", "bell", "second")}),
            owner="test", switch=FakeSwitch(),
        )  # fmt: skip
        self.book = book
        self.busy: set[str] = set()
        self.engine = Engine(self.ctx, self._start)

    def _start(self, kind: str, key: str, work: Callable[[], None]) -> bool:
        if key in self.busy:
            return False
        self.busy.add(key)
        try:
            work()
        finally:
            self.busy.discard(key)
        return True

    def look(self, *hosts: str, trigger: int = 0) -> None:
        """The trigger's probe looks at these hosts now."""
        observing.observe(self.ctx, [self.seen(host, trigger) for host in hosts])

    def seen(self, host: str, trigger: int = 0) -> observing.Observation:
        """What the trigger's probe sees of this host now; nothing is written down."""
        readings = looking.look(self.ctx, "redis", host, {}, timeout=1)
        return observing.Observation(self.book, trigger, readings)

    def settle(self) -> None:
        """Do what is due now, and what becomes due by that; time stands still."""
        for _ in range(50):
            before = self.store_size()
            self.engine.tick()
            if self.store_size() == before:
                return
        raise AssertionError("it never came to rest")

    def pass_time(self, seconds: float, step: float = 1.0) -> None:
        """Let time pass, doing what becomes due."""
        end = self.clock.now() + seconds
        while self.clock.now() < end:
            self.clock.advance(min(step, end - self.clock.now()))
            self.settle()

    def store_size(self) -> tuple[int, Any]:
        with self.store.reading() as reads:
            return reads.audit_head()

    def ill(self, host: str = "r1", ratio: float = 0.95) -> None:
        """The host falls ill and the probe sees it."""
        self.patient.state[host] = {"ratio": ratio}
        self.look(host)
        self.settle()

    def well(self, host: str) -> Callable[[RunOrder], None]:
        def cure(_: RunOrder) -> None:
            self.patient.state[host] = {"ratio": 0.6}

        return cure

    def ask_by(self, person: str, host: str = "r1", **more: Any) -> Signal:
        """A person asks for a run, and has the answer; nothing is done about it yet."""
        signal = Signal(0, Origin.PERSON, self.clock.now(), host, self.book.name, by=person, **more)
        return intake.handle(self.ctx, intake.receive(self.ctx, signal))

    def run_by(self, person: str, host: str = "r1", **more: Any) -> Signal:
        handled = self.ask_by(person, host, **more)
        self.settle()
        return handled

    def incident(self, number: int = 1) -> Incident:
        with self.store.reading() as reads:
            found = reads.incident(number)
        assert found is not None
        return found

    def incidents(self) -> list[Incident]:
        with self.store.reading() as reads:
            return sorted(reads.incidents(), key=lambda each: each.id)

    def runs(self, number: int = 1) -> list[Run]:
        with self.store.reading() as reads:
            return sorted(reads.runs(incident=number), key=lambda run: run.id)

    def actions(self, number: int | None = None) -> list[str]:
        with self.store.reading() as reads:
            return [entry.event.action for entry in reads.audit(incident=number)]


class CatchWorld(World):
    """A world whose pools behave like the real ones: an exception is seen, and work goes on."""

    def __init__(self, book: Runbook = BOOK, *others: Runbook) -> None:
        super().__init__(book, *others)
        self.defects: list[Exception] = []

    def _start(self, kind: str, key: str, work: Callable[[], None]) -> bool:
        try:
            return super()._start(kind, key, work)
        except StoreError:
            pass  # still due: the next tick tries again
        except Exception as error:
            self.defects.append(error)
        return True


def with_guards(**changes: Any) -> Runbook:
    return replace(BOOK, guards=replace(BOOK.guards, **changes))


def with_steps(*steps: Step, **changes: Any) -> Runbook:
    return replace(BOOK, fix=steps, **changes)


def swap(world: World, *books: Runbook, **changes: Any) -> None:
    """The project's files changed: exactly these runbooks are in force now."""
    runbooks = {each.name: each for each in books}
    world.ctx.book = replace(world.ctx.book, runbooks=runbooks, **changes)


def lose_during(world: World, playbook: str) -> None:
    """The first run, of this playbook, dies with its server; another server takes it up."""
    world.hands.does[playbook] = kill
    with pytest.raises(Killed):
        world.ill()
    assert [run.id for run in recover(world.ctx)] == [1]
    assert world.hands.leftovers == [1]
    assert world.runs()[0].outcome is Outcome.LOST
