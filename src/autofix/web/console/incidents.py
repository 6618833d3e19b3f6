"""Incidents: the list, the story of each, and what a person does about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from autofix.core.choices import Choices, choices
from autofix.core.decisions import approval_key
from autofix.core.incidents import ENDED, LIVE, State
from autofix.core.runs import Run
from autofix.core.severities import SEVERITIES
from autofix.core.stories import IncidentStory, RunbookCard
from autofix.core.synthetic import NAME as SYNTHETIC
from autofix.core.timeline import changes, timeline
from autofix.errors import AutofixError, NotFound
from autofix.ports import Desk
from autofix.web.api.bodies import Approving, Comment, Note, Retrying, RollingBack
from autofix.web.api.common import LARGEST, AtDesk, Cursor, Number, Which, page, place
from autofix.web.console import charts, guide
from autofix.web.console.acting import act
from autofix.web.console.filling import taken
from autofix.web.console.frame import Looking, Viewer, show
from autofix.web.console.logs import Log, tail_of
from autofix.web.forms import Form, form

router = APIRouter(prefix="/incidents", include_in_schema=False)
#: Incidents of one page, entries of the record on one, lines of a run's end.
LIMIT, ENTRIES, LAST = 50, 200, 12
Fields = Annotated[Form, Depends(form)]
States = Annotated[list[State | Literal[""]] | None, Query(max_length=50, alias="state")]
Before = Annotated[int | None, Query(ge=1, le=LARGEST)]


@router.get("")
def incidents(
    request: Request,
    looking: Looking,
    desk: AtDesk,
    states: States = None,
    open: Literal["", "true", "false"] = "",
    severity: Which = "",
    runbook: Which = "",
    host: Which = "",
    cursor: Cursor = None,
) -> Response:
    """Newest first, a page at a time from the database."""
    asked = [State(each) for each in states or () if each]
    narrowed = {"severity": severity, "runbook": runbook.strip(), "host": host.strip()}
    found = desk.incidents(
        states=_states(asked, open),
        before=place("incidents", cursor),
        limit=LIMIT + 1,
        **narrowed,
    )
    listed = page("incidents", found, LIMIT, lambda each: each.id)
    asked_for = {**narrowed, "open": open, "state": [str(each) for each in asked]}
    return show(
        request, looking, "incidents.html", room="incidents", live="all", listed=listed,
        asked=asked_for, narrowed=any(asked_for.values()), cursor=cursor,
        states=list(State), severities=SEVERITIES, runbooks=_names(desk),
    )  # fmt: skip


def _states(asked: list[State], open: str) -> frozenset[State] | None:
    side = {"true": LIVE, "false": ENDED}.get(open)
    if not asked:
        return side
    return frozenset(asked) if side is None else side & frozenset(asked)


def _names(desk: Desk) -> list[str]:
    """What may be chosen; the list is there without it, too."""
    try:
        return [each.name for each in desk.runbooks()]
    except AutofixError:
        return []


@dataclass(frozen=True)
class Told:
    """What pages about one incident are made of. `gone`: why its runbook is not there."""

    story: IncidentStory
    card: RunbookCard | None
    gone: str
    may: Choices
    earlier: int | None  # the number of the oldest entry shown, when there are older ones

    def values(self, before: int | None = None) -> dict[str, Any]:
        now, then = self.story.incident.facts, self.story.incident.facts_before
        about = self.card.about if self.card else ""
        moments = timeline(self.story, earlier=self.earlier is not None, later=before is not None)
        return {
            "story": self.story,
            "incident": self.story.incident,
            "card": self.card,
            "gone": self.gone,
            "synthetic": self.story.incident.runbook == SYNTHETIC,
            "may": self.may,
            "earlier": self.earlier,
            "before": before,
            "moments": moments,
            "facts": changes(then, now),
            "guide": guide.rendered(about),
            "asked_key": approval_key(self.story.incident, self.story.incident.step),
        }


def gathered(
    looking: Viewer, desk: Desk, number: int, before: int | None = None, entries: int = ENTRIES
) -> Told:
    """With the newest entries of its record, or those before one. NotFound: there is none."""
    story = desk.incident(number, before=before, entries=entries + 1)
    more = len(story.record) > entries
    story = replace(story, record=story.record[-entries:])
    card, gone = _card(desk, story.incident.runbook)
    name = story.incident.runbook
    may = choices(
        story.incident,
        card.remedies if card else (),
        story.runs,
        looking.principal.actor,
        operate=looking.may("operate", name),
        approve=looking.may("approve", name),
        approvers=card.approvers if card else None,
        groups=looking.principal.groups,
    )
    return Told(story, card, gone, may, story.record[0].seq if more else None)


def _card(desk: Desk, name: str) -> tuple[RunbookCard | None, str]:
    """Its file may have vanished, or be broken, while the incident is open; that of the synthetic
    check never was."""
    if name == SYNTHETIC:
        return None, ""
    try:
        return desk.runbook(name), ""
    except AutofixError as error:
        return None, str(error)


@router.get("/{number}")
def incident(
    request: Request, looking: Looking, desk: AtDesk, number: Number, before: Before = None
) -> Response:
    told = gathered(looking, desk, number, before)
    return show(
        request, looking, "incident.html", room="incidents", live=f"incident={number}",
        chart=charts.of_incident(desk, told.story, looking.now),
        tails=_tails(desk, told.story), **told.values(before),
    )  # fmt: skip


def _tails(desk: Desk, story: IncidentStory) -> list[tuple[Run, Log]]:
    """The last lines of what runs now, else of what ran last."""
    ran = [run for run in story.runs if run.started_at is not None]
    wanted = [run for run in ran if run.live] or ran[-1:]
    return [(run, tail_of(desk, run, LAST)) for run in wanted]


def _acts(path: str, said: str) -> Callable[..., Any]:
    """A form about one incident: `do` says what it is at the desk, from the form's fields."""

    def made(do: Callable[[Desk, int, Form], Any]) -> Callable[..., Any]:
        @router.post(f"/{{number}}/{path}", name=f"incident_{path}")
        def sent(
            request: Request, looking: Looking, desk: AtDesk, number: Number, fields: Fields
        ) -> Response:
            back = ("incidents", number)
            return act(
                request, looking, fields, lambda: do(desk, number, fields), to=back, said=said
            )

        return do

    return made


