"""The server: it leads its store, watches by schedule, and does what is due."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from functools import partial

from autofix.app import logs, record
from autofix.app.archivist import Archivist
from autofix.app.chores import Chore, Chores
from autofix.app.clock import go_on
from autofix.app.leading import check_key, leading, led
from autofix.app.proving import Prover
from autofix.app.site import Site, owner_name
from autofix.app.tracer import Tracer
from autofix.app.vigil import Vigil
from autofix.app.web import Web
from autofix.core.audit import AuditEvent
from autofix.core.marks import FILES, NEWS_OF_FILES, Mark
from autofix.core.runs import RunKind
from autofix.errors import AutofixError, ConfigError, Deposed
from autofix.flow import deadlines
from autofix.flow.claim import page_overdue
from autofix.flow.context import Context, log
from autofix.flow.notary import Notary
from autofix.flow.pauses import reconcile
from autofix.flow.pools import Pools
from autofix.flow.recover import recover
from autofix.flow.stopping import cancel_all
from autofix.flow.takeover import free_lapsed
from autofix.flow.tick import Engine
from autofix.ports import Lead
from autofix.scheduling.schedule import Schedule

#: Seconds between two looks at whether the project's files changed.
RELOAD_EVERY = 3.0
#: Seconds between two looks at runs for which no thread is free.
OVERDUE_EVERY = 5.0
#: Seconds between two looks at what is older than the settings keep.
FORGET_EVERY = 3600.0
#: When the server stops: how long what puts things back may go on, and how long everything may
#: take to end after that, in seconds.
DEBTS = 20.0
GRACE = 8.0


def _try_to_cancel(ctx: Context, kinds: Collection[RunKind]) -> None:
    try:
        cancel_all(ctx, ctx.owner, "the server stops", kinds)
    except AutofixError as error:
        log.error("running playbooks could not be asked to end: %s", error)


def _settle_keys(site: Site, ctx: Context) -> None:
    """A rotation of the secrets' key that was broken off; serving does not wait for it."""
    try:
        site.sealer.settle(ctx.store)
    except AutofixError as error:
        log.error("the key for secrets: %s", error)


