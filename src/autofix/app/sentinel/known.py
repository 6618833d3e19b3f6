"""What the server leaves behind if it dies now: open incidents, deadlines, runs in flight."""

from __future__ import annotations

from autofix.core.incidents import LIVE, Incident, State
from autofix.core.pages import PageKind, PageState
from autofix.core.runs import Run, RunState
from autofix.core.synthetic import NAME
from autofix.core.watching import Known, Open
from autofix.ports import Reads, Store

#: As many as a person could ever read in a page, and as are worth keeping deadlines for.
LISTED, ASKED = 200, 2000
_TOLD = frozenset({State.ESCALATED, State.ACKNOWLEDGED, State.AWAITING_APPROVAL})


def ask(store: Store, now: float) -> Known:
    """What the store says; `leader` is who decides on it now."""
    leader = store.leader()
    with store.reading() as reads:
        return known(reads, now, leader)


def known(reads: Reads, now: float, leader: str = "") -> Known:
    """The most urgent first, then those nobody knows of."""
    live = reads.incidents(states=LIVE, limit=ASKED)
    live = [each for each in live if not each.check and each.runbook != NAME]
    queued = reads.pages(states=[PageState.QUEUED], limit=1000)
    waiting = {page.incident for page in queued}
    digests = [page for page in queued if page.kind is PageKind.DIGEST]
    waiting |= {
        each.incident for page in digests for each in reads.members(page.id, limit=page.count)
    }
    running = reads.runs(states=[RunState.CLAIMED, RunState.STARTED])
    every = sorted((_open(each, waiting) for each in live), key=_urgency)
    return Known(
        now, tuple(every[:LISTED]), len(every), sum(not each.told for each in every),
        tuple(map(_run, running)), leader,
    )  # fmt: skip


def _open(each: Incident, waiting: set[int | None]) -> Open:
    told = each.state in _TOLD and each.id not in waiting
    due = min((at for at in (each.deadline_at, each.call_at) if at is not None), default=None)
    return Open(each.id, each.severity, each.runbook, each.target, str(each.state), told, due)


def _urgency(each: Open) -> tuple[bool, str, float, int]:
    return each.told, each.severity, each.due or float("inf"), each.id


def _run(run: Run) -> str:
    return f"run {run.id}: {run.playbook} on {run.host}, for incident {run.incident}"
