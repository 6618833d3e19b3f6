"""Search: a number leads to its incident, a name to its page, a part of one to all that fits."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from autofix.core.incidents import Incident
from autofix.core.stories import RunbookCard
from autofix.errors import NotFound
from autofix.ports import Desk
from autofix.web.api.common import LARGEST, AtDesk
from autofix.web.console.frame import Looking, show, to

router = APIRouter(include_in_schema=False)
_NUMBER = re.compile(r"#?([0-9]{1,19})")
#: Names shown of a kind; of so many of each the incidents are looked up, and so many of one.
SHOWN, FOLLOWED, INCIDENTS = 50, 5, 10


@dataclass(frozen=True)
class Found:
    """What fits; `more` names of hosts and runbooks are not shown."""

    runbooks: tuple[RunbookCard, ...] = ()
    hosts: tuple[str, ...] = ()
    incidents: tuple[Incident, ...] = ()
    more: int = 0

    def __bool__(self) -> bool:
        return bool(self.runbooks or self.hosts or self.incidents)


@router.get("/search")
def search(
    request: Request, looking: Looking, desk: AtDesk, q: Annotated[str, Query(max_length=200)] = ""
) -> Response:
    words = q.strip()
    if place := _straight(desk, words):
        return to(request, *place)
    found = _fitting(desk, words) if words else Found()
    return show(request, looking, "search.html", room="search", words=words, found=found)


def _straight(desk: Desk, words: str) -> tuple[str | int, ...]:
    """Where there is only one thing that can be meant; else nothing."""
    number = _NUMBER.fullmatch(words)
    if number and 1 <= int(number[1]) <= LARGEST:
        try:
            return ("incidents", desk.incident(int(number[1])).incident.id)
        except NotFound:
            pass
    places = [("runbooks", each.name) for each in desk.runbooks() if each.name == words]
    places += [("fleet", each) for each in desk.hosts() if each == words]
    return places[0] if len(places) == 1 else ()


def _fitting(desk: Desk, words: str) -> Found:
    """Names that have it in them, those that begin with it first, and their latest incidents."""
    wanted = words.casefold()

    def rank(name: str) -> tuple[bool, str]:
        return not name.casefold().startswith(wanted), name

    titled = [each for each in desk.runbooks() if wanted in f"{each.name}\n{each.title}".casefold()]
    runbooks = sorted(titled, key=lambda each: rank(each.name))
    hosts = sorted((each for each in desk.hosts() if wanted in each.casefold()), key=rank)
    more = max(len(runbooks) - SHOWN, 0) + max(len(hosts) - SHOWN, 0)
    incidents = _incidents(desk, [each.name for each in runbooks[:FOLLOWED]], hosts[:FOLLOWED])
    return Found(tuple(runbooks[:SHOWN]), tuple(hosts[:SHOWN]), incidents, more)


def _incidents(desk: Desk, runbooks: list[str], hosts: list[str]) -> tuple[Incident, ...]:
    """The latest of these, newest first."""
    found: dict[int, Incident] = {}
    for name in runbooks:
        found |= {each.id: each for each in desk.incidents(runbook=name, limit=INCIDENTS)}
    for name in hosts:
        found |= {each.id: each for each in desk.incidents(host=name, limit=INCIDENTS)}
    return tuple(found[number] for number in sorted(found, reverse=True)[: 2 * INCIDENTS])
