"""Working without a server: a command takes the server's place for as long as it lasts."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from autofix.app.site import Site
from autofix.core.incidents import WORKING
from autofix.core.runs import RunState
from autofix.errors import ServerBusy
from autofix.flow.context import Context
from autofix.flow.people import cancel_all
from autofix.flow.pools import Pools
from autofix.flow.recover import recover
from autofix.flow.tick import Engine

#: How long a command that was interrupted goes on to bring things to rest, in seconds.
SETTLE = 30.0


@contextmanager
def engine_unless_served(site: Site, ctx: Context) -> Iterator[bool]:
    """True when a server runs and does the work; else an engine of ours does it meanwhile.

    When the block is left early (Ctrl-C), running playbooks are ended before the lead is given up.
    """
    try:
        lead = site.store.lead(ctx.owner)
        lead.__enter__()
    except ServerBusy:
        yield True
        return
    try:
        with _engine(ctx):
            yield False
    finally:
        lead.__exit__(None, None, None)


@contextmanager
def _engine(ctx: Context) -> Iterator[None]:
    recover(ctx)
    pools = Pools()
    engine = Engine(ctx, pools.start)
    thread = threading.Thread(target=engine.run, name="engine", daemon=True)
    thread.start()
    try:
        yield
    except BaseException:
        cancel_all(ctx, ctx.owner, "interrupted")
        _settle(ctx)
        raise
    finally:
        engine.stop()
        thread.join()
        pools.close(wait=True)


def _settle(ctx: Context) -> None:
    """After a Ctrl-C: what was cancelled is looked at, put back and handed to a person."""
    deadline = ctx.clock.now() + SETTLE
    while ctx.clock.now() < deadline:
        with ctx.store.reading() as reads:
            working = reads.incidents(states=WORKING)
            runs = reads.runs(states=[RunState.PLANNED, RunState.CLAIMED, RunState.STARTED])
        if not working and not any(run.live or run.due_at is not None for run in runs):
            return
        ctx.clock.sleep(0.2)
