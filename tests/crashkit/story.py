"""A story told by a seed: hosts fall ill, playbooks help or not, people ask, take and resolve.

Every process that tells it goes on where the one before it was killed. One thread, so that the
N-th pass of a crash point is the same place each time.
"""

from __future__ import annotations

import random
import socket
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autofix.app.clock import SystemClock, go_on
from autofix.app.killswitch import KillSwitch
from autofix.core import again as core_again
from autofix.core.alerts import Admission, Alert, Arrival, Post
from autofix.core.audit import AuditEvent
from autofix.core.escalation import Level, Policy
from autofix.core.incidents import Incident, Origin, State
from autofix.core.pages import Page
from autofix.core.readings import Reading
from autofix.core.runbooks import ProbeTrigger
from autofix.core.runs import Outcome, RunEvent, RunOrder, RunResult
from autofix.core.signals import Signal
from autofix.errors import AutofixError, ChannelError, StoreError
from autofix.flow import again, deliveries, intake, looking, observing, people, stopping
from autofix.flow.context import Book, Context
from autofix.flow.notary import Notary
from autofix.flow.pauses import reconcile
from autofix.flow.recover import recover
from autofix.flow.tick import Engine
from autofix.ports import Store
from autofix.store.keys import Keys, fingerprint
from autofix.testing.inventory import FakeInventory
from crashkit.books import BOOKS, FACTS, HOSTS, SICK
from crashkit.lasting import LastingClock, Traces

#: A seed whose story is one person's wish, and nothing more.
BRIEF = 0
#: From this seed on, the clock on the wall jumps in every story.
JUMPING = 1000
#: Seconds of patience: longer than any wait of these runbooks and pages.
RESTS_WITHIN = 1800.0
LENGTH = 90.0  # seconds in which things happen; what follows of them is told to its end
LOOK_EVERY = 15.0


@dataclass(frozen=True)
class Scene:
    """Something that happens by itself at a moment, once."""

    after: float
    what: str  # ill | ask | alert | over | pause | resume | jump
    host: str
    which: str = ""  # the fact, the runbook, or the seconds of a jump


def scenes(seed: int) -> list[Scene]:
    """What this seed's story is about: a few failures, a few wishes of people."""
    if seed == BRIEF:
        return [Scene(1.0, "ask", "r1", "task")]
    dice = random.Random(seed)
    found = [
        Scene(dice.uniform(1, LENGTH / 2), "ill", host, fact)
        for host in HOSTS
        for fact in dice.sample(list(FACTS), dice.choice([1, 1, 2]))
    ]
    found += [
        Scene(dice.uniform(1, LENGTH), "ask", dice.choice(HOSTS), dice.choice(list(BOOKS)))
        for _ in range(3)
    ]
    paused, since = dice.choice(["", *HOSTS]), dice.uniform(1, LENGTH / 2)
    found += [Scene(since, "pause", paused), Scene(since + dice.uniform(5, 60), "resume", paused)]
    alerts = random.Random(f"{seed} alerts")
    found += [
        Scene(
            alerts.uniform(1, LENGTH),
            alerts.choice(["alert", "alert", "over"]),
            alerts.choice(HOSTS),
            alerts.choice(list(FACTS)),
        )
        for _ in range(2)
    ]
    for _ in range(3 if seed >= JUMPING else 0):
        jump = dice.choice([-86400, -3600, 3600, 86400])
        found.append(Scene(dice.uniform(1, LENGTH + 20), "jump", "", str(jump)))
    return sorted(found, key=lambda each: each.after)


def does(seed: int, host: str, playbook: str) -> str:
    """cures | nothing | fails: always the same for one story, host and playbook."""
    dice = random.Random(f"{seed} {host} {playbook}")
    if playbook.endswith("-back.yml"):
        return dice.choices(["nothing", "fails"], [9, 1])[0]
    if playbook.endswith("-undo.yml"):
        # What a person can have undone is what was not undone already.
        return dice.choices(["nothing", "fails"], [6, 4])[0]
    return dice.choices(["cures", "nothing", "fails"], [4, 4, 2])[0]


