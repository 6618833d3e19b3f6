"""A story told by a seed: hosts fall ill, playbooks help or not, people ask, take and resolve.

Every process that tells it goes on where the one before it was killed. One thread, so that the
N-th pass of a crash point is the same place each time.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from autofix.app.clock import go_on
from autofix.app.killswitch import KillSwitch
from autofix.core.alerts import Admission, Alert, Arrival, Post
from autofix.core.audit import AuditEvent
from autofix.core.escalation import Level, Policy
from autofix.core.incidents import Origin
from autofix.core.runbooks import ProbeTrigger
from autofix.core.signals import Signal
from autofix.errors import AutofixError, StoreError
from autofix.flow import deliveries, intake, looking, observing, stopping
from autofix.flow.context import Book, Context
from autofix.flow.notary import Notary
from autofix.flow.pauses import reconcile
from autofix.flow.recover import recover
from autofix.flow.tick import Engine
from autofix.ports import Store
from autofix.store.keys import Keys, fingerprint
from autofix.testing.inventory import FakeInventory
from crashkit.books import BOOKS, HOSTS, SICK
from crashkit.lasting import JumpingClock, LastingClock, Traces
from crashkit.people import People
from crashkit.scenes import BRIEF, LENGTH, Scene, scenes
from crashkit.world import Bell, Hands, Monitoring, Senses

#: Seconds of patience: longer than any wait of these runbooks and pages.
RESTS_WITHIN = 1800.0
LOOK_EVERY = 15.0


class Teller:
    """Tells the story of a seed on a store, from wherever it stands."""

    def __init__(self, seed: int, folder: Path, store: Store, port: int) -> None:
        self.seed, self.store = seed, store
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
        self.people = People(seed, self.ctx, self.traces)
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
            if not self.people.act() and not self._wait(start, looked):
                return
            late = self.clock.now() - start - LENGTH
            assert late < RESTS_WITHIN, f"not at rest {late:.0f} s after the last thing happened"
        raise AssertionError(f"the story never came to rest: {self._why_not()}")

    def _why_not(self) -> str:
        with self.store.reading() as reads:
            trouble = self._engine._trouble._why
            due = reads.due(self.ctx.clock.now())
        return f"due: {due}; {self.people.refused!r}; store: {trouble!r}"

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
            self.people.refused, due = str(error), self.ctx.clock.now() + 1
        if due is not None:
            moments.append(now + due - self.ctx.clock.now())
        if not moments:
            return False
        self.clock.set(max(now + 0.5, min(moments)))
        return True
