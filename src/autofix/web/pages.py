"""HTML, made on the server: the only home of Jinja2 in the web. Every value is escaped, and there
is no script: the policy of each answer allows nothing but its one style sheet and a form to us."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources
from typing import Any
from urllib.parse import parse_qsl

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from autofix.core.inert import inert
from autofix.web import bodies
from autofix.web.problems import TITLES, Problem

#: The largest form, in bytes.
LARGEST = 8192
#: With `no-referrer` browsers would send forms with `Origin: null`: as if from another site.
REFERRER = "same-origin"


def page(template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page by a template of ours, filled with values from anywhere."""
    text = _templates().get_template(f"{template}.html").render(style=_style(), **values)
    headers = {"Content-Security-Policy": _policy(), "Referrer-Policy": REFERRER}
    return HTMLResponse(text, status, headers)


def problem(status: int, detail: str, hint: str = "") -> HTMLResponse:
    """The same as a problem document, for people."""
    return page("problem", status, title=TITLES.get(status, "Error"), detail=detail, hint=hint)


async def form(request: Request) -> dict[str, str]:
    """The fields of a posted form, each once. Problem for what is none, and for too much."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        body = await bodies.read(
            request.receive, request.headers.get("content-length", ""), most=LARGEST
        )
    except bodies.Gone:
        raise Problem(400, "the form was cut off") from None
    if not body:
        return {}
    if kind != "application/x-www-form-urlencoded":
        raise Problem(415, "this is not a form")
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=50)
    except ValueError:
        raise Problem(400, "the form can't be read") from None
    return dict(pairs)


@cache
def _templates() -> Environment:
    made = Environment(
        loader=PackageLoader("autofix.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["line"] = lambda text: inert(str(text), 500)
    return made


@cache
def _style() -> Markup:
    file = resources.files("autofix.web").joinpath("templates", "page.css")
    return Markup(file.read_text("utf-8"))  # noqa: S704 - our own file


@cache
def _policy() -> str:
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )
