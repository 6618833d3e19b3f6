"""What a server answered as our errors: problem documents, and statuses without one."""

from __future__ import annotations

import json
from typing import Any

from autofix.core.inert import inert
from autofix.errors import AutofixError, Denied, HeldError, NotFound, StoreError, UsageError

#: What the status of a problem means; all others of 4xx are wrong usage, of 5xx the server's.
KINDS: dict[int, type[AutofixError]] = {
    401: Denied,
    403: Denied,
    404: NotFound,
    409: HeldError,
    422: UsageError,
    429: StoreError,
    503: StoreError,
}
WHO = "set AUTOFIX_TOKEN, or AUTOFIX_TOKEN_FILE to a file with mode 0600; see `autofix tokens`"


def parsed(body: bytes, server: str) -> Any:
    """The JSON of a good answer; StoreError when it is none."""
    try:
        return json.loads(body) if body else None
    except (ValueError, RecursionError):
        raise misunderstood(server, "it is no JSON") from None


def misunderstood(server: str, why: str) -> StoreError:
    return StoreError(
        f"{server} answered what is not understood here: {inert(why, 300)}",
        hint="is it an autofix server, and of this version?",
    )


def error_of(status: int, body: bytes, server: str, *, retry_after: str = "") -> AutofixError:
    """The error that an answer of 300 and more stands for."""
    if status < 400:
        return StoreError(
            f"{server} sends us elsewhere ({status}), which is not followed",
            hint="give the address of the server itself",
        )
    document = _document(body)
    detail = str(document.get("detail") or "") or f"{server} answered {status}"
    hint = str(document.get("hint") or "")
    if status == 401:
        hint = WHO  # the server's own speaks to browsers, too
    if status == 429:
        hint = hint or (f"again in {inert(retry_after, 20)} s" if retry_after else "")
    kind = KINDS.get(status, UsageError if status < 500 else StoreError)
    return kind(inert(detail, 2000), hint=inert(hint, 1000))


def _document(body: bytes) -> dict[str, Any]:
    """A problem document; nothing for the page of some proxy."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
