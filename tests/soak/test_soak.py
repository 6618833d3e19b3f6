"""SAFETY 15: random kills of the server and its executors, under load, and what is left in the end.

`make soak`, with KILLS, ALERTS and SECONDS (the end, whatever is done by then) from the
environment, SEED for the same dice again. A short form runs in `make test`.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

from autofix.core.incidents import Origin, State
from autofix.core.signals import Signal
from autofix.crashpoints import POINTS
from autofix.errors import AutofixError
from autofix.flow import intake, people, stopping
from autofix.flow.context import Context
from crashkit.outside import outside
from crashkit.real import BOOKS, Killed

HOSTS = 8
BATCH = 50
#: Seconds after which a server is killed, whatever it has done.
LIFETIME = 30.0


class Chaos:
    """What happens to one project: illness, alerts, people, and deaths."""

    def __init__(self, town: Killed, seed: int) -> None:
        self.town, self.dice = town, random.Random(seed)
        self.hosts = [f"h{number}" for number in range(HOSTS)]
        self.alerts = 0
        self.did: Counter[str] = Counter()

    def a_lifetime(self, alerts: int) -> None:
        """One server from its start to its death, with whatever goes on meanwhile."""
        armed = self.dice.random() < 0.3
        wish = f"{self.dice.choice(list(POINTS))}:{self.dice.randint(1, 6)}" if armed else ""
        server = self.town.start(wish)
        self.town.pace(self.dice.choice([0, 0, 0.2, 1.0]))
        # It lives until it has begun so many playbooks, so that a slow machine tests as much.
        enough = len(self.town.traces.all("begun")) + self.dice.choice([0, 1, 1, 2, 3, 5])
        end = time.monotonic() + LIFETIME
        with outside(self.town.path) as ctx:
            while time.monotonic() < end and server.poll() is None:
                self._happen(ctx, alerts)
                if self.town.begun(enough) and (self.dice.random() < 0.1 or self.town.serves()):
                    break
        time.sleep(self.dice.choice([0, 0, 0.2, 1.0]))
        self._die()

    def _happen(self, ctx: Context, alerts: int) -> None:
        for _ in range(self.dice.randint(0, 2)):
            self.town.ill(self.dice.choice(self.hosts), self.dice.choice(list(BOOKS)))
        self._alerts(ctx, min(BATCH, alerts - self.alerts))
        with suppress(AutofixError):  # refused by the state of things, or the store is busy
            self._somebody_acts(ctx)
        time.sleep(0.1)

    def _alerts(self, ctx: Context, count: int) -> None:
        for _ in range(count):
            host, book = self.dice.choice(self.hosts), self.dice.choice(list(BOOKS))
            signal = Signal(0, Origin.ALERT, time.time(), host, book, by="alerts")
            with suppress(AutofixError):
                received = intake.receive(ctx, signal)
                self.town.traces.add("acknowledged", signal=received.id)
                self.alerts += 1

    def _somebody_acts(self, ctx: Context) -> None:
        with ctx.store.reading() as reads:
            waiting = reads.incidents(states=[State.ESCALATED, State.ACKNOWLEDGED], limit=50)
        host = self.dice.choice(["", *self.hosts])
        if self.dice.random() < 0.05:
            stopping.pause(ctx, "cid", host=host, cancel_running=self.dice.random() < 0.3)
        elif self.dice.random() < 0.3:
            stopping.resume(ctx, "cid", host=host)
            stopping.resume(ctx, "cid")
        for each in self.dice.sample(waiting, min(3, len(waiting))):
            act = people.resolve if self.dice.random() < 0.7 else people.acknowledge
            act(ctx, each.id, "bob")
            done = "resolved" if act is people.resolve else "acknowledged"
            self.town.traces.add("promised", action=f"incident.{done}", incident=each.id)

    def _die(self) -> None:
        server = self.town._server
        assert server is not None
        if server.poll() is not None:
            self._count("at its crash point")
            self.town._gone()
            return
        how = self.dice.choice(["server", "server", "both", "executor", "stopped", "SIGTERM"])
        if how in ("both", "executor"):
            self.town.kill_executors()
        if how == "executor":
            time.sleep(self.dice.uniform(0.0, 0.5))
        if how == "stopped":
            self._stop_for_a_while()
        if how == "SIGTERM":
            server.terminate()
            time.sleep(self.dice.uniform(0.0, 1.0))
        self.town.strike()
        self._count(how)

    def _stop_for_a_while(self) -> None:
        server = self.town._server
        assert server is not None
        for number in (19, 18):  # SIGSTOP, SIGCONT
            server.send_signal(number)
            time.sleep(self.dice.uniform(0.1, 2.0))

    def _count(self, how: str) -> None:
        self.did[how] += 1

    def calm_down(self) -> None:
        """Everybody is well, nothing is paused; what is left goes its way to the end."""
        for file in (self.town.world / "ill").iterdir():
            file.unlink(missing_ok=True)
        self.town.pace(0)
        with outside(self.town.path) as ctx:
            for host in ("", *self.hosts):
                stopping.resume(ctx, "cid", host=host)


def live_through(path: Path, kills: int, alerts: int, seconds: float, seed: int) -> None:
    began = time.monotonic()
    with Killed(path, hosts=HOSTS) as town:
        chaos = Chaos(town, seed)
        while chaos.did.total() < kills and time.monotonic() - began < seconds:
            chaos.a_lifetime(alerts)
            if chaos.did.total() % 50 == 0:
                told(town, chaos, began)
        chaos.calm_down()
        town.start()
        back = time.monotonic()
        town.until(lambda: town.rests(), 60.0 + alerts / 20)
        print(f"at rest {time.monotonic() - back:.0f} s after the last start")
        assert town.stop() == 0
        told(town, chaos, began)
        assert town.complaints() == []


def told(town: Killed, chaos: Chaos, began: float) -> None:
    deaths = ", ".join(f"{count} {how}" for how, count in sorted(chaos.did.items()))
    print(
        f"{chaos.did.total()} deaths ({deaths}), {chaos.alerts} alerts acknowledged, "
        f"{len(town.traces.all('begun'))} playbooks begun, {len(town.traces.all('rung'))} pages, "
        f"{time.monotonic() - began:.0f} s",
        flush=True,
    )


def test_a_few_kills_under_load(tmp_path: Path) -> None:
    live_through(tmp_path, kills=3, alerts=100, seconds=40, seed=15)


@pytest.mark.soak
@pytest.mark.timeout(24 * 3600)
def test_kills_under_load(tmp_path: Path) -> None:
    kills, alerts = int(os.environ.get("KILLS", "1000")), int(os.environ.get("ALERTS", "100000"))
    seconds = float(os.environ.get("SECONDS", "86400"))
    seed = int(os.environ.get("SEED", str(time.time_ns() % 10**6)))
    print(f"\nKILLS={kills} ALERTS={alerts} SECONDS={seconds:.0f} SEED={seed}", flush=True)
    live_through(tmp_path, kills, alerts, seconds, seed)
