"""HTML, made on the server: the only home of Jinja2 in the web. Every value is escaped.

`page` is one of the small pages that stand alone (a link's, a problem's): one file, no script.
`console` is one of the console's: with our style sheet and our modules, and nobody else's.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import HTTPConnection

from autofix.core.durations import human
from autofix.core.inert import inert, shown, without_secrets
from autofix.core.reasons import told
from autofix.core.vocabulary import spoken as english
from autofix.i18n import LANGUAGES, ago, chosen, words
from autofix.web import assets
from autofix.web.paths import path, route_path
from autofix.web.problems import TITLES

#: With `no-referrer` browsers would send forms with `Origin: null`: as if from another site.
REFERRER = "same-origin"
#: What a reader chose, kept in his browser: read on pages without a login, too.
LANGUAGE, THEME, KEYS = "autofix-language", "autofix-theme", "autofix-keys"
#: Who acts without a person: their reasons are sentences of ours.
OURS = frozenset({"autofix", "a file"})
THEMES = ("auto", "light", "dark")
#: Shortcuts of a single letter: whoever speaks to his browser, or slips, turns them off.
SHORTCUTS = ("on", "off")
#: What the console's pages may do: our own files, answers and forms, nothing else.
CONSOLE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def page(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page that stands alone, filled with values from anywhere."""
    return _answer(request, f"{template}.html", status, _policy(), {"style": _style(), **values})


def console(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page of the console; `console.frame.show` gives what all of them need."""
    return _answer(request, f"console/{template}", status, CONSOLE_POLICY, values)


def report(request: Request, **values: Any) -> HTMLResponse:
    """What is read without us: one file with all it needs, and no script. It says its policy
    itself, too, for when nobody sends it along."""
    policy = _policy("report.css")
    given = {"style": _style("report.css"), "policy": policy, **values}
    return _answer(request, "console/report.html", 200, policy, given)


def problem(request: Request, status: int, detail: str, hint: str = "") -> HTMLResponse:
    """The same as a problem document, for people."""
    return page(
        request, "problem", status, title=TITLES.get(status, "Error"), detail=detail, hint=hint
    )


def language(request: HTTPConnection) -> str:
    """Of this reader: what he chose, what his browser asks for, the installation's."""
    app = request.scope.get("app")  # not there yet when the gate answers
    own = getattr(getattr(app, "state", None), "services", None)
    own = getattr(own, "language", None)
    wanted = request.cookies.get(LANGUAGE, "")
    return chosen(wanted, request.headers.get("accept-language", ""), own() if own else "en")


def theme(request: HTTPConnection) -> str:
    wanted = request.cookies.get(THEME, "")
    return wanted if wanted in THEMES else "auto"


def _shortcuts(request: HTTPConnection) -> str:
    wanted = request.cookies.get(KEYS, "")
    return wanted if wanted in SHORTCUTS else "on"


def _answer(
    request: Request, template: str, status: int, policy: str, values: Mapping[str, Any]
) -> HTMLResponse:
    spoken = language(request)
    text = _templates(spoken).get_template(template).render(
        language=spoken,
        languages=LANGUAGES,
        here=f"{route_path(request)}?{request.url.query}".rstrip("?"),
        theme=theme(request),
        shortcuts=_shortcuts(request),
        path=lambda *parts, **query: path(request, *parts, **query),
        asset=lambda name: path(request, "static", assets.version(), name),
        **values,
    )  # fmt: skip
    headers = {"Content-Security-Policy": policy, "Referrer-Policy": REFERRER, "Vary": "Cookie"}
    return HTMLResponse(text, status, headers)


@cache
def _templates(spoken: str) -> Environment:
    made = Environment(
        loader=PackageLoader("autofix.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.loopcontrols"],
    )
    known = words(spoken)

    def reason(text: object) -> str:
        """A sentence of ours, in the reader's language."""
        return inert(told(str(text), known), 2000)

    def own(text: object, by: str) -> str:
        """The words of whoever did it: a person's stay as they are, whatever they look like."""
        return reason(text) if by in OURS else inert(str(text), 2000)

    made.install_gettext_translations(known, newstyle=True)  # type: ignore[attr-defined]
    made.filters.update(
        line=lambda text: inert(str(text), 500),
        lines=lambda text: inert(str(text), 200_000, lines=True),
        value=lambda given: shown(given, 300),
        unsecret=without_secrets,
        span=human,
        iso=lambda at: datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds"),
        ago=lambda seconds: ago(seconds, spoken),
        word=lambda name, kind: known.pgettext(kind, english(name)),
        reason=reason,
        own=own,
        pretty=lambda given: json.dumps(given, indent=2, ensure_ascii=False, default=str),
    )
    return made


@cache
def _style(name: str = "page.css") -> Markup:
    file = resources.files("autofix.web").joinpath("templates", name)
    return Markup(file.read_text("utf-8"))  # noqa: S704 - our own file


@cache
def _policy(name: str = "page.css") -> str:
    digest = base64.b64encode(hashlib.sha256(_style(name).encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )
