"""Silences: a person makes one, and ends one before its time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from autofix.core.audit import AuditEvent
from autofix.core.decisions import held_by
from autofix.core.durations import human
from autofix.core.runbooks import Runbook
from autofix.core.silences import Silence
from autofix.errors import HeldError, NotFound, UsageError
from autofix.flow.context import Context
from autofix.flow.waking import wake
from autofix.ports import Reads

#: A silence has an end, and not one that nobody will live to see.
LONGEST = 366 * 86400.0


def drafted(
    now: float,
    by: str,
    *,
    until: float,
    reason: str,
    starts_at: float | None = None,
    runbook: str = "",
    host: str = "",
    group: str = "",
    labels: Mapping[str, str] | None = None,
) -> Silence:
    """From `starts_at` (now) to `until` what fits all that is named is left alone.

    UsageError when it names nothing, has no reason, or no time ahead of it.
    """
    start = now if starts_at is None else starts_at
    draft = Silence(0, now, by, reason.strip(), start, until, runbook, host, group, labels or {})
    _refuse(draft, now)
    return draft


def add(ctx: Context, draft: Silence) -> Silence:
    """Put it in force, on the record; it comes back with its number."""
    what = (draft.runbook, draft.host)
    event = AuditEvent(draft.at, draft.by, "silence.added", *what, payload=_payload(draft))
    with ctx.store.transaction() as tx:
        return tx.add_silence(draft, event)


def _refuse(draft: Silence, now: float) -> None:
    if not (draft.runbook or draft.host or draft.group or draft.labels):
        raise UsageError(
            "a silence of everything", hint="name what is to be silent, or use `autofix pause`"
        )
    if not draft.reason:
        raise UsageError("a silence needs a reason", hint="say it with --reason")
    if draft.until <= max(now, draft.starts_at):
        raise UsageError("the silence would be over before it begins", hint="give a later end")
    if draft.until - now > LONGEST:
        raise UsageError(f"a silence ends within {human(LONGEST)}", hint="give an earlier end")


def end(ctx: Context, by: str, silence_id: int) -> int:
    """End it now; how many incidents that a silence held are decided anew at once.

    NotFound when there is none of this number, HeldError when it is over.
    """
    now = ctx.clock.now()
    with ctx.store.transaction() as tx:
        known = {each.id: each for each in tx.silences(limit=100_000)}
        found = known.get(silence_id)
        if found is None:
            raise NotFound(f"there is no silence {silence_id}", hint="see `autofix silences list`")
        event = AuditEvent(
            now, by, "silence.ended", found.runbook, found.host, payload=_payload(found)
        )
        if tx.end_silence(silence_id, now, by, event):
            return wake(tx, now, lambda each: held_by(each) == "silence")
    raise HeldError(f"silence {silence_id} is over", hint="nothing to end")


def _payload(silence: Silence) -> dict[str, object]:
    kept = replace(silence, labels=dict(silence.labels))
    return {
        "silence": kept.id,
        "scope": kept.scope,
        "group": kept.group,
        "labels": kept.labels,
        "starts_at": kept.starts_at,
        "until": kept.until,
        "reason": kept.reason,
    }


def silent(ctx: Context, reads: Reads, runbook: Runbook, host: str, now: float) -> Silence | None:
    """The silence that covers what this runbook sees of this host, whatever its labels."""
    groups = ctx.book.groups_of(host)
    active = reads.silences(active_at=now)
    return next((each for each in active if each.covers(runbook.name, host, groups, {})), None)
