"""Pauses in force: in the store, and in files that hold without it; and their late record."""

from __future__ import annotations

from autofix.core.audit import AuditEvent
from autofix.core.pauses import Pause, covering, merged
from autofix.core.runs import Run
from autofix.flow.context import Context, log
from autofix.ports import Reads, Transaction

#: How far back the record is searched for what became of a pause's file.
FAR_BACK = 200


def in_force(ctx: Context, reads: Reads) -> list[Pause]:
    """Every pause that holds now, once per scope."""
    return merged(ctx.switch.pauses(), reads.pauses())


def set_event(pause: Pause, now: float | None = None) -> AuditEvent:
    """The record of a pause, at its true time; `now`: written down only now."""
    late = {} if now is None else {"recorded_at": now}
    return AuditEvent(
        pause.at,
        pause.by,
        "pause.set",
        pause.runbook,
        pause.host,
        payload={
            "reason": pause.reason,
            "id": pause.id,
            "cancel_running": pause.cancel_running,
            **late,
        },
    )


def reconcile(ctx: Context) -> None:
    """Pauses that were set while the store was away get their row and their record; files of
    pauses that the record says are lifted (a resume that was cut short) are removed."""
    files = ctx.switch.pauses()
    if not files:
        return
    with ctx.store.reading() as reads:
        known = {each.id for each in reads.pauses()}
    for each in files:
        if each.id not in known:
            _reconcile_one(ctx, each)


def _reconcile_one(ctx: Context, pause: Pause) -> None:
    with ctx.store.transaction() as tx:
        if pause not in ctx.switch.pauses():
            return  # lifted meanwhile
        said = fate(tx, pause)
        if not said:
            add_late(tx, pause, ctx.clock.now())
            log.warning("%s: by its file, and on the record now", pause.words)
    if said == "pause.lifted":
        ctx.switch.lift([pause.id])


def add_late(tx: Transaction, pause: Pause, now: float) -> None:
    """A later pause of the same scope keeps its row; the record tells of both. A file that was
    made by hand gets no row: it holds as long as it is there."""
    newer = [each for each in tx.pauses() if each.is_for(pause.runbook, pause.host)]
    if pause.by_hand or (newer and newer[0].at > pause.at):
        tx.record(set_event(pause, now))
    else:
        tx.add_pause(pause, set_event(pause, now))


def fate(reads: Reads, pause: Pause) -> str:
    """What the record says last of this very pause: set, lifted, or nothing."""
    for action in ("pause.lifted", "pause.set"):
        for entry in reads.audit(
            action=action,
            runbook=pause.runbook,
            host=pause.host,
            newest_first=True,
            limit=FAR_BACK,
        ):
            payload = entry.event.payload
            if pause.id in (payload.get("id"), *payload.get("ids", ())):
                return action
    return ""


def obstacle(ctx: Context, reads: Reads, run: Run) -> str:
    """Why this run may not start now, in words; empty when no pause holds it."""
    pause = covering(in_force(ctx, reads), run.runbook, run.host)
    return pause.words if pause else ""
