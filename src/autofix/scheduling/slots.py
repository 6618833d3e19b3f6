"""Slots of cron schedules: each fires at most once, for ever; of several missed ones the last.

What was claimed stands in the store, so neither a restart nor a moved clock fires a slot twice. A
slot is due as long as it is the latest one and nobody has claimed it: whether the server was down,
the machine asleep or the store away at its time makes no difference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from autofix.core.audit import AuditEvent
from autofix.core.durations import human
from autofix.core.incidents import Origin
from autofix.core.marks import Mark
from autofix.core.runbooks import Runbook, ScheduleTrigger
from autofix.core.signals import Signal
from autofix.errors import StoreError
from autofix.flow.context import Context, log
from autofix.flow.record import AUTOFIX, of_signal
from autofix.ports import Transaction
from autofix.scheduling import cron

#: The mark that names the schedules in force: what was not there before has missed nothing.
KNOWN = "schedules"
#: A slot's own moment has so many seconds, and its jitter, before others look after it.
GRACE = 2.0


class Slots:
    """Claims the slots of the schedules that it was told of. `wall` is the clock on the wall."""

    def __init__(
        self, ctx: Context, timezone: str, wake: Callable[[], None], wall: Callable[[], float]
    ) -> None:
        self._ctx, self._timezone, self._wake, self._wall = ctx, timezone, wake, wall
        self._jobs: dict[str, tuple[Runbook, int]] = {}
        self._last: dict[str, str] = {}  # the latest slot that is claimed, by us or before
        self._ready = False  # the store knows which schedules there are

    def load(self, jobs: Mapping[str, tuple[Runbook, int]]) -> None:
        """These are in force now. The past slots of what is new or changed are not owed."""
        self._jobs, self._last, self._ready = dict(jobs), {}, False
        self._get_ready()

    def _get_ready(self) -> bool:
        written = {name: self._definition(name) for name in sorted(self._jobs)}
        try:
            with self._ctx.store.transaction() as tx:
                mark = tx.mark(KNOWN)
                known = mark.data if mark else {}
                for name, definition in written.items():
                    if known.get(name) != definition:
                        tx.claim_slot(name, self._latest(name))
                if known != written:
                    tx.set_mark(Mark(KNOWN, self._ctx.clock.now(), written))
            self._ready = True
        except StoreError as error:
            self._ctx.store_failed(error)  # it is tried again before anything fires
        return self._ready

    def check_all(self) -> None:
        """Whatever is owed of any schedule: what its own moment did not, or could not, do."""
        for name, (runbook, index) in list(self._jobs.items()):
            slot = self._latest(name)
            patience = _schedule(runbook, index).jitter + GRACE
            if slot and self._wall() - self._moment(slot) >= patience:
                self.check(name)

    def check(self, name: str) -> None:
        """Fire the latest slot of this schedule unless it was claimed."""
        if name not in self._jobs or not (self._ready or self._get_ready()):
            return
        runbook, index = self._jobs[name]
        slot = self._latest(name)
        if not slot or self._last.get(name) == slot:
            return
        try:
            with self._ctx.store.transaction() as tx:
                fired = tx.claim_slot(name, slot) and self._fire(tx, runbook, index, slot)
        except StoreError as error:
            log.error("the slot %s of %s is not yet written: %s", slot, runbook.name, error)
            self._ctx.store_failed(error)
            return
        self._last[name] = slot
        if fired:
            self._wake()

    def _fire(self, tx: Transaction, runbook: Runbook, index: int, slot: str) -> bool:
        """The slot's signals, in the commit that claims it; False when it comes too late."""
        trigger, now = _schedule(runbook, index), self._ctx.clock.now()
        late = self._wall() - self._moment(slot)
        if late > trigger.catch_up:
            log.warning("the slot %s of %s was missed %s ago", slot, runbook.name, human(late))
            told = {"slot": slot, "late": round(late), "catch_up": trigger.catch_up}
            tx.record(AuditEvent(now, AUTOFIX, "schedule.missed", runbook.name, payload=told))
            return False
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
        return True

    def _latest(self, name: str) -> str:
        trigger = _schedule(*self._jobs[name])
        return cron.latest_slot(trigger.cron, self._timezone, self._wall())

    def _definition(self, name: str) -> str:
        return f"{_schedule(*self._jobs[name]).cron} {self._timezone}"

    def _moment(self, slot: str) -> float:
        return datetime.fromisoformat(slot).replace(tzinfo=ZoneInfo(self._timezone)).timestamp()


def _schedule(runbook: Runbook, index: int) -> ScheduleTrigger:
    trigger = runbook.triggers[index]
    assert isinstance(trigger, ScheduleTrigger)
    return trigger
