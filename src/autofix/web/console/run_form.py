"""Running a runbook by hand: a form, what would come of it, and what then came of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from autofix.core.incidents import Incident
from autofix.core.previews import Foresight, Preview
from autofix.core.signals import Signal, SignalState
from autofix.core.stories import RunbookCard
from autofix.errors import AutofixError, NotFound
from autofix.ports import Desk
from autofix.web.api.bodies import Start
from autofix.web.api.common import LARGEST, AtDesk, Name
from autofix.web.api.once import REPLAYED, Once
from autofix.web.console import frame, run_fields
from autofix.web.console.acting import Filled, failed
from autofix.web.console.filling import taken
from autofix.web.console.frame import Looking, Viewer, show
from autofix.web.console.run_fields import Typed
from autofix.web.forms import OURS, SECRETS, Form, form
from autofix.web.problems import Problem

router = APIRouter(include_in_schema=False)
Fields = Annotated[Form, Depends(form)]
Signals = Annotated[int, Query(ge=1, le=LARGEST)]
#: What the page of what will be run says anew, or asks for itself.
LEFT_OUT = OURS | SECRETS | {"do", "accept", "filter"}
#: So many signals are told on one page.
PAGEFUL = 100


@router.get("/runbooks/{name}/run")
def empty(
    request: Request,
    looking: Looking,
    desk: AtDesk,
    name: Name,
    host: Annotated[list[str] | None, Query(max_length=1000)] = None,
) -> Response:
    """The form. Whoever may not run it is told so before he has filled it in."""
    return _form(request, looking, desk, desk.runbook(name), Typed(tuple(host or ())), {})


@router.post("/runbooks/{name}/preview")
def preview(
    request: Request, looking: Looking, desk: AtDesk, name: Name, fields: Fields
) -> Response:
    return _previewed(request, looking, desk, name, fields)


@router.post("/runbooks/{name}/run")
def run(request: Request, looking: Looking, desk: AtDesk, name: Name, fields: Fields) -> Response:
    """Start it, once for each form that was shown; or back to the form with what was typed."""
    if fields.get("do") == "change":
        return _form(request, looking, desk, desk.runbook(name), run_fields.typed(fields), {})
    once = Once(request, looking.principal, fields.once)
    try:
        said = once(lambda: _started(desk, name, fields), Filled(fields=fields.typed()))
    except (AutofixError, Problem) as error:
        return failed(request, looking, fields, error, back=("runbooks", name, "run"))
    numbers = json.loads(bytes(said.body))
    return frame.to(
        request,
        *("runbooks", name, "started"),
        said="again" if REPLAYED in said.headers else "",
        **numbers,
    )


def _started(desk: Desk, name: str, fields: Form) -> dict[str, int]:
    """Its signals are of one commit, so their numbers follow each other."""
    what, card = run_fields.typed(fields), desk.runbook(name)
    asked = taken(
        Start,
        hosts=list(what.hosts),
        subject=what.subject,
        inputs=run_fields.given(card, what),
        accept=what.accept,
        check=what.check,
        from_text=True,
    )
    found = desk.start(
        name,
        asked.hosts,
        subject=asked.subject,
        inputs=asked.inputs,
        accept=asked.accept,
        check=asked.check,
        from_text=True,
    )
    return {"first": found[0].id, "last": found[-1].id}


@router.get("/runbooks/{name}/started")
def started(
    request: Request, looking: Looking, desk: AtDesk, name: Name, first: Signals, last: Signals
) -> Response:
    """What became of the signals from `first` to `last`, as far as they are of this runbook."""
    desk.runbook(name)
    end = min(last, first + PAGEFUL - 1)
    found = [each for each in _signals(desk, first, end) if each.runbook == name]
    if not found:
        raise NotFound("nothing was started here", hint="see the list of incidents")
    return show(
        request,
        looking,
        "run_started.html",
        room="runbooks",
        live="all",
        name=name,
        signals=found,
        incidents=_incidents(desk, found),
        waiting=sum(each.state is SignalState.RECEIVED for each in found),
        check=found[0].check,
        next=end + 1 if end < last else None,
        last=last,
    )


def _signals(desk: Desk, first: int, last: int) -> list[Signal]:
    found = []
    for number in range(first, last + 1):
        try:
            found.append(desk.signal(number))
        except NotFound:
            break
    return found


def _incidents(desk: Desk, signals: list[Signal]) -> dict[int, Incident]:
    """Those that the signals opened or fed, by number."""
    wanted = {each.incident for each in signals if each.incident}
    if not wanted:
        return {}
    newest, many = max(wanted) + 1, max(wanted) - min(wanted) + 1
    rows = desk.incidents(runbook=signals[0].runbook, before=newest, limit=min(many, PAGEFUL * 5))
    return {each.id: each for each in rows if each.id in wanted}


def _previewed(request: Request, looking: Viewer, desk: Desk, name: str, fields: Form) -> Response:
    card, what = desk.runbook(name), run_fields.typed(fields)
    told = desk.preview(
        name,
        what.hosts,
        subject=what.subject,
        inputs=run_fields.given(card, what),
        check=what.check,
        from_text=True,
    )
    if told.faults:
        return _form(request, looking, desk, card, what, told.faults, 422)
    return show(
        request,
        looking,
        "run_preview.html",
        room="runbooks",
        card=card,
        told=told,
        typed=[each for each in fields.pairs if each[0] not in LEFT_OUT],
        what=what,
        idle=_nothing_starts(told),
    )


def _nothing_starts(told: Preview) -> bool:
    """By what is known now a run would do nothing at all."""
    return not told.unjudged and all(
        each.foresight is Foresight.REFUSED and not each.acceptable for each in told.hosts
    )


def _form(
    request: Request,
    looking: Viewer,
    desk: Desk,
    card: RunbookCard,
    what: Typed,
    faults: Mapping[str, str],
    status: int = 200,
) -> Response:
    hosts = desk.hosts()
    return show(
        request,
        looking,
        "run_form.html",
        status,
        room="runbooks",
        card=card,
        what=what,
        fields=run_fields.fields(card, what, faults),
        strays=run_fields.strays(card, faults),
        faults=faults,
        choices=run_fields.choices(hosts, card.hosts, what.hosts),
        unknown=[each for each in what.hosts if each not in set(hosts)],
        may=looking.may("operate", card.name),
    )
