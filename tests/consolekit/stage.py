"""The stage: a project, its store, a web server, and the flow moved by the test's own hand."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from autofix.app.desk import OfServer, place_of
from autofix.app.site import Site
from autofix.core.alerts import Admission, Arrival, Delivery, Post
from autofix.core.incidents import LIVE, State
from autofix.core.readings import Reading
from autofix.core.roles import Principal, Role, at_the_terminal
from autofix.core.runs import Outcome, RunEvent, RunOrder, RunResult
from autofix.core.signals import Signal
from autofix.desk.entrance import entrance
from autofix.desk.local import LocalDesk
from autofix.flow import deliveries, looking, observing
from autofix.flow.context import Context
from autofix.flow.tick import Engine
from autofix.ports import Desk
from autofix.testing.clock import FakeClock
from autofix.web import sockets
from autofix.web.app import make_app
from autofix.web.clerk import Clerk
from autofix.web.gate import Gate
from autofix.web.metrics import Exposition
from autofix.web.services import Services
from autofix.web.serving import WebServer
from consolekit import project
from consolekit.client import PASSWORD, Client
from consolekit.remembered import remembered
from doorkit import cheap

#: Who there is, each with the roles he has; all with PASSWORD.
PEOPLE: dict[str, tuple[Role, ...]] = {
    "ada": (Role.ADMIN,),
    "olga": (Role.OPERATOR,),
    "peter": (Role.APPROVER, Role.OPERATOR),
    "vera": (Role.VIEWER,),
    "aud": (Role.AUDITOR,),
}
REDIS = {
    "port": 6379, "role": "master", "aof_enabled": False, "aof_rewrite_in_progress": False,
    "keys_with_ttl": 120_000, "maxmemory": 4_294_967_296, "maxmemory_policy": "noeviction",
    "used_memory_ratio": 0.61,
}  # fmt: skip
HOST = {"disk_used_ratio": 0.55, "load_1": 0.7}
ENGINE = 50
DAY = 86400.0
WEEK = 7 * DAY


class Facts:
    """The probes of the stage: what each host shows, changed by the test and by playbooks."""

    open_ended = True
    name = "stage"

    def __init__(self) -> None:
        self.of: dict[str, dict[str, Any] | str] = {}

    def look(self, target: Any, options: Any, *, timeout: float, now: float) -> list[Reading]:
        usual = REDIS if target.host.startswith("cache") else HOST
        found = self.of.get(target.host, {})
        if isinstance(found, str):
            return [Reading.unseen(target.host, now, found)]
        return [Reading(target.host, now, {"reachable": True, "error": None, **usual, **found})]


class Playbooks:
    """The runner of the stage: `does[playbook]` is what it does; else it succeeds and changes
    nothing. `says[playbook]` are its events, if it is to tell more than one task."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.does: dict[str, Callable[[RunOrder], RunResult | None]] = {}
        self.says: dict[str, list[RunEvent]] = {}

    def run(self, order: RunOrder, on_event: Callable[[RunEvent], None], cancel: Any) -> RunResult:
        self.clock.advance(2)
        now, host = self.clock.now(), order.host
        default = [
            RunEvent("play", now, play="Mend it"),
            RunEvent("task", now, play="Mend it", task="Look first", host=host),
            RunEvent("ok", now, play="Mend it", task="Look first", host=host, text="seen"),
            RunEvent("task", now, play="Mend it", task="Mend", host=host),
            RunEvent("changed", now, play="Mend it", task="Mend", host=host, text="12 keys gone"),
        ]
        for event in self.says.get(order.playbook, default):
            on_event(event)
        does = self.does.get(order.playbook, lambda _: None)
        said = does(order)
        stats = {host: {"ok": 2, "changed": 1, "failures": 0, "unreachable": 0}}
        return said or RunResult(Outcome.OK, "all tasks ok", 0, stats, {"did": order.playbook})

    def end_leftovers(self, run_ids: Any) -> list[int]:
        return []


def monday(now: float) -> float:
    """The last Monday at nine in the morning, UTC: deadlines go by working hours, and no test may
    depend on the day it runs on."""
    nine = 4 * DAY + 9 * 3600  # the epoch began on a Thursday
    return now - (now - nine) % WEEK


