"""Runbooks: what there is, how each did lately, one of them with all that is known of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from autofix.core.breakers import Standing
from autofix.core.histories import SPAN, History
from autofix.core.stories import Answer, RunbookCard
from autofix.errors import AutofixError
from autofix.ports import Desk
from autofix.web.api.bodies import Resetting
from autofix.web.api.common import ONE_LINE, AtDesk, Name
from autofix.web.console import code, guide
from autofix.web.console.acting import act
from autofix.web.console.filling import taken
from autofix.web.console.frame import Looking, show
from autofix.web.console.sparks import Spark, spark
from autofix.web.forms import Form, form

router = APIRouter(include_in_schema=False)
Fields = Annotated[Form, Depends(form)]
Asked = Annotated[str, Query(max_length=200, pattern=ONE_LINE)]
#: Incidents of one runbook that its page lists.
LATEST = 10
#: Hosts whose facts its page draws, and how far back, in seconds.
DRAWN, LATELY = 12, 6 * 3600.0


@dataclass(frozen=True)
class Row:
    """A line of the list."""

    card: RunbookCard
    history: History
    breakers: tuple[Standing, ...]


@router.get("/runbooks")
def listed(request: Request, looking: Looking, desk: AtDesk) -> Response:
    done = {each.runbook: each for each in desk.histories()}
    standing = desk.breakers()
    rows = [
        Row(
            each,
            done.get(each.name) or History(each.name, looking.now - SPAN),
            tuple(one for one in standing if one.runbook == each.name),
        )
        for each in desk.runbooks()
    ]
    return show(request, looking, "runbooks.html", room="runbooks", live="all", rows=rows)


@router.get("/runbooks/{name}")
def one(request: Request, looking: Looking, desk: AtDesk, name: Name, host: Asked = "") -> Response:
    card = desk.runbook(name)
    source = desk.runbook_source(name)
    answer, wrong = _why(desk, name, host.strip())
    return show(
        request,
        looking,
        "runbook.html",
        room="runbooks",
        live="all",
        card=card,
        guide=guide.rendered(card.about),
        history=desk.history(name),
        latest=desk.incidents(runbook=name, limit=LATEST),
        breakers=[each for each in desk.breakers() if each.runbook == name],
        sparks=_sparks(desk, card, looking.now - LATELY),
        source=source,
        code=code.yaml(source.text),
        hosts=desk.hosts(),
        host=host,
        answer=answer,
        passed=[line for line in answer.lines if _passes(line)] if answer else [],
        wrong=wrong,
    )


def _sparks(desk: Desk, card: RunbookCard, since: float) -> list[tuple[str, Spark]]:
    """What its targets showed lately, as far as anything was seen."""
    drawn = [
        (host, spark(desk.recent(card.name, host, since=since))) for host in card.hosts[:DRAWN]
    ]
    return [(host, each) for host, each in drawn if each is not None]


def _passes(line: str) -> bool:
    """A guard that has nothing against it: told last, since the others are what one looks for."""
    return line.startswith("guard ") and ": passes" in line and ": brakes: " not in line


def _why(desk: Desk, name: str, host: str) -> tuple[Answer | None, AutofixError | None]:
    if not host:
        return None, None
    try:
        return desk.why(name, host), None
    except AutofixError as error:
        return None, error


@router.post("/runbooks/{name}/breaker")
def reset(request: Request, looking: Looking, desk: AtDesk, name: Name, fields: Fields) -> Response:
    def do() -> None:
        asked = taken(
            Resetting,
            runbook=name,
            host=fields.get("host", ""),
            subject=fields.get("subject", ""),
            reason=fields.get("reason", "").strip(),
        )
        desk.reset_breaker(asked.runbook, asked.host, asked.subject, asked.reason)

    return act(request, looking, fields, do, to=("runbooks", name), said="breaker-reset")
