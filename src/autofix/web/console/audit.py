"""The record: searched, read, verified beside everything else, and taken away as a file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from autofix.core.audit import AuditEntry
from autofix.core.plain import plain
from autofix.errors import UsageError
from autofix.web.api import audit as api
from autofix.web.api.common import AtDesk, Cursor, Number, Which, page, place
from autofix.web.console.acting import act
from autofix.web.console.filling import moment, number
from autofix.web.console.frame import Looking, show
from autofix.web.forms import Form, form

router = APIRouter(include_in_schema=False)
Fields = Annotated[Form, Depends(form)]
Format = Annotated[Literal["jsonl", "csv"], Query(alias="format")]
PAGE = 50
#: Breaks of a check that are shown.
BREAKS = 100


@dataclass(frozen=True)
class Search:
    """What is looked for, as it was typed."""

    actor: str = ""
    action: str = ""
    runbook: str = ""
    host: str = ""
    incident: str = ""
    since: str = ""
    until: str = ""

    def query(self, zone: str, now: float) -> dict[str, Any]:
        """What the desk is asked. A time of the day is the last one that has passed."""
        return {
            "actor": self.actor.strip(),
            "action": self.action.strip(),
            "runbook": self.runbook.strip(),
            "host": self.host.strip(),
            "incident": number(self.incident),
            "since": moment(self.since, zone, now, past=True),
            "until": moment(self.until, zone, now, end=True, past=True),
        }


def search(
    actor: Which = "", action: Which = "", runbook: Which = "", host: Which = "",
    incident: Which = "", since: Which = "", until: Which = "",
) -> Search:  # fmt: skip
    return Search(actor, action, runbook, host, incident, since, until)


@router.get("/audit")
def audit(
    request: Request,
    looking: Looking,
    desk: AtDesk,
    asked: Annotated[Search, Depends(search)],
    cursor: Cursor = None,
) -> Response:
    stands = desk.status()
    wrong: UsageError | None = None
    listed: dict[str, Any] = {"items": [], "next": None}
    try:
        query = asked.query(stands.timezone, looking.now)
    except UsageError as error:
        wrong = error
    else:
        found = desk.audit(**query, before=place("audit", cursor), limit=PAGE + 1)
        listed = page("audit", found, PAGE, lambda each: each.seq)
    return show(
        request, looking, "audit.html", 422 if wrong else 200, room="audit",
        live="" if cursor else "all", asked=asked, fields=vars(asked), wrong=wrong,
        entries=[told(each) for each in listed["items"]], next=listed["next"],
        stands=stands, check=desk.record_check(), most=BREAKS,
        narrowed=any(vars(asked).values()),
    )  # fmt: skip


def told(entry: AuditEntry) -> dict[str, Any]:
    """An entry, what is said of it in a line, and the rest of what it holds."""
    payload: dict[str, Any] = plain(dict(entry.event.payload))
    says = [payload.get(name) for name in ("reason", "why", "title", "note", "text")]
    said = next((each for each in says if isinstance(each, str) and each), "")
    return {"seq": entry.seq, "event": entry.event, "said": said, "payload": payload}


@router.post("/audit/check")
def check(request: Request, looking: Looking, desk: AtDesk, fields: Fields) -> Response:
    return act(request, looking, fields, desk.check_record, to=("audit",), said="checking")


@router.get("/audit/export")
def export(desk: AtDesk, looking: Looking, form: Format = "jsonl") -> Response:
    """The whole record as a file, as it is read: nothing of it waits here."""
    answer = api.export(desk, form)
    day = datetime.fromtimestamp(looking.now, UTC).date().isoformat()
    answer.headers["Content-Disposition"] = f'attachment; filename="autofix-audit-{day}.{form}"'
    return answer


@router.get("/audit/{number}")
def entry(request: Request, looking: Looking, desk: AtDesk, number: Number) -> Response:
    found = desk.audit_entry(number)
    return show(
        request, looking, "audit_entry.html", room="audit", each=found, told=told(found),
        last=desk.status().audit_size,
    )  # fmt: skip
