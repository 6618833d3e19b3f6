"""A deadline nears or passes: it is recorded, and somebody is called, whatever autofix is doing.

Each deadline is told of at most twice: when it is near, and when it was missed. The state of the
incident stays as it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from autofix.core.audit import AuditEvent
from autofix.core.deadlines import Deadline, DeadlineState, mark, next_moment, untold
from autofix.core.decisions import silent
from autofix.core.escalation import next_call
from autofix.core.incidents import ASKING, Incident
from autofix.core.pages import Page
from autofix.core.runbooks import Runbook
from autofix.errors import StoreError
from autofix.flow import escalate, paging
from autofix.flow.context import Context, log
from autofix.flow.record import of_incident
from autofix.ports import Transaction

#: Incidents that are told of in one transaction.
CHUNK = 100
#: How long an incident whose deadline could not be told of is left alone, in seconds.
LEFT_ALONE = 60.0


@dataclass(frozen=True)
class _Told:
    """An incident with its marks, not saved yet, and the deadlines somebody must hear of."""

    incident: Incident
    runbook: Runbook
    deadlines: Sequence[Deadline]
    level: int  # of the policy, whose turn it is

    def why(self, now: float) -> str:
        """`answer due in 3m, workaround missed 1h ago (it is fixing)`."""
        told = ", ".join(each.words(now) for each in self.deadlines)
        return f"{told} (it is {self.incident.state})"


def tell_due(ctx: Context) -> None:
    """Everything whose `deadline_at` has come."""
    while _some(ctx):
        pass


def _some(ctx: Context) -> bool:
    """One portion; True when there may be more."""
    due: list[Incident] = []
    try:
        with ctx.store.transaction() as tx:
            now = ctx.clock.now()
            due = tx.due_deadlines(now, CHUNK)
            _handle(ctx, tx, due, now)
            return len(due) == CHUNK
    except StoreError:
        raise
    except Exception:  # noqa: BLE001 - one incident's defect must not silence the others
        log.exception("telling of %d deadlines at once failed: each by itself", len(due))
    for incident in due:
        _by_itself(ctx, incident.id)
    return False


def _by_itself(ctx: Context, incident_id: int) -> None:
    try:
        with ctx.store.transaction() as tx:
            incident, now = tx.incident(incident_id), ctx.clock.now()
            if incident is not None and incident.live and (incident.deadline_at or now + 1) <= now:
                _handle(ctx, tx, [incident], now)
            return
    except StoreError:
        raise
    except Exception:  # noqa: BLE001 - it is tried again, and the others go on
        log.exception("the deadlines of incident %s could not be told of", incident_id)
    with ctx.store.transaction() as tx:
        incident = tx.incident(incident_id)
        if incident is not None and incident.live:
            tx.save_incident(replace(incident, deadline_at=ctx.clock.now() + LEFT_ALONE), None)


def _handle(ctx: Context, tx: Transaction, due: Sequence[Incident], now: float) -> None:
    """One page for each, or one digest for all of a runbook: see `paging.call`."""
    levels: dict[tuple[str, int], list[_Told]] = defaultdict(list)
    for incident in due:
        told = _told(ctx, incident, now)
        for deadline in told.deadlines:
            tx.record(_event(told.incident, deadline, now))
        if told.deadlines:
            levels[told.runbook.name, told.level].append(told)
        else:
            tx.save_incident(told.incident, None)  # nobody need hear of it now
    for (_, level), all_told in levels.items():
        wanted = [
            escalate.about(
                ctx, tx, each.runbook, each.incident, each.why(now), now, calls=each.incident.calls
            )
            for each in all_told
        ]
        pages = paging.call(ctx, tx, all_told[0].runbook, level, wanted, now)
        for each, page in zip(all_told, pages, strict=True):
            tx.save_incident(_called(ctx, each, page, now), None)


def _told(ctx: Context, incident: Incident, now: float) -> _Told:
    """With the marks that keep it from being told again."""
    if silent(incident):
        # Left alone for a while: what passes meanwhile is told when the silence is over.
        later = max(incident.due_at or 0.0, now + LEFT_ALONE)
        waits = replace(incident, deadline_at=later)
        return _Told(waits, escalate.stand_in(incident.runbook), (), 0)
    found = untold(incident, now)
    marked = incident.with_(paged_for=incident.paged_for | {mark(each) for each in found})
    marked = marked.with_(deadline_at=next_moment(marked, now))
    runbook = ctx.book.runbooks.get(incident.runbook) or escalate.stand_in(incident.runbook)
    policy = ctx.book.policy(runbook)
    level = next_call(policy, incident.calls, now).level if policy and policy.levels else 0
    return _Told(marked, runbook, found, level)


def _event(incident: Incident, deadline: Deadline, now: float) -> AuditEvent:
    missed = deadline.state is DeadlineState.MISSED
    verb = "deadline_missed" if missed else "deadline_near"
    saw = deadline.words(now)
    kind, due_at = str(deadline.kind), deadline.due_at
    return of_incident(incident, verb, now, kind=kind, due_at=due_at, saw=saw)


def _called(ctx: Context, told: _Told, page: Page | None, now: float) -> Incident:
    """It was the turn of this level: the next call is the next one's, when that is asked for."""
    policy, incident = ctx.book.policy(told.runbook), told.incident
    if page is None or policy is None:
        return incident
    call_at = incident.call_at
    if incident.state in ASKING and call_at is not None:
        call_at = next_call(policy, incident.calls, max(page.due_at or now, now)).next_at
    return replace(incident, calls=incident.calls + 1, call_at=call_at)
