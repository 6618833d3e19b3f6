"""What one person may do about an incident as it stands now, and what he must do first."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from autofix.core.again import Remedy, no_retry, undoable
from autofix.core.decisions import approval_key
from autofix.core.identities import asker, login
from autofix.core.incidents import ENDED, UNTOUCHED, WITH_A_PERSON, Incident, State
from autofix.core.runbooks import Approvers
from autofix.core.runs import Run


@dataclass(frozen=True)
class Choices:
    """`retry`, `roll_back`: steps from 0. `duty`: the first thing to do, as a word for pages:
    `approve`, `other_approves`, `take`, `mend`, `accept`, `watch`, `wait` or `nothing`."""

    acknowledge: bool = False
    triage: bool = False
    workaround: bool = False
    approve: bool = False
    reject: bool = False
    resolve: bool = False
    close: bool = False
    comment: bool = False
    retry: tuple[int, ...] = field(default=())
    roll_back: tuple[int, ...] = field(default=())
    duty: str = "nothing"

    @property
    def any(self) -> bool:
        """Something beside a comment."""
        return any(
            (self.acknowledge, self.triage, self.workaround, self.approve, self.reject,
             self.resolve, self.close, self.retry, self.roll_back)
        )  # fmt: skip


def choices(
    incident: Incident,
    steps: Sequence[Remedy],
    runs: Sequence[Run],
    who: str,
    *,
    operate: bool,
    approve: bool,
    approvers: Approvers | None = None,
    groups: Collection[str] = (),
) -> Choices:
    """`who`: the person as the record names him; `operate`, `approve`: may he, by his role? An
    empty `steps`: the runbook is not there, and nothing of it can be run. `approvers`: the only
    ones who may approve; `groups`: his."""
    live, mine = incident.live, incident.state in WITH_A_PERSON
    waits = incident.state is State.AWAITING_APPROVAL and not _approved(incident)
    may_approve = approve and waits and asker(incident.requested_by) != login(who)
    may_approve &= approvers is None or approvers.include(login(who), groups)
    again = [at for at in range(len(steps)) if mine and not no_retry(incident, steps, at)]
    return Choices(
        acknowledge=operate and live and incident.acknowledged_at is None,
        triage=operate and live and incident.triaged_at is None,
        workaround=operate and live and incident.worked_around_at is None,
        approve=may_approve and bool(steps),
        reject=approve and waits,
        resolve=operate and mine,
        close=operate and incident.state in ENDED - {State.CLOSED},
        comment=operate,
        retry=tuple(again) if operate else (),
        roll_back=undoable(incident, steps, runs) if operate else (),
        duty=_duty(incident, waits, may_approve),
    )


def _approved(incident: Incident) -> bool:
    return approval_key(incident, incident.step) in incident.approved


def _duty(incident: Incident, waits: bool, may_approve: bool) -> str:
    if waits:
        return "approve" if may_approve else "other_approves"
    if incident.state in WITH_A_PERSON and incident.due_at is None:
        return "take" if incident.state is State.ESCALATED else "mend"
    if incident.state is State.CLOSED:
        return "nothing"
    if not incident.live:
        return "accept"
    return "wait" if incident.state in UNTOUCHED else "watch"
