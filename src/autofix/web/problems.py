"""Errors as RFC 9457 problem documents: the one place where ours become statuses."""

from __future__ import annotations

import json
from typing import Any

from autofix.core.inert import inert
from autofix.core.words import marked as _
from autofix.errors import (
    AutofixError,
    Conflict,
    Denied,
    HeldError,
    NotFound,
    StoreError,
    UsageError,
)

MEDIA_TYPE = "application/problem+json"
#: Where the scope holds the number by which the log knows a request.
NUMBER = "autofix.request"
TITLES = {
    400: _("Bad request"),
    401: _("Who are you?"),
    403: _("Not allowed"),
    404: _("Not found"),
    405: _("Method not allowed"),
    408: _("Too slow"),
    409: _("Conflict"),
    413: _("Too large"),
    414: _("Too long"),
    415: _("Unsupported media type"),
    422: _("Not as it should be"),
    429: _("Too many requests"),
    431: _("Too large"),
    500: _("A defect in autofix"),
    503: _("Not now"),
}

#: From the most special to the most general.
STATUSES: tuple[tuple[type[AutofixError], int], ...] = (
    (NotFound, 404),
    (Denied, 403),
    (HeldError, 409),
    (Conflict, 409),
    (StoreError, 503),
    (UsageError, 422),
)


class Problem(Exception):
    """Raised by routes; it becomes the answer. `headers` go with it."""

    def __init__(
        self, status: int, detail: str, hint: str = "", headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.hint = status, detail, hint
        self.headers = headers or {}


def status_of(error: AutofixError) -> int:
    return next((status for kind, status in STATUSES if isinstance(error, kind)), 500)


def document(status: int, detail: str, hint: str = "", **more: Any) -> dict[str, Any]:
    """`hint` says what to do next; texts are shown inertly wherever they come from."""
    found = {
        "type": "about:blank",
        "title": TITLES.get(status, "Error"),
        "status": status,
        "detail": inert(detail, 2000),
        **more,
    }
    return {**found, "hint": inert(hint, 1000)} if hint else found


def defect(number: str) -> str:
    """What is said of an error that nobody thought of."""
    return f"a defect in autofix; its log has it as request {number}"


def raw_problem(status: int, detail: str, *, close: bool = False) -> bytes:
    """A whole answer as it goes over the wire, for where there is no app yet."""
    body = json.dumps(document(status, detail)).encode()
    lines = [
        f"HTTP/1.1 {status} {TITLES.get(status, 'Error')}",
        f"content-type: {MEDIA_TYPE}",
        f"content-length: {len(body)}",
        "cache-control: no-store",
        *(["connection: close"] if close else []),
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body
