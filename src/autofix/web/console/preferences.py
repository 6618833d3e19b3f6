"""Language, colours, shortcuts: what a reader chose stays in his browser, and nowhere else."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from autofix.i18n import LANGUAGES
from autofix.web import pages
from autofix.web.console.places import inside
from autofix.web.forms import Form, form
from autofix.web.paths import path

router = APIRouter(include_in_schema=False)
YEAR = 365 * 86400
CHOICES = (
    (pages.LANGUAGE, LANGUAGES),
    (pages.THEME, pages.THEMES),
    (pages.KEYS, pages.SHORTCUTS),
)


@router.post("/preferences")
def keep(request: Request, fields: Annotated[Form, Depends(form)]) -> Response:
    """Whatever is no choice of ours changes nothing."""
    back = inside(fields.get("back", "/"))
    answer = RedirectResponse(path(request) + back.lstrip("/"), 303)
    for name, known in CHOICES:
        wanted = fields.get(name.partition("-")[2], "")
        if wanted in known:
            secure = request.url.scheme == "https"
            answer.set_cookie(name, wanted, max_age=YEAR, samesite="lax", secure=secure, path="/")
    return answer