@_acts("acknowledge", "acknowledged")
def _acknowledge(desk: Desk, number: int, _: Form) -> Any:
    return desk.acknowledge(number)


@_acts("triage", "triaged")
def _triage(desk: Desk, number: int, fields: Form) -> Any:
    return desk.triage(number, _note(fields))


@_acts("workaround", "worked_around")
def _workaround(desk: Desk, number: int, fields: Form) -> Any:
    return desk.workaround(number, _note(fields))


@_acts("approve", "approved")
def _approve(desk: Desk, number: int, fields: Form) -> Any:
    return desk.approve(number, taken(Approving, asked=fields.get("asked", "")).asked)


@_acts("reject", "rejected")
def _reject(desk: Desk, number: int, fields: Form) -> Any:
    return desk.reject(number, _note(fields))


@_acts("retry", "retried")
def _retry(desk: Desk, number: int, fields: Form) -> Any:
    asked = taken(Retrying, step=_step(fields), accept=fields.get("accept") == "yes")
    return desk.retry(number, asked.step, accept=asked.accept)


@_acts("rollback", "rolling_back")
def _roll_back(desk: Desk, number: int, fields: Form) -> Any:
    return desk.roll_back(number, taken(RollingBack, step=_step(fields)).step)


@_acts("resolve", "resolved")
def _resolve(desk: Desk, number: int, fields: Form) -> Any:
    return desk.resolve(number, _note(fields))


@_acts("close", "closed")
def _close(desk: Desk, number: int, fields: Form) -> Any:
    return desk.close(number, _note(fields))


@_acts("comment", "commented")
def _comment(desk: Desk, number: int, fields: Form) -> Any:
    text = fields.get("text", "").replace("\r\n", "\n")
    return desk.comment(number, taken(Comment, text=text).text)


def _note(fields: Form) -> str:
    return taken(Note, note=fields.get("note", "").strip()).note


def _step(fields: Form) -> int:
    typed = fields.get("step", "")
    if not (typed.isascii() and typed.isdecimal() and len(typed) < 6):
        raise NotFound("no step is named", hint="choose one of the runbook's steps")
    return int(typed)