class Server:
    """One `autofix serve`. `run` blocks until `stop`."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._stopping = threading.Event()
        self._engine: Engine | None = None
        self._stopped_by = ""
        self._forgot_whole = 0.0  # when all that was kept of looks was last gone through
        self._reload_at = 0.0  # of a standby; who leads has a chore for it
        self._owed: list[
            Callable[[], object]
        ] = []  # to the store, since files were taken into force
        self._notary: Notary
        self._vigil: Vigil
        self._web: Web

    def stop(self, by: str = "") -> None:
        """Ask it to end; safe in a signal handler."""
        # Not `wake`: the main thread may hold that event's own lock just now.
        self._stopped_by = by
        self._stopping.set()

    def run(self) -> None:
        owner = owner_name("serve")
        self._vigil = vigil = Vigil(self._site, owner)
        self._web = web = Web(self._site, lambda: vigil.age)
        try:
            while not self._stopping.is_set():
                # Before it stands by: what is wrong must not show when it is needed.
                ctx = self._site.context(owner, full=True)
                check_key(self._site)
                self._owed.clear()
                web.use(ctx)
                waiting = partial(self._stand_by, ctx)
                with leading(self._site.store, owner, self._stopping, waiting) as lead:
                    if lead is not None:
                        check_key(self._site)
                        self._lead(led(ctx, lead), lead)
        finally:
            web.stop()
        vigil.stopped(self._stopped_by)

    def _stand_by(self, ctx: Context) -> None:
        """While another server leads: what is posted is taken here, too, with the latest files."""
        self._vigil.stand_by()
        self._web.leads(False)
        self._web.begin()
        try:
            self._web.tend()
            if time.monotonic() >= self._reload_at:
                self._reload_at = time.monotonic() + RELOAD_EVERY
                self._take_changes(ctx)
            self._pay()
        except AutofixError as error:
            log.error("%s", error)

    def _lead(self, ctx: Context, lead: Lead) -> None:
        """Until we are stopped, or another server leads."""
        try:
            go_on(self._site.clock, ctx.store)
            self._notary = record.begin(self._site, ctx)
            _settle_keys(self._site, ctx)
            self._web.leads(True)
            self._web.begin()
            self._web.welcome()
            self._note(ctx, "server.started", warnings=[str(w) for w in self._site.warnings])
            for warning in self._site.warnings:
                log.warning("%s", warning)
            lost = recover(ctx)
            log.info(
                "autofix serves %s: %d runbooks, %d lost runs taken up",
                self._site.file,
                len(ctx.book.runbooks),
                len(lost),
            )
            self._serve(ctx, lead)
            if not lead.lost():
                self._note(ctx, "server.stopped")
        except Deposed as error:
            log.error("%s", error)

    def _serve(self, ctx: Context, lead: Lead) -> None:
        over = threading.Event()
        pools = Pools()
        self._engine = engine = Engine(ctx, pools.start)
        schedule = Schedule(ctx, pools, engine.wake, self._site.timezone)
        schedule.start()
        chores = [*self._chores(ctx, schedule), *self._vigil.begin(ctx, over)]
        Chores(ctx, chores, over).start()
        # Beside the others: a collector that hangs holds nothing up.
        tracer = Tracer(ctx, lambda: self._site.settings.parts.get("tracing"))
        Chores(ctx, [Chore("traces", 5.0, tracer.tend)], over).start()
        try:
            engine.run(until=lambda: self._round(lead))
        finally:
            over.set()
            schedule.stop()
            self._vigil.ending()
            self._end_runs(ctx, pools, lead)
            pools.close(wait=True, seconds=GRACE)
        if not lead.lost():
            self._vigil.ended()

    def _round(self, lead: Lead) -> bool:
        """The engine has gone round once more; must it stop?"""
        self._vigil.beat()
        return self._stopping.is_set() or bool(lead.lost())

    def _end_runs(self, ctx: Context, pools: Pools, lead: Lead) -> None:
        """No playbook outlives the server; what was cut short is written down as cancelled."""
        pools.close(wait=False)  # what waits for a thread stays planned, in the store
        spared = time.monotonic() + DEBTS
        while pools.busy("run") and time.monotonic() < spared + GRACE:
            # Again and again: one may have been on its way to its claim.
            late = time.monotonic() > spared
            if not lead.lost():  # else they end by that: see LedRunner
                _try_to_cancel(ctx, tuple(RunKind) if late else (RunKind.FIX,))
            self._vigil.beat()
            ctx.clock.sleep(0.1)

    def _chores(self, ctx: Context, schedule: Schedule) -> list[Chore]:
        """What is repeated while it serves; a new chore is a line here."""
        return [
            Chore("reload", RELOAD_EVERY, partial(self._reload, ctx, schedule)),
            Chore("locks of lost runs", 5.0, partial(free_lapsed, ctx)),
            Chore("retention", FORGET_EVERY, partial(self._forget, ctx)),
            Chore("synthetic check", 2.0, self._prover(ctx).tend),
            Chore("pauses", 0.0, partial(reconcile, ctx)),
            Chore("overdue", OVERDUE_EVERY, partial(page_overdue, ctx)),
            Chore("checkpoint", 1.0, self._notary.tend),
            Chore("web", 3.0, self._web.tend),
            Chore("archive", 86400.0, Archivist(self._site, ctx).tend),
        ]

    def _prover(self, ctx: Context) -> Prover:
        return Prover(ctx, lambda: self._site.settings.synthetic, self._site.settings.state)

    def _forget(self, ctx: Context) -> None:
        """What is older than the settings keep: runs' output, ended incidents. The record stays."""
        before = ctx.clock.now() - self._site.settings.retention.runs
        with ctx.store.transaction() as tx:
            count = tx.forget(before)
        self._forget_samples(ctx)
        if count:
            self._note(ctx, "retention.applied", before=before, removed=count)

    def _forget_samples(self, ctx: Context) -> None:
        """What was near an incident stays with it: that is looked at anew once a day."""
        now = ctx.clock.now()
        whole = abs(now - self._forgot_whole) >= 86400.0  # a clock that was set back counts, too
        before = now - self._site.settings.retention.readings
        with ctx.store.transaction() as tx:
            tx.forget_samples(before, since=0.0 if whole else before - 86400.0)
        if whole:
            self._forgot_whole = now

    def _reload(self, ctx: Context, schedule: Schedule) -> None:
        if self._take_changes(ctx):
            schedule.load()
            self._owed.append(partial(deadlines.reset, ctx))
        self._pay()

    def _pay(self) -> None:
        """What is in force is so whether the store takes it or not; it is told when it does."""
        while self._owed:
            self._owed[0]()
            self._owed.pop(0)

    def _take_changes(self, ctx: Context) -> bool:
        """Take changed files into force; broken ones leave the last good ones as they are."""
        if not self._site.changed():
            return False
        try:
            ctx.book = self._site.reload()
        except ConfigError as error:
            for problem in error.problems:
                log.error("%s", problem)
            log.error("the changed files are not in force: the last good ones are")
            problems = [str(each) for each in error.problems]
            self._owed.append(partial(self._note, ctx, "settings.rejected", problems=problems))
            return False
        self._web.take(ctx.book)
        logs.adopt(self._site.settings)
        log.info("changed files are in force: %d runbooks", len(ctx.book.runbooks))
        names = sorted(ctx.book.runbooks)
        self._owed.append(partial(self._note, ctx, "settings.loaded", runbooks=names))
        return True

    def _note(self, ctx: Context, action: str, **payload: object) -> None:
        now = ctx.clock.now()
        with ctx.store.transaction() as tx:
            tx.record(AuditEvent(now, ctx.owner, action, payload=payload))
            if action in NEWS_OF_FILES:
                tx.set_mark(Mark(FILES, now, {"problems": payload.get("problems", [])}))
