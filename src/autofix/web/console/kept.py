"""What somebody had typed when his session was over: kept through the login, and shown to be sent.

It is never sent by itself, and only to forms of the console. Passwords and codes are not kept.
"""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import Request
from fastapi.responses import Response

from autofix.web.console import frame
from autofix.web.console.frame import Viewer
from autofix.web.console.policy import CONSOLE
from autofix.web.forms import SECRETS, Form
from autofix.web.paths import path
from autofix.web.problems import Problem
from autofix.web.who import Routes

Pairs = Sequence[tuple[str, str]]
PREFIX = "kept."
#: Forms that a login brings to nothing, or that hold nothing worth keeping.
NEVER = frozenset({"/login", "/login/kept", "/logout", "/preferences"})


def fields(form: Form) -> Pairs:
    """What waits, without the prefix that it has on the login's page."""
    found = [(name[len(PREFIX) :], value) for name, value in form.pairs if name.startswith(PREFIX)]
    return [(name, value) for name, value in found if name not in SECRETS]


def sendable(address: str) -> bool:
    """Is this a form of ours that may be sent again?"""
    try:
        found = Routes(way for _, way in CONSOLE).find(address.partition("?")[0], "POST")
    except Problem:
        return False
    return ("POST", found) in CONSOLE and found not in NEVER


def shown(request: Request, looking: Viewer, address: str, waiting: Pairs) -> Response | None:
    """The page from which it is sent; none when there is nothing to send."""
    if not sendable(address):
        return None
    where = path(request) + address.lstrip("/")
    return frame.show(request, looking, "kept.html", room="-", typed=waiting, where=where)


def enrolling(request: Request, looking: Viewer, status: int = 200, **values: object) -> Response:
    """The page of the second factor; what waits goes through it, too."""
    given = {"step": "begin", "uri": "", "seed": "", "picture": "", "wrong": "", "has": False}
    given |= {"owed": True, "next": "/", "kept": [], "dropping": False, **values}
    return frame.show(request, looking, "second_factor.html", status, room="-", **given)
