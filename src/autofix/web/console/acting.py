"""Forms of the console: each does one act at the desk, once, and goes on to a page that shows it.

What was typed is never lost: when the desk says no, the page that says so has it all again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel

from autofix.errors import AutofixError, Conflict, Duplicate, StoreError
from autofix.web.api.once import REPLAYED, Once
from autofix.web.console import frame
from autofix.web.console.frame import Viewer
from autofix.web.forms import Form, hides
from autofix.web.problems import TITLES, Problem, status_of


class Filled(BaseModel):
    """What makes two forms the same one."""

    fields: list[tuple[str, str]]


def act(
    request: Request,
    looking: Viewer,
    form: Form,
    do: Callable[[], Any],
    *,
    to: tuple[str | int, ...],
    said: str,
) -> Response:
    """Do it once for each form that was shown, then on to the page `to`. A form sent twice is told
    so, and nothing is done twice."""
    once = Once(request, looking.principal, form.once)
    try:
        answer = once(lambda: _quietly(do), Filled(fields=form.typed()))
    except (AutofixError, Problem) as error:
        return failed(request, looking, form, error, back=to)
    return frame.to(request, *to, said="again" if REPLAYED in answer.headers else said)


def _quietly(do: Callable[[], Any]) -> dict[str, bool]:
    """What is kept of it is that it was done."""
    do()
    return {"done": True}


def failed(
    request: Request,
    looking: Viewer,
    form: Form,
    error: AutofixError | Problem,
    *,
    back: tuple[str | int, ...],
) -> Response:
    """It did not happen: why, what to do, and what was typed, ready to be sent again."""
    status = error.status if isinstance(error, Problem) else status_of(error)
    return frame.show(
        request,
        looking,
        "failed.html",
        status,
        title=TITLES.get(status, "Error"),
        detail=str(error),
        hint=error.hint,
        typed=form.again(),
        needed=form.secrets(),
        hides=hides,
        back=back,
        unsure=unsure(error),
        room=str(back[0]) if back else "",
    )


def unsure(error: AutofixError | Problem) -> bool:
    """May it have been done all the same? The store broke off in the middle, or an earlier try did
    and nobody knows."""
    if isinstance(error, Problem):
        return error.status == 409
    return isinstance(error, StoreError) and not isinstance(error, Conflict | Duplicate)
