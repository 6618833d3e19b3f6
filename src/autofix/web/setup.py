"""The page behind the one-time link of the first start: it makes the administrator."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import HTMLResponse

from autofix.core.inert import inert
from autofix.desk.passwords import SHORTEST
from autofix.errors import Denied, HeldError, UsageError
from autofix.web import pages
from autofix.web.forms import Form, small
from autofix.web.session import entrance_of
from autofix.web.who import address

router = APIRouter(include_in_schema=False)
Code = Annotated[str, Path(min_length=1, max_length=200)]
Fields = Annotated[Form, Depends(small)]


@router.get("/setup/{code}")
def show(request: Request, code: Code) -> HTMLResponse:
    try:
        entrance_of(request).setup.good(code, address=address(request))
    except Denied as error:
        return pages.problem(request, 403, str(error), error.hint)
    return _form(request)


@router.post("/setup/{code}")
def make(request: Request, code: Code, fields: Fields) -> HTMLResponse:
    name, password = fields.get("name", "").strip(), fields.get("password", "")
    setup = entrance_of(request).setup
    try:
        if password != fields.get("again", ""):
            setup.good(code, address=address(request))
            return _form(request, "the two passwords are not the same", name)
        setup.finish(code, name, password, address=address(request))
    except Denied as error:
        return pages.problem(request, 403, str(error), error.hint)
    except (UsageError, HeldError) as error:
        return _form(request, str(error), name, error.hint)
    return pages.page(request, "made", name=inert(name, 80))


def _form(request: Request, wrong: str = "", name: str = "", hint: str = "") -> HTMLResponse:
    status = 422 if wrong else 200
    return pages.page(
        request, "setup", status, wrong=wrong, hint=hint, name=inert(name, 80), shortest=SHORTEST
    )
