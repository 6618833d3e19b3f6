"""A small world for the flow: a store in memory, a clock whose hands move, hosts that can be ill.

`World.settle()` does what is due, in this thread, until nothing is due now.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from autofix.core.conditions import parse, template
from autofix.core.escalation import Policy
from autofix.core.incidents import Incident, Origin
from autofix.core.pages import Page
from autofix.core.readings import Reading
from autofix.core.runbooks import Attempts, Guards, Input, ProbeTrigger, Runbook, Step, Verify
from autofix.core.runs import Outcome, Run, RunEvent, RunOrder, RunResult
from autofix.core.signals import Signal
from autofix.errors import ChannelError
from autofix.flow import intake
from autofix.flow.context import Book, Context
from autofix.flow.tick import Engine
from autofix.testing.clock import FakeClock
from autofix.testing.inventory import FakeInventory
from autofix.testing.memory import MemoryStore


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
                 {"default": Policy("default", ("bell", "second"))}),
            owner="test",
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

    def look(self, *hosts: str) -> None:
        """The trigger's probe looks at these hosts now."""
        observations = [
            intake.Observation(self.book, 0, self.patient.look(
                self.ctx.book.target("redis", host), {}, timeout=1, now=self.clock.now()))
            for host in hosts
        ]  # fmt: skip
        intake.observe(self.ctx, observations)

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

    def run_by(self, person: str, host: str = "r1", **more: Any) -> Signal:
        signal = Signal(0, Origin.PERSON, self.clock.now(), host, self.book.name, by=person, **more)
        received = intake.receive(self.ctx, signal)
        handled = intake.handle(self.ctx, received)
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


def with_guards(**changes: Any) -> Runbook:
    return replace(BOOK, guards=replace(BOOK.guards, **changes))
