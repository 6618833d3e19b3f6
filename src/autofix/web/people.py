"""Errors as browsers are told them: a page, a way to log in, and what was typed is kept."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from autofix.web import pages
from autofix.web.forms import WHOSE, Form
from autofix.web.paths import path, route_path
from autofix.web.problems import MEDIA_TYPE, document

#: What programs ask for, whatever they accept.
_FOR_PROGRAMS = ("/api/", "/hooks/", "/metrics", "/healthz", "/readyz", "/static/", "/live")


def asks(request: Request) -> bool:
    """A person's browser wants a page from here."""
    if route_path(request).startswith(_FOR_PROGRAMS):
        return False
    return "text/html" in request.headers.get("accept", "")


def told(
    request: Request,
    status: int,
    detail: str,
    hint: str = "",
    headers: dict[str, str] | None = None,
    form: Form | None = None,
) -> Response:
    """A problem document for programs, a page for people; who is not logged in may do so."""
    if not asks(request):
        said = document(status, detail, hint)
        return JSONResponse(said, status, headers, media_type=MEDIA_TYPE)
    if status == 401:
        return _login(request, detail, form)
    if form is not None:
        return pages.console(request, "anew.html", status, next=route_path(request), **_kept(form))
    answer = pages.problem(request, status, detail, hint)
    answer.headers.update(headers or {})
    return answer


def _login(request: Request, detail: str, form: Form | None) -> Response:
    """To the login and back; a form that was sent without a session is kept on the page."""
    here = route_path(request)
    if request.method == "GET":
        if request.headers.get("sec-fetch-site") == "cross-site":
            return _once_more(request)
        query = request.url.query
        back = f"{here}?{query}" if query else here
        return RedirectResponse(path(request, "login", next=back), 303)
    kept = _kept(form) if form is not None else {}
    return pages.console(request, "login.html", 401, **blank(next=here, said=detail, **kept))


def _kept(form: Form) -> dict[str, object]:
    """Of a form that does not say to whom it was shown nothing is kept."""
    whose = form.get(WHOSE, "")
    return {"kept": form.typed() if whose else [], "kept_for": whose}


def _once_more(request: Request) -> Response:
    """Who follows a link in a chat or a mail comes without his cookie, which browsers show only
    where a page of ours sends them: this one does, to the same address."""
    query = request.url.query
    to = path(request) + route_path(request).lstrip("/") + (f"?{query}" if query else "")
    return pages.page(request, "once_more", to=to)


def blank(**values: object) -> dict[str, object]:
    """What the page of the login shows; `kept` are the fields of a form that waits,
    `kept_for` the name of who filled it in; without one none waits."""
    return {
        "next": "/",
        "kept": [],
        "kept_for": "",
        "said": "",
        "name": "",
        "oidc": False,
        "nobody": False,
        "why": "",
        **values,
    }
