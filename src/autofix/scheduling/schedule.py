"""One job per trigger, never per host; a job hands its hosts to a bounded pool and is done."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.schedulers.base import BaseScheduler
from apscheduler.triggers.interval import IntervalTrigger

from autofix.core.audit import AuditEvent
from autofix.core.runbooks import ProbeTrigger, Runbook, ScheduleTrigger
from autofix.errors import StoreError
from autofix.flow.context import Context, log
from autofix.flow.looking import fleet_probe, look, look_at_all
from autofix.flow.observing import Observation
from autofix.flow.pools import Pools
from autofix.flow.record import AUTOFIX
from autofix.ports import FleetProbe
from autofix.scheduling import cron
from autofix.scheduling.observer import Observer
from autofix.scheduling.slots import Slots

#: First looks are spread over this many seconds, so that a start is not a stampede.
SPREAD = 1.0
#: Seconds between two looks at the clocks, and at slots that are still owed.
PACE, OWED_EVERY = 5.0, 30.0
#: A wall clock that moved by more than this against the steady one was set, or the machine slept.
JUMP = 2.0
#: Late is late, not forgotten: APScheduler's own defaults drop jobs without a word.
OPTIONS: dict[str, Any] = {
    "timezone": UTC,
    "job_defaults": {"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
}


def background() -> BaseScheduler:
    return BackgroundScheduler(executors={"default": ThreadPoolExecutor(4)}, **OPTIONS)


class Schedule:
    """APScheduler, which wakes us, and what keeps it honest when clocks are moved."""

    def __init__(
        self,
        ctx: Context,
        pools: Pools,
        wake: Callable[[], None],
        timezone: str = "UTC",
        *,
        scheduler: BaseScheduler | None = None,
        wall: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ctx, self._pools, self._timezone = ctx, pools, timezone
        self._observer = Observer(ctx, wake)
        self._slots = Slots(ctx, timezone, wake, wall)
        self._scheduler: Any = scheduler or background()
        self._wall, self._steady = wall, steady
        self._apart, self._looked = wall() - steady(), steady()
        self._over = threading.Event()
        self._keeper = threading.Thread(target=self._keep_on, name="clocks", daemon=True)

    def start(self) -> None:
        self._observer.start()
        self._scheduler.start()
        self.load()
        self.keep_slots()
        self._keeper.start()

    def stop(self) -> None:
        self._over.set()
        self._scheduler.shutdown(wait=False)
        self._observer.stop()

    def load(self) -> None:
        """Make the jobs those of the book in force; unchanged jobs keep their rhythm."""
        wanted = {
            f"{runbook.name}.{index}": (runbook, index)
            for runbook in self._ctx.book.runbooks.values()
            if runbook.enabled
            for index, each in enumerate(runbook.triggers)
            if isinstance(each, ProbeTrigger | ScheduleTrigger)
        }
        self._slots.load({name: job for name, job in wanted.items() if _by_slots(*job)})
        for job in self._scheduler.get_jobs():
            known = wanted.get(job.id)
            if known is None or job.args != known:
                job.remove()
        for order, (name, (runbook, index)) in enumerate(sorted(wanted.items())):
            if self._scheduler.get_job(name) is None:
                self._add(name, runbook, index, SPREAD * (order % 20) / 20)

    def keep(self) -> None:
        """Notice a clock that was moved, and do what is owed of the slots."""
        apart = self._wall() - self._steady()
        moved, self._apart = apart - self._apart, apart
        if abs(moved) > JUMP:
            self._moved(moved)
        if abs(moved) > JUMP or self._steady() - self._looked >= OWED_EVERY:
            self.keep_slots()

    def keep_slots(self) -> None:
        """Do what is owed of the slots: at the start that is what was missed meanwhile."""
        self._looked = self._steady()
        self._slots.check_all()

    def _keep_on(self) -> None:
        while not self._over.wait(PACE):
            try:
                self.keep()
            except Exception:  # noqa: BLE001 - what keeps the clocks goes on
                log.exception("looking at the clocks failed")

    def _moved(self, seconds: float) -> None:
        """APScheduler waits for moments on the wall: after a step it must reckon anew."""
        log.warning("the clock was moved by %+.0f s, or the machine slept", seconds)
        if seconds < 0:
            now = datetime.fromtimestamp(self._wall(), UTC)
            for job in self._scheduler.get_jobs():
                every = isinstance(job.trigger, IntervalTrigger)
                job.modify(
                    next_run_time=now if every else job.trigger.get_next_fire_time(None, now)
                )
        self._scheduler.wakeup()
        try:
            with self._ctx.store.transaction() as tx:
                told = {"seconds": round(seconds, 1)}
                tx.record(AuditEvent(self._ctx.clock.now(), AUTOFIX, "clock.moved", payload=told))
        except StoreError as error:
            self._ctx.store_failed(error)

    def _add(self, name: str, runbook: Runbook, index: int, offset: float) -> None:
        trigger = runbook.triggers[index]
        if isinstance(trigger, ScheduleTrigger):
            timing = cron.WallCron(trigger.cron, self._timezone, trigger.jitter)
            self._scheduler.add_job(self._slot, timing, args=(runbook, index), id=name)
        elif isinstance(trigger, ProbeTrigger):
            self._scheduler.add_job(
                self._look,
                self._timing(trigger),
                args=(runbook, index),
                id=name,
                **self._first(trigger, offset),
            )

    def _timing(self, trigger: ProbeTrigger) -> Any:
        if trigger.cron:
            return cron.WallCron(trigger.cron, self._timezone, trigger.jitter)
        return IntervalTrigger(seconds=trigger.every, jitter=trigger.jitter or None, timezone=UTC)

    def _first(self, trigger: ProbeTrigger, offset: float) -> dict[str, Any]:
        if trigger.cron:
            return {}
        now = datetime.fromtimestamp(self._wall(), UTC)
        return {"next_run_time": now + timedelta(seconds=offset)}

    def _look(self, runbook: Runbook, index: int) -> None:
        trigger = runbook.triggers[index]
        assert isinstance(trigger, ProbeTrigger)
        name = f"{runbook.name}.{index}"
        due = self._due(name, trigger)
        hosts = self._ctx.book.inventory.hosts(trigger.hosts)
        fleet = fleet_probe(self._ctx, trigger.probe)
        if fleet is not None and hosts:
            task = self._all(runbook, index, trigger, fleet, hosts)
            self._pools.start("probe", f"probe {name}", self._timed(name, due, task))
            return
        for host in hosts:
            task = self._one(runbook, index, trigger, host)
            self._pools.start("probe", f"probe {name} {host}", self._timed(name, due, task))

    def _due(self, name: str, trigger: ProbeTrigger) -> float:
        """When this look was meant to begin, on the steady clock."""
        job = self._scheduler.get_job(name)
        if job is None or trigger.cron or trigger.jitter or job.next_run_time is None:
            return self._steady()
        meant: float = job.next_run_time.timestamp() - trigger.every
        return self._steady() - max(self._wall() - meant, 0.0)

    def _timed(self, name: str, due: float, task: Callable[[], None]) -> Callable[[], None]:
        def timed() -> None:
            self._ctx.meter.late(name, self._steady() - due)
            task()

        return timed

    def _one(
        self, runbook: Runbook, index: int, trigger: ProbeTrigger, host: str
    ) -> Callable[[], None]:
        def task() -> None:
            readings = look(self._ctx, trigger.probe, host, trigger.options, trigger.timeout)
            self._observer.put(Observation(runbook, index, readings))

        return task

    def _all(
        self,
        runbook: Runbook,
        index: int,
        trigger: ProbeTrigger,
        fleet: FleetProbe,
        hosts: list[str],
    ) -> Callable[[], None]:
        def task() -> None:
            seen = look_at_all(
                self._ctx, trigger.probe, fleet, hosts, trigger.options, trigger.timeout
            )
            # One observation a host: a thousand are written in batches, as those of others are.
            for readings in seen.values():
                self._observer.put(Observation(runbook, index, readings))

        return task

    def _slot(self, runbook: Runbook, index: int) -> None:
        self._slots.check(f"{runbook.name}.{index}")


def _by_slots(runbook: Runbook, index: int) -> bool:
    return isinstance(runbook.triggers[index], ScheduleTrigger)
