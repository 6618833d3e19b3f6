"""What matters now, gathered in one look that stays quick however much there is.

`desk.status` reads everything that is open; this reads portions, each by an index.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from autofix.core.incidents import Incident, State
from autofix.core.marks import FILES
from autofix.core.overview import Overview, Working, urgency
from autofix.core.pages import Page
from autofix.core.pauses import merged
from autofix.core.roles import Permission, Principal, refusal
from autofix.core.runbooks import ProbeTrigger
from autofix.core.runs import LAST, RunState, usual
from autofix.core.triggers import Watch
from autofix.desk import status
from autofix.desk.place import Place
from autofix.flow import approvals
from autofix.flow.context import Context
from autofix.ports import Reads

#: How many that wait for an approval, and how many pages, are looked through at most.
SEARCHED = 200
EVER = 1e12  # a moment after all others


def gathered(place: Place, ctx: Context, who: Principal, limit: int) -> Overview:
    """As `who` sees it; `limit`: how many of each list."""
    files, now = ctx.switch.pauses(), ctx.clock.now()
    good = place.contexts.good()
    with ctx.store.reading() as reads:
        lists = {
            "worst": _worst(reads.worst(limit=limit), now),
            "yours": _worst(_yours(good, reads, who)[:limit], now),
            "unanswered": _worst(reads.worst(states=[State.ESCALATED], limit=limit), now),
        }
        found: dict[str, Any] = {
            **_counted(reads),
            **lists,
            "takers": reads.takers(_taken(lists.values())),
            "running": _running(good, reads, limit),
            "held": tuple(reads.holdings(limit)),
            "pauses": tuple(merged(files, reads.pauses())),
            "silences": len(reads.silences(active_at=now)),
            "refused": _refused(reads, limit),
            "blind": tuple(islice(_blind(good, reads), limit)),
            "late": max(0.0, now - (reads.next_due() or now)),
            "audit_size": reads.audit_head()[0],
            "files": _files(reads),
            **status.marked(reads),
            **status.seal(reads, place.witnesses()),
        }
    check = place.checker.latest()
    found["checked"] = check if check.ended_at else None
    settings = tuple(place.faults())
    return Overview(server=ctx.store.leader(), settings=settings, **place.machine(), **found)


def _worst(found: list[Incident], now: float) -> tuple[Incident, ...]:
    return tuple(sorted(found, key=lambda each: urgency(each, now)))


def _taken(lists: Iterable[tuple[Incident, ...]]) -> set[int]:
    return {each.id for one in lists for each in one if each.acknowledged_at is not None}


def _counted(reads: Reads) -> dict[str, Any]:
    tallies = reads.tallies()
    live: dict[str, dict[str, int]] = {}
    for (state, severity), count in sorted(tallies.live.items()):
        live.setdefault(state, {})[severity] = count
    return {"live": live, "queued": tallies.queued}


def _yours(ctx: Context, reads: Reads, who: Principal) -> list[Incident]:
    """What waits for a yes that this person may give."""
    if refusal(who, Permission.APPROVE):
        return []
    return [
        each
        for each in reads.worst(states=[State.AWAITING_APPROVAL], limit=SEARCHED)
        if not refusal(who, Permission.APPROVE, each.runbook)
        and not approvals.refused(ctx, each, who.actor, who.groups)[0]
    ]


def _running(ctx: Context, reads: Reads, limit: int) -> tuple[Working, ...]:
    runs = reads.runs(states=[RunState.CLAIMED, RunState.STARTED], limit=limit)
    steps = {name: len(each.fix) for name, each in ctx.book.runbooks.items()}
    lengths = {
        check: reads.run_lengths(
            {each.playbook for each in runs if each.check is check}, check=check, limit=LAST
        )
        for check in (False, True)
    }
    return tuple(
        Working(run, steps.get(run.runbook, 0), usual(lengths[run.check].get(run.playbook, ())))
        for run in runs
    )


def _refused(reads: Reads, limit: int) -> tuple[Page, ...]:
    """Pages on their way that a channel did not take."""
    queued = reads.due_pages(EVER, SEARCHED)
    return tuple(page for page in queued if page.tried and page.last_error)[:limit]


def _blind(ctx: Context, reads: Reads) -> Iterator[Watch]:
    """What a trigger in force failed to look at as often as its `blind` allows. A host or subject
    that it asks no more, since the files changed, is none of it."""
    asked: dict[str, frozenset[str]] = {}  # the hosts of each selector, found once
    for each in reads.missed(SEARCHED):
        trigger = _trigger(ctx, each)
        if trigger is None or each.misses < trigger.blind.after:
            continue
        if trigger.hosts not in asked:
            asked[trigger.hosts] = frozenset(ctx.book.inventory.hosts(trigger.hosts))
        if each.host not in asked[trigger.hosts]:
            continue
        beside = reads.watches(each.runbook, each.host)
        if each.at >= max(one.at for one in beside if one.trigger == each.trigger):
            yield each


def _trigger(ctx: Context, watch: Watch) -> ProbeTrigger | None:
    """The one that it is of, while that looks; None without one."""
    runbook = ctx.book.runbooks.get(watch.runbook)
    if runbook is None or not runbook.enabled or watch.trigger >= len(runbook.triggers):
        return None
    found = runbook.triggers[watch.trigger]
    return found if isinstance(found, ProbeTrigger) else None


def _files(reads: Reads) -> dict[str, Any] | None:
    """What is wrong with the changed files that the server did not take."""
    mark = reads.mark(FILES)
    problems = list(mark.data.get("problems", ())) if mark else []
    return {"at": mark.at, "problems": problems} if mark and problems else None
