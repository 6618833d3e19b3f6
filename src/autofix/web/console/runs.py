"""Runs: all of them, one with its log while it runs and after, cancelling one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field, ValidationError

from autofix.core.cursors import PATTERN
from autofix.core.inert import without_secrets
from autofix.core.roles import Permission
from autofix.core.runs import Outcome, RunState
from autofix.core.synthetic import NAME as SYNTHETIC
from autofix.web.api.bodies import Reason
from autofix.web.api.common import LARGEST, ONE_LINE, AtDesk, Number, page, place
from autofix.web.api.streams import OVER
from autofix.web.console.acting import act
from autofix.web.console.frame import Looking, show
from autofix.web.console.logbook import failures
from autofix.web.console.logs import FAILED, MOST, Log, found_in, log_of
from autofix.web.console.run_words import WORDS, pace, standing
from autofix.web.forms import Form, form
from autofix.web.problems import Problem

router = APIRouter(include_in_schema=False)
EACH = 50
Place = Annotated[int | None, Query(ge=0, le=LARGEST)]
Words = Annotated[str, Query(max_length=200, pattern=ONE_LINE)]
Fields = Annotated[Form, Depends(form)]


class Asked(BaseModel):
    """What the list is narrowed to, named as in the API."""

    state: list[RunState] = Field(default=[], max_length=50)
    outcome: list[Outcome] = Field(default=[], max_length=50)
    runbook: str = Field(default="", max_length=200, pattern=ONE_LINE)
    host: str = Field(default="", max_length=200, pattern=ONE_LINE)
    incident: int | None = Field(default=None, ge=1, le=LARGEST)
    cursor: str | None = Field(default=None, pattern=PATTERN)

    def query(self) -> dict[str, object]:
        """As it stands in addresses; without the cursor."""
        return self.model_dump(mode="json", exclude={"cursor"}, exclude_defaults=True)


def asked(request: Request) -> Asked:
    """Of the query; fields that a form left empty want everything. Problem 422."""
    given = [(name, value) for name, value in request.query_params.multi_items() if value]
    found: dict[str, object] = {}
    for name, value in given:
        several = name in ("state", "outcome")
        found[name] = [each for key, each in given if key == name] if several else value.strip()
    try:
        return Asked.model_validate({key: value for key, value in found.items() if value})
    except ValidationError as error:
        where = error.errors()[0]["loc"][0]
        raise Problem(422, f"{where} can't be that", "choose one of the form's") from None


@router.get("/runs")
def runs(
    request: Request, looking: Looking, desk: AtDesk, wanted: Annotated[Asked, Depends(asked)]
) -> Response:
    found = desk.runs(
        incident=wanted.incident,
        states=wanted.state or None,
        outcomes=wanted.outcome or None,
        runbook=wanted.runbook,
        host=wanted.host,
        before=place("runs", wanted.cursor),
        limit=EACH + 1,
    )
    listed = page("runs", found, EACH, lambda each: each.id)
    live = "" if wanted.cursor else "all"
    return show(
        request, looking, "runs.html", room="runs", live=live, listed=listed, wanted=wanted,
        narrowed=wanted.query(), states=list(RunState), outcomes=list(Outcome),
    )  # fmt: skip


@router.get("/runs/{number}")
def run(
    request: Request,
    looking: Looking,
    desk: AtDesk,
    number: Number,
    after: Place = None,
    before: Place = None,
    find: Words = "",
    found: Place = None,
) -> Response:
    """One run; `after`, `before`: which portion of its log is shown, else the newest; `find`: what
    to search all of it for, after event `found`."""
    told = desk.run(number)
    usual, incident = desk.usual(number), desk.incident(told.incident, entries=1).incident
    log: Log = log_of(desk, told, after=after, before=before)
    words = find.strip()
    bad = failures(desk.run_events(number, limit=FAILED + 1, failed=True, cut=MOST))
    return show(
        request, looking, "run.html", room="runs",
        live=f"incident={told.incident}",
        run=told,
        synthetic=told.runbook == SYNTHETIC,
        over=told.state in OVER,
        incident=incident,
        variables=without_secrets(told.variables, incident.inputs),
        words=WORDS[standing(told)],
        usual=usual,
        pace=pace(told, usual, looking.now),
        log=log,
        found=found_in(desk, number, words, found or 0) if words else None,
        found_after=found or 0,
        bad=bad[:FAILED],
        more_bad=len(bad) > FAILED,
        may_cancel=told.live and looking.may(Permission.OPERATE, told.runbook),
    )  # fmt: skip


@router.post("/runs/{number}/cancel")
def cancel(
    request: Request, looking: Looking, desk: AtDesk, number: Number, fields: Fields
) -> Response:
    def do() -> None:
        try:
            reason = Reason(reason=fields.get("reason", "").strip()).reason
        except ValidationError:
            raise Problem(422, "a reason is one line of at most 1000 characters") from None
        desk.cancel(number, reason)

    return act(request, looking, fields, do, to=("runs", number), said="cancelling")
