"""Runs of a leader before us, where leaders may be on several machines: when they are given up, and
how long their hosts stay locked."""

from __future__ import annotations

from autofix.core.runs import Run
from autofix.flow.context import Context, log
from autofix.ports import Reads, Transaction

#: Seconds beyond its timeout that a run which nobody can ask about may go on.
MARGIN = 60.0


def given_up(ctx: Context, reads: Reads, run: Run, now: float) -> bool:
    """Nobody can be at this run any more. On a store that several machines share its owner may be
    alive, and ends it: not before the lease of its host's lock is over is it ours to judge."""
    if not ctx.store.shared or run.owner == ctx.owner:
        return True
    until = reads.lock_until(run.host) if reads.host_lock(run.host) == run.id else None
    return until is None or until <= now


def release(ctx: Context, tx: Transaction, run: Run, now: float) -> None:
    """The host of a lost run is free, unless the run sat on a machine that can't be asked: there
    it may go on until its timeout, and nothing else starts on that host before."""
    if machine(run.owner) == machine(ctx.owner):
        tx.free_host(run.host, run.token)
        return
    until = (now if run.started_at is None else run.started_at) + run.timeout + MARGIN
    if until > now and tx.renew_host(run.host, run.token, until):
        log.warning(
            "%s stays locked for %.0f s: run %s may still go on there, and %s can't be asked",
            run.host,
            until - now,
            run.id,
            machine(run.owner) or "its owner",
        )
    else:
        tx.free_host(run.host, run.token)


def free_lapsed(ctx: Context) -> None:
    """Free the hosts that a lost run has kept locked for long enough."""
    now = ctx.clock.now()
    with ctx.store.reading() as reads:
        if not reads.lapsed_locks(now):
            return
    freed = []
    with ctx.store.transaction() as tx:
        for host, run_id in tx.lapsed_locks(now):
            run = tx.run(run_id)
            if run is None or not run.live:
                tx.free_host(host, run.token if run else 0)
                freed.append(host)
    for host in freed:
        log.info("%s is free again: its lost run is over by now", host)


def machine(owner: str) -> str:
    """The machine of an owner such as `serve pid 4711 on ops1`; all of it where there is none."""
    return owner.rpartition(" on ")[2]
