"""Working without a server: a command takes the server's place for as long as it lasts."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

from autofix.app import record
from autofix.app.interrupts import Interrupts
from autofix.app.leading import led
from autofix.app.site import Site
from autofix.core.incidents import WORKING
from autofix.core.runs import RunKind, RunState
from autofix.core.signals import Signal, SignalState
from autofix.errors import HeldError, ServerBusy
from autofix.flow.context import Context
from autofix.flow.pools import Pools
from autofix.flow.record import of_signal
from autofix.flow.recover import recover
from autofix.flow.stopping import cancel, cancel_all
from autofix.flow.tick import Engine

#: How long a command that was interrupted goes on to bring things to rest, in seconds.
SETTLE = 30.0


@contextmanager
def engine_unless_served(site: Site, ctx: Context) -> Iterator[bool]:
    """True when a server runs and does the work; else an engine of ours does it meanwhile.

    When the block is left early (Ctrl-C), running playbooks are ended before the lead is given up.
    A second Ctrl-C leaves out the looks that would follow; they are due at the next start.
    """
    try:
        lead = site.store.lead(ctx.owner)
        held = lead.__enter__()
    except ServerBusy:
        yield True
        return
    own = ctx.store, ctx.runner
    try:
        record.begin(site, ctx)
        with Interrupts() as interrupts, _engine(led(ctx, held), interrupts.hurry):
            yield False
    finally:
        ctx.store, ctx.runner = own
        lead.__exit__(None, None, None)


@contextmanager
def _engine(ctx: Context, hurry: threading.Event) -> Iterator[None]:
    recover(ctx)
    pools = Pools()
    engine = Engine(ctx, pools.start)
    thread = threading.Thread(target=engine.run, name="engine", daemon=True)
    thread.start()
    try:
        yield
    except BaseException:
        _settle(ctx, hurry)
        raise
    finally:
        engine.stop()
        thread.join()
        pools.close(wait=True)


def _settle(ctx: Context, hurry: threading.Event) -> None:
    """After a Ctrl-C: fixes are cancelled; what they did is looked at, put back and handed to a
    person. What a rollback or an `afterwards` mends is not cut off unless there is a hurry."""
    deadline = ctx.clock.now() + SETTLE
    while ctx.clock.now() < deadline and not hurry.is_set():
        _cancel_fixes(ctx)
        with ctx.store.reading() as reads:
            working = reads.incidents(states=WORKING)
            runs = reads.runs(states=[RunState.PLANNED, RunState.CLAIMED, RunState.STARTED])
            untold = any(page.tried < len(page.channels) for page in reads.due_pages(deadline))
        busy = working or any(run.live or run.due_at is not None for run in runs)
        if not busy and not untold:
            return
        hurry.wait(0.2)
    cancel_all(ctx, ctx.owner, "interrupted")


def _cancel_fixes(ctx: Context) -> None:
    """Again and again: one may have been started between the Ctrl-C and now."""
    with ctx.store.reading() as reads:
        running = reads.runs(states=[RunState.CLAIMED, RunState.STARTED], kinds=[RunKind.FIX])
    for run in running:
        if not run.cancel_requested:
            with suppress(HeldError):  # it ended by itself meanwhile
                cancel(ctx, run.id, ctx.owner, "interrupted")


def withdraw(ctx: Context, signal: Signal) -> None:
    """A person's signal that nothing was done about yet: nothing will be."""
    now = ctx.clock.now()
    with ctx.store.transaction() as tx:
        current = tx.signal(signal.id)
        if current is not None and current.state is SignalState.RECEIVED:
            gone = replace(current, state=SignalState.IGNORED, reason="interrupted")
            tx.save_signal(gone, of_signal(gone, "ignored", now))