def wished(traces: Traces, incident: int) -> bool:
    """Has a person had something done once more?"""
    return any(line["incident"] == incident for line in traces.all("wished"))


class JumpingClock(SystemClock):
    """The server's own clock, on a wall that jumps as the traces tell."""

    def __init__(self, steady: LastingClock, traces: Traces) -> None:
        self._lasting, self._traces = steady, traces
        super().__init__(self._on_the_wall, steady.now)

    def _on_the_wall(self) -> float:
        jumps: list[float] = [line["by"] for line in self._traces.all("jumped")]
        return self._lasting.now() + sum(jumps)

    def sleep(self, seconds: float) -> None:
        self._lasting.sleep(seconds)


class Monitoring:
    """A source; its posts come in past the door."""

    name, type, policy = "mon", "generic", "default"
    runbooks: Sequence[str] = ()
    unknown_host = no_runbook = "record"

    def handshake(self, headers: Mapping[str, str]) -> dict[str, str]:
        return {}

    def admit(self, post: Post, now: float) -> Admission:
        return Admission("bearer")

    def alerts(self, post: Post) -> list[Alert]:
        return []


class Senses:
    """The probe: what the world's traces say of a host."""

    name = "facts"
    facts: Mapping[str, Any] = {}
    open_ended = True

    def __init__(self, traces: Traces) -> None:
        self._traces = traces

    def options_schema(self) -> Mapping[str, Any]:
        return {}

    def check_options(self, options: Mapping[str, Any]) -> list[str]:
        return []

    def look(self, target: Any, options: Any, *, timeout: float, now: float) -> list[Reading]:
        facts: dict[str, float] = dict.fromkeys(FACTS, 0.5)
        for line in self._traces.all("health"):
            if line["host"] == target.host:
                facts[line["fact"]] = line["value"]
        return [Reading(target.host, now, {"reachable": True, "error": None, **facts})]


class Hands:
    """The runner: leaves a trace when a playbook begins to act, and when it is through."""

    def __init__(self, seed: int, traces: Traces) -> None:
        self._seed, self._traces = seed, traces

    def run(self, order: RunOrder, on_event: Callable[[RunEvent], None], cancel: Any) -> RunResult:
        on_event(RunEvent("start", 0.0))
        told = {name: order.variables[name] for name in ("runbook", "kind", "step", "incident")}
        self._traces.add("begun", run=order.run_id, playbook=order.playbook, **told)
        on_event(RunEvent("task", 0.0, task="a task", host=order.host))
        what = does(self._seed, order.host, order.playbook)
        if told["kind"] == "rollback" and wished(self._traces, told["incident"]):
            what = "nothing"  # whoever has it undone saw to it that this can be
        if what == "cures":
            fact = next(f for f, book in FACTS.items() if book.name == told["runbook"])
            self._traces.add("health", host=order.host, fact=fact, value=0.5)
        self._traces.add("ended", run=order.run_id)
        outcome = Outcome.FAILED if what == "fails" else Outcome.OK
        return RunResult(outcome, what, 0)

    def end_leftovers(self, run_ids: Iterable[int]) -> Sequence[int]:
        return []


class Bell:
    """The channel: whom it reached is a trace."""

    name, closes = "bell", False

    def __init__(self, traces: Traces, port: int) -> None:
        self._traces, self._port = traces, port

    def send(self, page: Page, *, timeout: float) -> str:
        try:
            with socket.create_connection(("127.0.0.1", self._port), timeout):
                pass
        except OSError as error:
            raise ChannelError(f"nobody answers: {error}") from None
        self._traces.add("rung", page=page.id, incident=page.incident, runbook=page.runbook)
        return "rang"


