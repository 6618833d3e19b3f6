"""One job per trigger, never per host; a job hands its hosts to a bounded pool and is done."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from autofix.core.incidents import Origin
from autofix.core.runbooks import ProbeTrigger, Runbook, ScheduleTrigger
from autofix.core.signals import Signal
from autofix.errors import StoreError
from autofix.flow.context import Context, log
from autofix.flow.intake import Observation
from autofix.flow.looking import look
from autofix.flow.pools import Pools
from autofix.flow.record import of_signal
from autofix.scheduling import cron
from autofix.scheduling.observer import Observer

#: First looks are spread over this many seconds, so that a start is not a stampede.
SPREAD = 1.0
#: How many times, a second apart, a cron slot is written again when the store fails.
SLOT_TRIES = 120


class Schedule:
    """APScheduler with its silent drops turned off: late is late, not forgotten."""

    def __init__(
        self, ctx: Context, pools: Pools, wake: Callable[[], None], timezone: str = "UTC"
    ) -> None:
        self._ctx, self._pools, self._timezone, self._wake = ctx, pools, timezone, wake
        self._observer = Observer(ctx, wake)
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(4)},
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )

    def start(self) -> None:
        self._observer.start()
        self._scheduler.start()
        self.load()

    def stop(self) -> None:
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
        for job in self._scheduler.get_jobs():
            known = wanted.get(job.id)
            if known is None or job.args != known:
                job.remove()
        for order, (name, (runbook, index)) in enumerate(sorted(wanted.items())):
            if self._scheduler.get_job(name) is None:
                self._add(name, runbook, index, SPREAD * (order % 20) / 20)

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
        return {"next_run_time": datetime.now(UTC) + timedelta(seconds=offset)}

    def _look(self, runbook: Runbook, index: int) -> None:
        trigger = runbook.triggers[index]
        assert isinstance(trigger, ProbeTrigger)
        for host in self._ctx.book.inventory.hosts(trigger.hosts):
            key = f"probe {runbook.name}.{index} {host}"
            self._pools.start("probe", key, self._one(runbook, index, trigger, host))

    def _one(
        self, runbook: Runbook, index: int, trigger: ProbeTrigger, host: str
    ) -> Callable[[], None]:
        def task() -> None:
            readings = look(self._ctx, trigger.probe, host, trigger.options, trigger.timeout)
            self._observer.put(Observation(runbook, index, readings))

        return task

    def _slot(self, runbook: Runbook, index: int) -> None:
        """A cron slot comes once: while the store is away it is tried again."""
        trigger = runbook.triggers[index]
        assert isinstance(trigger, ScheduleTrigger)
        slot = cron.latest_slot(trigger.cron, self._timezone, self._ctx.clock.now())
        for _ in range(SLOT_TRIES):
            try:
                self._claim(runbook, index, trigger, slot)
                return
            except StoreError as error:
                log.error("the slot %s of %s is not yet written: %s", slot, runbook.name, error)
                self._ctx.clock.sleep(1.0)
        log.critical("the slot %s of %s was missed: the store is away", slot, runbook.name)

    def _claim(self, runbook: Runbook, index: int, trigger: ScheduleTrigger, slot: str) -> None:
        """Claimed once for ever, its signals written in the same commit."""
        now = self._ctx.clock.now()
        with self._ctx.store.transaction() as tx:
            if not tx.claim_slot(f"{runbook.name}.{index}", slot):
                return
            for host in self._ctx.book.inventory.hosts(trigger.hosts):
                signal = Signal(
                    0,
                    Origin.SCHEDULE,
                    now,
                    host,
                    runbook.name,
                    trigger=index,
                    inputs={name: each.default for name, each in runbook.inputs.items()},
                    by="schedule",
                    reason=f"the schedule's slot {slot}",
                )
                tx.add_signal(signal, of_signal(signal, "received", now))
        self._wake()
