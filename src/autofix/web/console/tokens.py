"""Making a token by a form: what was asked for, and the page that shows it once."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from fastapi.responses import Response
from pydantic import ValidationError

from autofix.errors import AutofixError
from autofix.ports import Desk
from autofix.web.api.bodies import AddedToken
from autofix.web.api.once import REPLAYED, Once
from autofix.web.console.acting import failed
from autofix.web.console.frame import Viewer, show, to
from autofix.web.forms import Form
from autofix.web.problems import Problem

DAY = 86400
#: For how long, in days, a token may be asked for.
OWN_LASTS = (1, 7, 30, 90, 365)


def asked(fields: Form) -> AddedToken:
    """Problem 422 for what no token can be."""
    try:
        return AddedToken.model_validate(
            {
                "name": fields.get("token_name", "").strip(),
                "lasts": float(fields.get("days", "") or 0) * DAY,
                "owner": fields.get("owner", "").strip(),
                "roles": fields.all("role"),
                "runbooks": named(fields.get("runbooks", "")),
                "source": fields.get("source", "").strip(),
            }
        )
    except (ValidationError, ValueError) as error:
        raise Problem(422, "the token can't be made so", first_fault(error)) from None


def named(typed: str) -> list[str] | None:
    """Runbooks as people type them, with spaces or commas between; None, where nothing is typed:
    all. Problem 422 for commas alone: an empty list is never all of them."""
    found = typed.replace(",", " ").split()
    if not found and typed.strip():
        raise Problem(422, "nothing is named", "name one, or leave it out")
    return found or None


def first_fault(error: Exception) -> str:
    """What is wrong, without what was given: that may be a secret."""
    if not isinstance(error, ValidationError):
        return "say for how many days it is good"
    fault = error.errors(include_input=False, include_url=False)[0]
    return f"{'.'.join(str(each) for each in fault['loc'])}: {fault['msg']}"


def made_page(
    request: Request, looking: Viewer, desk: Desk, fields: Form, *, back: tuple[str, ...]
) -> Response:
    """Make it and show it. The same form sent again makes none, and has none to show."""
    shown: dict[str, Any] = {}
    once = Once(request, looking.principal, fields.once)
    try:
        body = asked(fields)
        said = once(lambda: _make(desk, body, shown), body)
    except (AutofixError, Problem) as error:
        return failed(request, looking, fields, error, back=back)
    if REPLAYED in said.headers:
        return to(request, *back, said="again")
    return show(request, looking, "token.html", room="-", back=back, **shown)


def _make(desk: Desk, body: AddedToken, shown: dict[str, Any]) -> dict[str, bool]:
    """The secret goes to the page, and not into the answer that is kept."""
    token, secret = desk.add_token(
        body.name,
        lasts=body.lasts,
        owner=body.owner,
        roles=body.roles,
        runbooks=body.runbooks,
        source=body.source,
    )
    shown.update(token=token, secret=secret)
    return {"done": True}