class Stage:
    """`clock` stands still until the test moves it; `ctx` is the flow's, `url` the console's."""

    def __init__(self, folder: Path, clock: FakeClock | None = None) -> None:
        project.write(folder)
        self.folder, self.clock = folder, clock or FakeClock(monday(time.time()))
        self.site = Site.open(folder)
        self.site.clock = self.clock  # type: ignore[assignment]
        self.facts, self.playbooks = Facts(), Playbooks(self.clock)
        with remembered(folder):
            whole = self.site.context("stage", full=True)
        self.ctx: Context = replace(
            whole, clock=self.clock, runner=self.playbooks, probe=lambda _: self.facts
        )
        self.store = self.ctx.store
        self.engine = Engine(self.ctx, self._start)
        self.entrance = entrance(
            self.store,
            self.clock,
            lambda: self.site.settings.web,
            self.site.sealer,
            passwords=cheap(),
        )
        place = place_of(self.site, OfServer(lambda: self.ctx), self.entrance.denials)
        self.place = replace(place, passwords=self.entrance.passwords)
        self._busy: set[str] = set()
        self._clients: list[Client] = []
        self._people: dict[str, Client] = {}
        self._server: WebServer | None = None
        self._port = 0
        for name, roles in PEOPLE.items():
            self.desk().add_user(name, roles, password=PASSWORD)

    @classmethod
    @contextmanager
    def set(cls, folder: Path, **more: Any) -> Iterator[Stage]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("STAGE_SECRET", "do-not-show-me")
            stage = cls(folder, **more)
        try:
            stage.open()
            with stage.store.lead("the stage"):
                yield stage
        finally:
            stage.close()

    # the web

    def open(self) -> None:
        self.services = Services(
            context=lambda: self.ctx,
            desk=self.desk,
            doorman=self.entrance.doorman,
            settings=lambda: self.site.settings.web,
            entrance=self.entrance,
            extra={"metrics": Exposition(self.store)},
        )
        clerk = Clerk(self.services)
        app = Gate(make_app(self.services), self.services, clerk)
        self._server = WebServer(
            app, sockets.tcp("127.0.0.1", self._port, scheme="http"), trusted=lambda _: False
        )
        self._server.start()
        [listener] = self._server.listeners
        self.url = listener.name
        self._port = urlsplit(self.url).port or 0

    def stop_web(self) -> None:
        """The server is gone; `open` brings it back at the same address."""
        assert self._server is not None
        self._server.stop()

    def close(self) -> None:
        for each in self._clients:
            each.close()
        if self._server is not None:
            self._server.stop()
        self.place.checker.stop()
        self.site.close()

    def desk(self, who: Principal | None = None) -> Desk:
        return LocalDesk(self.place, who or at_the_terminal("keeper"))

    def client(self, name: str = "", **headers: str) -> Client:
        """A person without a browser; without a name nobody has logged in."""
        made = Client(self.url, name, **headers)
        self._clients.append(made)
        return made

    def person(self, name: str) -> Client:
        """The same client each time: logins are counted, and a few are enough for all tests."""
        if name not in self._people:
            self._people[name] = self.client(name)
        return self._people[name]

    # the flow

    def _start(self, kind: str, key: str, work: Callable[[], None]) -> bool:
        if key in self._busy:
            return False
        self._busy.add(key)
        try:
            work()
        finally:
            self._busy.discard(key)
        return True

    def look(self, *hosts: str) -> None:
        """Every probe trigger that watches one of these hosts looks at it now."""
        for runbook in list(self.ctx.book.runbooks.values()):
            for index, trigger in enumerate(runbook.triggers):
                named = getattr(trigger, "hosts", "")  # alerts bring their own
                watched = self.ctx.book.inventory.hosts(named) if named else []
                for host in [each for each in hosts if each in watched]:
                    readings = looking.look(self.ctx, "stage", host, {}, timeout=1)
                    observing.observe(self.ctx, [observing.Observation(runbook, index, readings)])

    def settle(self) -> None:
        """Do what is due now, and what becomes due by that; time stands still."""
        for _ in range(ENGINE):
            with self.store.reading() as reads:
                before = reads.audit_head()
            self.engine.tick()
            with self.store.reading() as reads:
                if reads.audit_head() == before:
                    return
        raise AssertionError("it never came to rest")

    def pass_time(self, seconds: float, step: float = 5.0) -> None:
        end = self.clock.now() + seconds
        while self.clock.now() < end:
            self.clock.advance(min(step, end - self.clock.now()))
            self.settle()

    def ill(self, host: str, **facts: Any) -> None:
        """The host falls ill, and is looked at until its trigger fires."""
        self.facts.of[host] = facts
        for _ in range(3):
            self.look(host)
            self.clock.advance(31)
        self.look(host)
        self.settle()

    def cures(self, playbook: str, host: str, **facts: Any) -> None:
        """This playbook leaves the host so."""
        self.playbooks.does[playbook] = lambda _: self.facts.of.__setitem__(host, facts)

    def fails(self, playbook: str, why: str = "it broke") -> None:
        self.playbooks.does[playbook] = lambda _: RunResult(Outcome.FAILED, why, 2)

    def calm(self) -> None:
        """Nothing is wrong, open or paused any more, and it was so long ago that no guard minds."""
        desk = self.desk()
        self.facts.of.clear()
        self.playbooks.does.clear()
        for pause in desk.pauses():
            desk.resume(runbook=pause.runbook, host=pause.host)
        for each in desk.incidents(states=[State.AWAITING_APPROVAL], limit=1000):
            desk.reject(each.id)
        self.settle()
        for each in desk.incidents(states=LIVE, limit=1000):
            desk.resolve(each.id)
        self.clock.advance(WEEK)  # at the same hour of the same weekday
        self.settle()
        self.look(*self.ctx.book.inventory.hosts("all"))

    def run(self, by: str, runbook: str, *hosts: str, **more: Any) -> list[Signal]:
        """A person asks for a run, and it is done as far as it goes."""
        found = self.desk(Principal(by, frozenset(PEOPLE[by]), via="console")).start(
            runbook, hosts, **more
        )
        self.settle()
        return found

    def post(self, body: str, *, why: str = "", status: int = 202) -> Delivery:
        """Alertmanager posts this body; with `why` it is refused for that."""
        headers = {"content-type": "application/json"}
        post = Post("prom", headers, body.encode(), "192.0.2.7")
        source = self.ctx.book.sources["prom"]
        known = Admission("" if why else "prom (token)")
        came = [] if why else source.alerts(post)
        found = deliveries.accept(
            self.ctx, [Arrival(post, known, tuple(came), status=status, why=why)]
        )
        self.settle()
        return found[0]

    # a story to look at

    def story(self) -> None:
        """Something of everything: see `consolekit.story`."""
        from consolekit.story import tell

        tell(self)
