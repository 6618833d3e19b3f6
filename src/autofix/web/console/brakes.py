"""Silences and pauses: what holds autofix back, who said so and why, and letting it go on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from autofix.core.decisions import held_by
from autofix.core.incidents import Incident, State
from autofix.core.pauses import Pause
from autofix.core.silences import Silence
from autofix.desk.brakes import EVERY
from autofix.errors import UsageError
from autofix.ports import Desk
from autofix.web.api.bodies import Pausing, Silencing
from autofix.web.api.common import AtDesk, Cursor, Number, page, place
from autofix.web.console.acting import act
from autofix.web.console.filling import labels, length, moment, taken
from autofix.web.console.frame import Looking, show
from autofix.web.forms import Form, form

router = APIRouter(include_in_schema=False)
Fields = Annotated[Form, Depends(form)]
Everything = Annotated[bool, Query(alias="all")]
#: Incidents that are looked through for what holds them; hosts that a field offers.
HELD, OFFERED = 1000, 1000
#: Silences of one page: those that stand, those that are over.
STANDING, OVER = 1000, 50
BACK = ("silences",)
#: How the reason of an incident that a pause holds begins.
PAUSED = ("pause", "put back")


@router.get("/silences")
def silences(
    request: Request, looking: Looking, desk: AtDesk, everything: Everything = False,
    cursor: Cursor = None,
) -> Response:  # fmt: skip
    """What stands; on demand what is over, a page at a time from the database."""
    found, now = desk.silences(limit=STANDING + 1), looking.now
    standing = found[:STANDING]
    over = _over(desk, cursor) if everything or cursor else None
    held = desk.incidents(states=[State.HELD], limit=HELD)
    hosts = desk.hosts()
    pauses = desk.pauses()
    return show(
        request, looking, "silences.html", room="silences", live="" if cursor else "all",
        active=[each for each in standing if each.active(now)],
        coming=[each for each in standing if not each.active(now)],
        more_standing=len(found) > STANDING, over=over, cursor=cursor,
        by_silence={each.id: by_silence(each, held) for each in standing if each.active(now)},
        pauses=pauses, by_pause=[by_pause(each, held) for each in pauses],
        runbooks=[each.name for each in desk.runbooks()], every=EVERY,
        hosts=hosts if len(hosts) <= OFFERED else [], zone=desk.status().timezone,
    )  # fmt: skip


def _over(desk: Desk, cursor: str | None) -> dict[str, Any]:
    found = desk.silences(over=True, before=place("silences", cursor), limit=OVER + 1)
    return page("silences", found, OVER, lambda each: each.id)


def by_silence(silence: Silence, held: list[Incident]) -> list[Incident]:
    """Those that say that this one holds them."""
    begins = f"silence: silence {silence.id} ("
    return [each for each in held if each.reason.startswith(begins)]


def by_pause(pause: Pause, held: list[Incident]) -> list[Incident]:
    waiting = [each for each in held if held_by(each) in PAUSED]
    return [each for each in waiting if pause.covers(each.runbook, each.host)]


@router.post("/silences")
def silence(request: Request, looking: Looking, desk: AtDesk, fields: Fields) -> Response:
    def do() -> Silence:
        given = taken(Silencing, **silencing(fields, desk.status().timezone, looking.now))
        return desk.add_silence(
            until=given.until, reason=given.reason, starts_at=given.starts_at,
            runbook=given.runbook, host=given.host, group=given.group, labels=given.labels,
        )  # fmt: skip

    return act(request, looking, fields, do, to=BACK, said="silenced")


def silencing(fields: Form, zone: str, now: float) -> Mapping[str, Any]:
    """What was typed, as the API takes it. It ends at a moment or after a time, never both."""
    start = moment(fields.get("starts_at", ""), zone, now)
    lasts = length(fields.get("lasts", ""))
    until = moment(fields.get("until", ""), zone, now, end=True)
    if (lasts is None) == (until is None):
        raise UsageError(
            "a silence needs one end", hint="say for how long (2h), or until when (18:00)"
        )
    if lasts is not None:
        until = (now if start is None else start) + lasts
    names = {name: fields.get(name, "").strip() for name in ("runbook", "host", "group")}
    kept = labels(fields.get("labels", ""))
    if not (any(names.values()) or kept):
        raise UsageError(
            "nothing is named that is to be left alone",
            hint="name a runbook, a host, a group or a label; to hold everything, pause it",
        )
    reason = fields.get("reason", "").strip()
    return {**names, "labels": kept, "until": until, "starts_at": start, "reason": reason}


@router.post("/silences/{number}/end")
def end(
    request: Request, looking: Looking, desk: AtDesk, number: Number, fields: Fields
) -> Response:
    do = lambda: desk.end_silence(number)  # noqa: E731
    return act(request, looking, fields, do, to=BACK, said="silence-ended")


@router.post("/pauses")
def pause(request: Request, looking: Looking, desk: AtDesk, fields: Fields) -> Response:
    def do() -> Any:
        given = taken(
            Pausing, **scope(fields), reason=fields.get("reason", "").strip(),
            cancel_running=fields.get("cancel_running", "") == "yes",
        )  # fmt: skip
        return desk.pause(
            runbook=given.runbook, host=given.host, reason=given.reason,
            cancel_running=given.cancel_running,
        )  # fmt: skip

    return act(request, looking, fields, do, to=BACK, said="held")


@router.post("/pauses/resume")
def resume(request: Request, looking: Looking, desk: AtDesk, fields: Fields) -> Response:
    do = lambda: desk.resume(**scope(fields))  # noqa: E731
    return act(request, looking, fields, do, to=BACK, said="resumed")


def scope(fields: Form) -> dict[str, str]:
    """What is meant. Nothing named is nothing, and never everything: that is a choice of its own,
    beside which nothing may be named."""
    named = {name: fields.get(name, "").strip() for name in ("runbook", "host")}
    everything = fields.get("scope", "") == "everything"
    if everything and any(named.values()):
        raise UsageError(
            "everything is chosen, and something is named beside it",
            hint="leave runbook and host empty, or choose only what is named",
        )
    if not everything and not any(named.values()):
        raise UsageError("nothing is named", hint="name a runbook or a host, or choose everything")
    return named
