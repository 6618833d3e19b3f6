"""Pauses, silences and breakers: a person holds autofix back, and lets it go on."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from autofix.core.pauses import Pause
from autofix.core.roles import Permission
from autofix.core.silences import Silence
from autofix.core.stories import BreakerReset, Paused, Resumed
from autofix.desk.acts import line
from autofix.desk.base import Room, known_group, known_host, settled
from autofix.errors import ConfigError, NotFound, StoreError, UsageError
from autofix.flow import breakers, silences, stopping

#: Labels of one silence.
LABELS = 50
#: What is meant where no runbook is named: more than who is narrowed to some may let go.
EVERY = "every runbook"


class Brakes(Room):
    def pause(
        self,
        *,
        runbook: str = "",
        host: str = "",
        reason: str = "",
        cancel_running: bool = False,
    ) -> Paused:
        self.may(Permission.PAUSE, "pause", runbook)
        line("reason", reason)
        ctx = self.ctx
        wish = Pause(ctx.clock.now(), self.actor, reason, runbook, host, cancel_running)
        done = ctx.switch.set(wish)
        self._must_mean_something(done)
        try:
            asked = stopping.record(ctx, done)
        except StoreError as error:
            raise StoreError(
                f"paused by the file, but not on the record: {error}",
                hint="the pause is in force; the server writes it down when it can",
            ) from error
        with ctx.store.reading() as reads:
            owed = [run for run in stopping.owed(reads) if done.covers(run.runbook, run.host)]
        return Paused(done, tuple(asked), tuple(owed))

    def _must_mean_something(self, done: Pause) -> None:
        """A pause of something that is not there would pause nothing, silently. It is in force
        while this is looked at, and stays so when it can't be told."""
        try:
            self._named(done.runbook, done.host)
        except NotFound:
            ctx = self.ctx
            ctx.switch.lift([done.id])
            with suppress(StoreError):
                stopping.withdraw(ctx, done)
            raise
        except (ConfigError, StoreError):
            return

    def _named(self, runbook: str, host: str, group: str = "") -> None:
        if runbook:
            self._known_runbook(runbook)
        if host or group:
            inventory = self.place.contexts.good().book.inventory
            if host:
                known_host(inventory, host)
            if group:
                known_group(inventory, group)

    def resume(self, *, runbook: str = "", host: str = "") -> Resumed:
        self.may(Permission.PAUSE, "resume", runbook)
        # Anybody on call may hold everything; to let it go again takes who may run it.
        self.may(Permission.OPERATE, "resume", runbook or EVERY)
        ctx = self.ctx
        return settled(lambda: stopping.resume(ctx, self.actor, runbook=runbook, host=host))

    def add_silence(
        self,
        *,
        until: float,
        reason: str,
        starts_at: float | None = None,
        runbook: str = "",
        host: str = "",
        group: str = "",
        labels: Mapping[str, str] | None = None,
    ) -> Silence:
        self.may(Permission.OPERATE, "silence", runbook or EVERY)
        ctx = self.ctx
        line("reason", reason)
        _labels(labels or {})
        draft = silences.drafted(
            ctx.clock.now(),
            self.actor,
            until=until,
            reason=reason,
            starts_at=starts_at,
            runbook=runbook,
            host=host,
            group=group,
            labels=labels,
        )
        self._named(runbook, host, group)
        return silences.add(ctx, draft)

    def end_silence(self, number: int) -> int:
        self.may(Permission.OPERATE, "end silence")
        ctx = self.ctx
        with ctx.store.reading() as reads:
            known = {each.id: each.runbook for each in reads.silences(limit=100_000)}
        self.may(Permission.OPERATE, "end silence", known.get(number) or EVERY)
        return settled(lambda: silences.end(ctx, self.actor, number))

    def reset_breaker(
        self, runbook: str, host: str, subject: str = "", reason: str = ""
    ) -> BreakerReset:
        self.may(Permission.OPERATE, "reset breaker", runbook)
        line("reason", reason)
        self._named(runbook, host)
        ctx = self.place.contexts.good()
        names = {"runbook": runbook, "host": host, "subject": subject}
        found = settled(lambda: breakers.reset(ctx, self.actor, reason=reason, **names))
        with ctx.store.reading() as reads:
            return BreakerReset(found, reads.live_incident(runbook, host, subject))


def _labels(labels: Mapping[str, str]) -> None:
    if len(labels) > LABELS:
        raise UsageError(f"labels: {len(labels)} of them; at most {LABELS} are taken")
    for name, value in labels.items():
        line("a label's name", name, 200)
        line(f"label {name}", value, 1000)
