"""What somebody had typed when his session was over: kept through the login, and shown to be sent.

It is never sent by itself, only to forms of the console, and by nobody but who typed it. Passwords
and codes are not kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from fastapi.responses import Response

from autofix.web.console import frame
from autofix.web.console.frame import Viewer
from autofix.web.console.places import inside
from autofix.web.console.policy import CONSOLE
from autofix.web.forms import KEPT, SECRETS, Form, hides
from autofix.web.paths import path
from autofix.web.problems import Problem
from autofix.web.who import Routes

Pairs = Sequence[tuple[str, str]]
FOR = "kept_for"
#: Forms that a login brings to nothing, or that hold nothing worth keeping.
NEVER = frozenset({"/login", "/login/kept", "/logout", "/preferences"})


@dataclass(frozen=True)
class Waiting:
    """A form that waits to be sent to `address`: `whose`, empty when none waits, and its fields."""

    address: str = "/"
    whose: str = ""
    fields: Pairs = ()

    @property
    def values(self) -> dict[str, Any]:
        """For the pages that it goes through: see `parts.waiting`."""
        return {"next": self.address, "kept": self.fields, "kept_for": self.whose}


def waiting(form: Form, name: str = "") -> Waiting:
    """What waits, by the fields of a page that it went through. `name`: who is here by now; what
    somebody else typed is not for him, nor is where that one was going."""
    address, whose = inside(form.get("next", "/")), form.get(FOR, "")
    if whose and name and whose != name:
        return Waiting("/?said=not_yours")
    return Waiting(address, whose, fields(form) if whose else ())


def fields(form: Form) -> Pairs:
    """What waits, without the prefix that it has on the login's page."""
    waits = [(name, value) for name, value in form.pairs if name.startswith(KEPT)]
    found = [(name.removeprefix(KEPT), value) for name, value in waits]
    return [(name, "" if hides(name) else value) for name, value in found if name not in SECRETS]


def sendable(address: str) -> bool:
    """Is this a form of ours that may be sent again?"""
    try:
        found = Routes(way for _, way in CONSOLE).find(address.partition("?")[0], "POST")
    except Problem:
        return False
    return ("POST", found) in CONSOLE and found not in NEVER


def shown(request: Request, looking: Viewer, what: Waiting) -> Response | None:
    """The page from which it is sent; none when there is nothing to send."""
    if not what.whose or not sendable(what.address):
        return None
    where = path(request) + what.address.lstrip("/")
    given: dict[str, Any] = {"typed": what.fields, "where": where, "hides": hides}
    return frame.show(request, looking, "kept.html", room="-", **given)


def enrolling(request: Request, looking: Viewer, status: int = 200, **values: object) -> Response:
    """The page of the second factor; what waits goes through it, too."""
    given = {"step": "begin", "uri": "", "seed": "", "picture": "", "wrong": "", "has": False}
    given |= {"owed": True, "dropping": False, **Waiting().values, **values}
    return frame.show(request, looking, "second_factor.html", status, room="-", **given)
