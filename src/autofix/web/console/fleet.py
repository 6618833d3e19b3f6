"""The fleet: every host, what autofix sees of it now, and looking anew."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response

from autofix.core.fleet import HostStory
from autofix.core.readings import Reading
from autofix.core.runbooks import ProbeTrigger
from autofix.errors import AutofixError
from autofix.ports import Desk
from autofix.web.api.common import ONE_LINE, AtDesk, services_of
from autofix.web.api.probes import turn
from autofix.web.console.acting import failed
from autofix.web.console.frame import Looking, Viewer, show
from autofix.web.console.sparks import Spark, spark
from autofix.web.forms import Form, form
from autofix.web.problems import Problem

router = APIRouter(prefix="/fleet", include_in_schema=False)
Fields = Annotated[Form, Depends(form)]
Host = Annotated[str, Path(min_length=1, max_length=200, pattern=ONE_LINE)]
Part = Annotated[str, Query(max_length=200, pattern=ONE_LINE)]
PORTION = 50
#: Watches with a small chart, and the seconds that it shows.
DRAWN, LATELY = 20, 6 * 3600.0
#: Seconds that one look may take.
TIMEOUT = 10.0


@router.get("")
def fleet(
    request: Request,
    looking: Looking,
    desk: AtDesk,
    name: Part = "",
    group: Part = "",
    open: Part = "",
    cursor: Part = "",
) -> Response:
    found = desk.fleet(
        name=name.strip(), group=group, open_only=bool(open), after=cursor, limit=PORTION
    )
    asked = {"name": name, "group": group, "open": open}
    return show(request, looking, "fleet.html", room="fleet", live="all", found=found, asked=asked)


@router.get("/{host}")
def host(request: Request, looking: Looking, desk: AtDesk, host: Host) -> Response:
    story = desk.host(host)
    watched = _watches(request, host, [each.runbook for each in story.watches])
    return show(
        request,
        looking,
        "host.html",
        room="fleet",
        live="all",
        story=story,
        host=story.host,
        watched=watched,
        sparks=_sparks(desk, story, looking.now - LATELY),
    )


def _sparks(desk: Desk, story: HostStory, since: float) -> dict[tuple[str, str], Spark]:
    """What the watches showed lately, by runbook and subject."""
    targets = {(each.runbook, each.subject) for each in story.watches[:DRAWN]}
    drawn = {
        (name, subject): spark(desk.recent(name, story.host.name, subject, since))
        for name, subject in sorted(targets)
    }
    return {target: each for target, each in drawn.items() if each is not None}


@router.post("/{host}/look")
def look(request: Request, looking: Looking, desk: AtDesk, host: Host, fields: Fields) -> Response:
    """As a watch does: with the probe and the options of a trigger that is in force. Nothing
    follows from it: what fires is only what the watches themselves see."""
    try:
        trigger = _trigger(request, fields.get("runbook", ""), fields.get("trigger", ""))
        with turn():
            readings = desk.look(trigger.probe, host, trigger.options, TIMEOUT)
    except (AutofixError, Problem) as error:
        return failed(request, looking, fields, error, back=("fleet", host))
    return _seen(request, looking, host, fields, trigger, readings)


def _seen(
    request: Request,
    looking: Viewer,
    host: str,
    fields: Form,
    trigger: ProbeTrigger,
    readings: list[Reading],
) -> Response:
    return show(
        request,
        looking,
        "seen.html",
        room="fleet",
        host=host,
        runbook=fields.get("runbook", ""),
        number=fields.get("trigger", ""),
        trigger=trigger,
        readings=readings,
    )


def _trigger(request: Request, runbook: str, number: str) -> ProbeTrigger:
    book = services_of(request).context().book
    found = book.runbooks.get(runbook)
    triggers = found.triggers if found else ()
    index = int(number) if number.isdecimal() and len(number) < 4 else len(triggers)
    trigger = triggers[index] if index < len(triggers) else None
    if not isinstance(trigger, ProbeTrigger):
        raise Problem(422, "this trigger is not in force any more", "reload the page of the host")
    return trigger


def _watches(request: Request, host: str, seen: list[str]) -> list[tuple[str, int, ProbeTrigger]]:
    """Runbook, number of the trigger, and the trigger: each that looks at this host."""
    book = services_of(request).context().book
    return [
        (name, index, trigger)
        for name, runbook in sorted(book.runbooks.items())
        for index, trigger in enumerate(runbook.triggers)
        if isinstance(trigger, ProbeTrigger)
        and (name in seen or host in book.inventory.hosts(trigger.hosts))
    ]