class Teller:
    """Tells the story of a seed on a store, from wherever it stands."""

    def __init__(self, seed: int, folder: Path, store: Store, port: int) -> None:
        self.seed, self.store = seed, store
        self.refused = ""
        self._length = LENGTH if seed != BRIEF else 0.0
        self.clock = LastingClock(folder / "clock")
        self.traces = Traces(folder)
        self.server_clock = JumpingClock(self.clock, self.traces)
        senses = Senses(self.traces)
        book = Book(
            BOOKS,
            FakeInventory({"redis": {host: {} for host in HOSTS}}),
            {"bell": Bell(self.traces, port)},
            {"default": Policy("default", (Level(("bell",), 60.0), Level(("bell",), 60.0)))},
            sources={"mon": Monitoring()},
        )
        self.ctx = Context(
            store, self.server_clock, Hands(seed, self.traces), lambda _: senses, book, "teller"
        )
        self.ctx.switch = KillSwitch(folder / "state")
        self.keys = Keys(folder / "state" / "keys")
        self.notary = Notary(self.ctx, self.keys)
        self._busy: set[str] = set()
        self._engine = Engine(self.ctx, self._start)

    def _start(self, kind: str, key: str, work: Callable[[], None]) -> bool:
        if key in self._busy:
            return False
        self._busy.add(key)
        try:
            work()
        finally:
            self._busy.discard(key)
        return True

    def _begin(self) -> float:
        """What a server does before anything else; when the story began."""
        if not self.traces.all("began"):
            self.traces.add("began", at=self.clock.now())
        if not self.keys.ever:
            self.keys.make()
        self.keys.complete()
        public = self.keys.public()
        self.notary.introduce(fingerprint(public), public.hex())
        go_on(self.server_clock, self.store)
        with self.store.transaction() as tx:
            tx.record(AuditEvent(self.ctx.clock.now(), "teller", "server.started"))
        recover(self.ctx)
        reconcile(self.ctx)
        start: float = self.traces.all("began")[0]["at"]
        return start

    def tell(self) -> None:
        """From recovery to the end, when nothing is due any more."""
        start = self._begin()
        self.traces.add("restarted", at=self.ctx.clock.now())
        looked = 0.0
        for _ in range(600):
            now = self.clock.now()
            with suppress(AutofixError):  # as the server's threads do: it is tried again
                self._play_scenes(start, now)
            if now - looked >= LOOK_EVERY and now < start + self._length:
                looked = now
                with suppress(AutofixError):
                    self._look()
            self._settle()
            with suppress(AutofixError):
                self.notary.seal_if_possible()
            if not self._people() and not self._wait(start, looked):
                return
            late = self.clock.now() - start - LENGTH
            assert late < RESTS_WITHIN, f"not at rest {late:.0f} s after the last thing happened"
        raise AssertionError(f"the story never came to rest: {self._why_not()}")

    def _why_not(self) -> str:
        with self.store.reading() as reads:
            trouble = self._engine._trouble._why
            return f"due: {reads.due(self.ctx.clock.now())}; {self.refused!r}; store: {trouble!r}"

    def _play_scenes(self, start: float, now: float) -> None:
        played = len(self.traces.all("played"))
        for scene in scenes(self.seed)[played:]:
            if start + scene.after > now:
                return
            # Noted first: a person who was cut off does not know whether to ask again. But what
            # is paused is resumed for certain: somebody will ask why nothing happens.
            if scene.what == "resume":
                stopping.resume(self.ctx, "cid", host=scene.host)
            self.traces.add("played", what=scene.what)
            self._play(scene)

    def _play(self, scene: Scene) -> None:
        if scene.what == "ill":
            self.traces.add("health", host=scene.host, fact=scene.which, value=SICK)
        elif scene.what == "ask":
            self._ask(scene)
        elif scene.what in ("alert", "over"):
            self._alert(scene)
        elif scene.what == "jump":
            self.traces.add("jumped", by=float(scene.which))
        elif scene.what == "pause":
            stopping.pause(self.ctx, "cid", host=scene.host)

    def _ask(self, scene: Scene) -> None:
        now = self.ctx.clock.now()
        signal = Signal(0, Origin.PERSON, now, scene.host, scene.which, by="ann")
        received = intake.receive(self.ctx, signal)
        self.traces.add("acknowledged", signal=received.id)

    def _alert(self, scene: Scene) -> None:
        """A monitoring posts, twice as its two halves do, and is told 2xx."""
        alert = Alert(scene.which, scene.what == "alert", {"instance": scene.host})
        arrival = Arrival(Post("mon", {}, b"{}"), Admission("bearer"), (alert,))
        for row in deliveries.accept(self.ctx, [arrival, arrival]):
            self.traces.add("delivered", delivery=row.id)
            for judged in row.judged:
                if judged.signal is not None:
                    self.traces.add("acknowledged", signal=judged.signal)

    def _look(self) -> None:
        for book in BOOKS.values():
            for index, trigger in enumerate(book.triggers):
                if not isinstance(trigger, ProbeTrigger):
                    continue
                looks = [
                    observing.Observation(book, index, looking.look(self.ctx, "facts", host, {}, 1))
                    for host in HOSTS
                ]
                observing.observe(self.ctx, looks)

    def _settle(self) -> None:
        for _ in range(60):
            try:
                before = self._head()
                self._engine.tick()
                if self._head() == before:
                    return
            except StoreError:
                self.clock.sleep(1.0)
        raise AssertionError("it never came to rest at one moment")

    def _head(self) -> object:
        with self.store.reading() as reads:
            return reads.audit_head()

    def _people(self) -> bool:
        """Whoever was reached takes the incident, mends the host by hand and resolves it."""
        try:
            return self._act()
        except AutofixError as error:
            self.refused = str(error)
            self.clock.sleep(1.0)
            return True  # they try again

    def _act(self) -> bool:
        with self.store.reading() as reads:
            live = reads.incidents(states=[State.ESCALATED, State.ACKNOWLEDGED])
        moved = False
        for incident in live:
            if incident.due_at is None and self._answers(incident):
                self._take(incident)
                moved = True
        return moved

    def _answers(self, incident: Incident) -> bool:
        """At the first call or at the second, as the story has it."""
        heard = incident.calls > (incident.id + self.seed) % 2
        return self.reached(incident) and (heard or incident.state is State.ACKNOWLEDGED)

    def reached(self, incident: Incident) -> bool:
        return any(
            incident.id == line["incident"] or (line["runbook"] or "-") == incident.runbook
            for line in self.traces.all("rung")
        )

    def _take(self, incident: Incident) -> None:
        if incident.state is State.ESCALATED:
            people.acknowledge(self.ctx, incident.id, "bob")
            self.traces.add("promised", action="incident.acknowledged", incident=incident.id)
            return
        if not wished(self.traces, incident.id):
            # Noted first: who is refused, or cut off, does not ask again.
            self.traces.add("wished", incident=incident.id)
            if self._once_more(incident):
                return
        for fact, book in FACTS.items():
            if book.name == incident.runbook:
                self.traces.add("health", host=incident.host, fact=fact, value=0.5)
        people.resolve(self.ctx, incident.id, "bob")
        self.traces.add("promised", action="incident.resolved", incident=incident.id)

    def _once_more(self, incident: Incident) -> bool:
        """Before they do it by hand some have a step tried again, some have one undone."""
        book, dice = BOOKS[incident.runbook], random.Random(f"{self.seed} {incident.id} again")
        with self.store.reading() as reads:
            runs = reads.runs(incident=incident.id)
        undoable = core_again.undoable(incident, core_again.remedies(book), runs)
        if undoable:
            again.roll_back(self.ctx, incident.id, "bob", dice.choice(undoable))
            self.traces.add("promised", action="incident.rolling_back", incident=incident.id)
        elif not incident.check and dice.random() < 0.3:
            again.retry(self.ctx, incident.id, "bob", dice.randrange(len(book.fix)))
            self.traces.add("promised", action="incident.retried", incident=incident.id)
        else:
            return False
        return True

    def _wait(self, start: float, looked: float) -> bool:
        """Until the next thing is due; False when nothing is."""
        now = self.clock.now()
        left = scenes(self.seed)[len(self.traces.all("played")) :]
        moments = [start + each.after for each in left[:1]]
        if now < start + self._length:
            moments.append(max(looked, start) + LOOK_EVERY)
        try:
            with self.store.reading() as reads:
                due = reads.next_due()
        except StoreError as error:
            self.refused, due = str(error), self.ctx.clock.now() + 1
        if due is not None:
            moments.append(now + due - self.ctx.clock.now())
        if not moments:
            return False
        self.clock.set(max(now + 0.5, min(moments)))
        return True
