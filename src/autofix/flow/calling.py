"""The next level: calls that have come due, for incidents that nobody has answered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from autofix import crashpoints
from autofix.core.escalation import (
    REPEAT,
    Again,
    Call,
    Enough,
    Later,
    Over,
    Policy,
    next_call,
    when_due,
)
from autofix.core.incidents import Incident, State
from autofix.core.pages import Page, PageKind
from autofix.core.runbooks import Runbook
from autofix.errors import StoreError
from autofix.flow import closing, escalate, paging
from autofix.flow.context import Context, log
from autofix.flow.record import of_incident
from autofix.ports import Transaction

#: Incidents that are called for in one transaction; and how long a digest waits, in seconds, for
#: the transactions that follow at once.
CHUNK, FOLLOWING = 500, 5.0
#: How long an incident whose call broke is left alone, in seconds.
LEFT_ALONE = 60.0


def call_due(ctx: Context) -> None:
    """Everything whose `call_at` has come."""
    while _some(ctx):
        pass


def _some(ctx: Context) -> bool:
    """One portion; True when there may be more."""
    due: list[Incident] = []
    try:
        with ctx.store.transaction() as tx:
            now = ctx.clock.now()
            due = tx.due_calls(now, CHUNK)
            more = len(due) == CHUNK
            _handle(ctx, tx, due, now, FOLLOWING if more else 0.0)
            return more
    except StoreError:
        raise
    except Exception:  # noqa: BLE001 - one incident's defect must not silence the others
        log.exception("calling for %d incidents at once failed: each by itself", len(due))
    for incident in due:
        _by_itself(ctx, incident.id)
    return False


def _by_itself(ctx: Context, incident_id: int) -> None:
    try:
        with ctx.store.transaction() as tx:
            now, incident = ctx.clock.now(), tx.incident(incident_id)
            if incident is not None and incident.call_at is not None and incident.call_at <= now:
                _handle(ctx, tx, [incident], now, 0.0)
            return
    except StoreError:
        raise
    except Exception:  # noqa: BLE001 - it is tried again, and the others go on
        log.exception("incident %s could not be called for", incident_id)
    with ctx.store.transaction() as tx:
        incident = tx.incident(incident_id)
        if incident is not None and incident.call_at is not None:
            tx.save_incident(replace(incident, call_at=ctx.clock.now() + LEFT_ALONE), None)


@dataclass(frozen=True)
class _Asked:
    incident: Incident
    runbook: Runbook
    policy: Policy | None
    calls: int  # made before this one
    reason: str

    @property
    def asking(self) -> Incident:
        """As it will be: one that somebody had, and did not resolve, asks again."""
        if self.incident.state is not State.ACKNOWLEDGED:
            return self.incident
        return self.incident.with_(state=State.ESCALATED)


def _handle(
    ctx: Context, tx: Transaction, due: Sequence[Incident], now: float, more: float
) -> None:
    levels: dict[tuple[str, int], list[_Asked]] = defaultdict(list)
    for incident in due:
        runbook = ctx.book.runbooks.get(incident.runbook) or escalate.stand_in(incident.runbook)
        policy = ctx.book.policy(runbook)
        verdict = when_due(incident, policy, now)
        if isinstance(verdict, Again):
            calls = 0 if verdict.anew else incident.calls
            reason = f"{incident.reason}: {verdict.reason}" if verdict.anew else incident.reason
            level = next_call(policy, calls, now).level if policy and policy.levels else 0
            asked = _Asked(incident, runbook, policy, calls, reason)
            levels[runbook.name, level].append(asked)
        else:
            _rest(ctx, tx, incident, verdict, now)
    for (_, level), asked_for in levels.items():
        _call(ctx, tx, asked_for, level, now, more)


def _rest(
    ctx: Context, tx: Transaction, incident: Incident, verdict: Later | Enough | Over, now: float
) -> None:
    if isinstance(verdict, Over):
        paging.quiet(tx, incident, verdict.reason, now)
        closing.tell(ctx, tx, incident, PageKind.CLOSING, now)
    elif isinstance(verdict, Later):
        closing.tell(ctx, tx, incident, PageKind.TAKEN, now)
    until = verdict.until if isinstance(verdict, Later) else None
    tx.save_incident(replace(incident, call_at=until), None)


def _call(
    ctx: Context, tx: Transaction, asked: Sequence[_Asked], level: int, now: float, more: float
) -> None:
    """One level of one runbook, for all whose turn it is."""
    wanted = [
        escalate.about(ctx, tx, each.runbook, each.asking, each.reason, now, calls=each.calls)
        for each in asked
    ]
    pages = paging.call(ctx, tx, asked[0].runbook, level, wanted, now, more=more)
    for each, page in zip(asked, pages, strict=True):
        _called(tx, each, page, now)


def _called(tx: Transaction, asked: _Asked, page: Page | None, now: float) -> None:
    leaves = max(page.due_at or now, now) if page else now
    call = Call(0, 1, now + REPEAT)  # nobody to page: the settings may be mended by then
    if page is not None and asked.policy:
        call = next_call(asked.policy, asked.calls, leaves)
    again = asked.incident.state is State.ACKNOWLEDGED
    called = asked.incident.with_(
        state=State.ESCALATED if again else asked.incident.state,
        calls=asked.calls + 1,
        call_at=call.next_at,
        acknowledged_at=None,
        reason=asked.reason,
        updated_at=now if again else asked.incident.updated_at,
    )
    event = of_incident(
        called,
        "called",
        now,
        call=called.calls,
        level=call.level + 1,
        round=call.round,
        page=page.id if page else None,
    )
    tx.save_incident(called, event)
    crashpoints.reach("level.called")
