"""Calls enter the outbox: a page of its own, or a place in the digest of a storm."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from autofix import crashpoints
from autofix.core.digests import also
from autofix.core.escalation import Policy, unique
from autofix.core.grouping import Gathered, place
from autofix.core.incidents import UNANSWERED, Incident
from autofix.core.inert import inert
from autofix.core.messages import Message
from autofix.core.pages import CALLS, Member, Page, PageKind, PageState
from autofix.core.runbooks import Runbook
from autofix.flow.context import Context, log
from autofix.flow.record import of_page
from autofix.ports import Transaction


@dataclass(frozen=True)
class Wanted:
    """Somebody must be called about this. `words` are asked for only if it gets its own page."""

    target: str
    why: str
    severity: str
    words: Callable[[], Message]
    incident: Incident | None = None
    again: bool = False  # another call for the same: nobody answered the ones before
    lasting: bool = False  # see Member.lasting


def call(
    ctx: Context,
    tx: Transaction,
    runbook: Runbook,
    level: int,
    wanted: Sequence[Wanted],
    now: float,
    *,
    more: float = 0.0,
) -> list[Page | None]:
    """Queue pages for these, all called at the same moment; for each the page that it is in, None
    when there is nobody to page. `more`: others follow within so many seconds."""
    policy = ctx.book.policy(runbook)
    if policy is None or not policy.levels:
        for each in wanted:
            _nobody(tx, runbook, each, now)
        return [None] * len(wanted)
    desk = _Desk(tx, runbook, policy, min(level, len(policy.levels) - 1), now)
    own = [_had_own(tx, each) for each in wanted]
    rest = [each for each, had in zip(wanted, own, strict=True) if not had]
    gathered = iter(desk.gather(rest, more) if rest else [])
    return [
        desk.alone(each) if had else next(gathered) for each, had in zip(wanted, own, strict=True)
    ]


def _had_own(tx: Transaction, wanted: Wanted) -> bool:
    states = (PageState.QUEUED, PageState.SENT)
    # Most of a storm are called about for the first time: no question is asked for those.
    return (wanted.incident is not None and wanted.incident.calls > 0) and bool(
        tx.pages(incident=wanted.incident.id, kinds=[PageKind.CALL], states=states, limit=1)
    )


def _nobody(tx: Transaction, runbook: Runbook, wanted: Wanted, now: float) -> None:
    # Nobody can be called: it stands on the record and in `autofix status`.
    words = wanted.words()
    log.error("no escalation policy for %s: nobody was paged: %s", runbook.name, words.title)
    number = wanted.incident.id if wanted.incident else None
    page = Page(0, number, "", (), wanted.severity, words.title, "", "", now, None, data=words.data)
    tx.record(of_page(page, "unroutable", now))


class _Desk:
    """One runbook, policy and level, at one moment."""

    def __init__(
        self, tx: Transaction, runbook: Runbook, policy: Policy, level: int, now: float
    ) -> None:
        self._tx, self._runbook, self._policy = tx, runbook, policy
        self._level, self._now = level, now

    def gather(self, wanted: Sequence[Wanted], more: float) -> Sequence[Page]:
        """The pages of these, which had none of their own before."""
        latest = self._tx.latest_call(self._runbook.name, self._policy.name, self._level)
        together = len(wanted) + (1 if more else 0)
        placing = place(latest, self._now, had_own=False, together=together)
        if not isinstance(placing, Gathered):
            return [self.alone(each) for each in wanted]
        due_at = max(placing.due_at, self._now + more)
        joining = [each for each in wanted if not self._told_more(placing.into, each)]
        page = placing.into
        if page is None or joining:
            page = self._digest(joining, due_at, placing.into)
        self._tx.add_members([_member(page, each, self._now) for each in joining])
        return [page] * len(wanted)

    def _told_more(self, digest: Page | None, wanted: Wanted) -> bool:
        """It is in this digest already, which says both reasons from now on."""
        if digest is None or wanted.incident is None:
            return False
        inside = self._tx.members(digest.id, incident=wanted.incident.id, limit=1)
        for before in inside:
            self._tx.save_member(also(before, _member(digest, wanted, self._now)))
        return bool(inside)

    def _digest(self, wanted: Sequence[Wanted], due_at: float, into: Page | None) -> Page:
        severity = min(each.severity for each in wanted)
        if into is not None:
            joined = replace(
                into, count=into.count + len(wanted), severity=min(into.severity, severity)
            )
            return self._tx.save_page(joined, None)
        title = f"[{severity}] {self._runbook.title}: calls of these minutes, gathered"
        key = f"{self._runbook.name}:{self._policy.name}:{self._level}:{due_at:.0f}"
        draft = self._draft(Message(title, "", f"autofix:digest:{key}"), severity)
        draft = replace(draft, kind=PageKind.DIGEST, count=len(wanted), due_at=due_at)
        return self._add(draft)

    def alone(self, wanted: Wanted) -> Page:
        """A page of its own. What it replaces has reached nobody: its channels are tried too."""
        draft = self._draft(wanted.words(), wanted.severity)
        number = wanted.incident.id if wanted.incident else None
        channels = draft.channels
        if wanted.again and number is not None:
            channels = unique((*channels, *self._unheard(number)))
        return self._add(replace(draft, incident=number, channels=channels))

    def _unheard(self, incident: int) -> list[str]:
        """Drop what was queued for it before, and no channel took; by which it should have gone."""
        waiting = self._tx.pages(
            incident=incident, kinds=[PageKind.CALL], states=[PageState.QUEUED]
        )
        for page in waiting:
            dropped = page.with_(state=PageState.DROPPED, due_at=None)
            self._tx.save_page(dropped, of_page(dropped, "dropped", self._now, by="the next call"))
        return [name for page in waiting for name in page.channels]

    def _draft(self, words: Message, severity: str) -> Page:
        return Page(
            0,
            None,
            self._policy.name,
            self._policy.levels[self._level].channels,
            severity,
            inert(words.title, 250),
            words.text,
            words.dedup_key[:255],
            self._now,
            self._now,
            data=words.data,
            runbook=self._runbook.name,
            level=self._level,
        )

    def _add(self, draft: Page) -> Page:
        page = self._tx.add_page(draft, of_page(draft, "queued", self._now))
        crashpoints.reach("page.queued")
        return page


def _member(page: Page, wanted: Wanted, now: float) -> Member:
    incident, why = wanted.incident, inert(wanted.why, 500)
    # One that waits for nobody by its state (it is being fixed, or somebody has it) is called
    # about for another reason, which no change of its state takes away.
    lasting = wanted.lasting or (incident is not None and incident.state not in UNANSWERED)
    return Member(page.id, incident.id if incident else None, wanted.target, why, now, lasting)


def quiet(tx: Transaction, incident: Incident, by: str, now: float) -> None:
    """Somebody has the incident, or it is over: what no channel has taken yet need not be sent."""
    since = incident.ended_at if incident.ended_at is not None else now
    for waiting in tx.pages(incident=incident.id, kinds=CALLS, states=[PageState.QUEUED]):
        if waiting.created_at >= since and incident.ended_at is not None:
            continue  # about what was found after its end
        dropped = waiting.with_(state=PageState.DROPPED, due_at=None)
        tx.save_page(dropped, of_page(dropped, "dropped", now, by=by))
