"""A question to a monitoring over HTTP, answered with JSON: bounded in time and in size.

Where to ask comes from the settings or the inventory alone: no redirect is followed, and no
address that stands in an answer is ever used.
"""

from __future__ import annotations

import json
import math
import ssl
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import httpx

from autofix.core.readings import Target
from autofix.errors import ProbeError
from autofix.probes import links, variables
from autofix.probes.http_wire import FAILURES, Transport
from autofix.probes.links import Tls
from autofix.probes.net import Deadline
from autofix.probes.words import one_line

#: Some ten thousand series; reading it takes a tenth of a second.
MOST_BYTES = 8 * 1024 * 1024
_SAID_LIMIT = 200


class AskError(ProbeError):
    """No answer that can be used; one line for people. `status` is HTTP's, 0 without one."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Access:
    """Where a monitoring is and as whom to ask it. Equal ones can be asked once for many hosts."""

    title: str  # what people call it: Prometheus
    prefix: str  # of its variables: prometheus
    url: str
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    tls: Tls = field(default_factory=Tls)

    def __str__(self) -> str:
        return f"{self.title} at {self.url}"

    def with_headers(self, *headers: tuple[str, str]) -> Access:
        return Access(self.title, self.prefix, self.url, (*self.headers, *headers), self.tls)


def access(target: Target, prefix: str, title: str, url: str = "") -> Access:
    """From `<prefix>_url`, `_user` and `_password`, or `_token`, and `_tls_…`."""
    found = variables.text(target, f"{prefix}_url") or url
    user = variables.text(target, f"{prefix}_user")
    token = variables.text(target, f"{prefix}_token")
    headers: tuple[tuple[str, str], ...] = ()
    if user:
        # httpx writes it as the standard says: colons, other alphabets.
        basic = httpx.BasicAuth(user, variables.text(target, f"{prefix}_password"))
        request = next(basic.auth_flow(httpx.Request("GET", "http://x")))
        headers = (("authorization", request.headers["authorization"]),)
    elif token:
        headers = (("authorization", f"Bearer {header_text(token, f'{prefix}_token')}"),)
    tls = Tls.of(target, prefix)
    return Access(title, prefix, _checked(found, f"{prefix}_url", target.host), headers, tls)


def header_text(value: str, name: str) -> str:
    """A secret that goes into a header. VariableError when no header can carry it."""
    if not value.isascii() or not value.isprintable():
        raise variables.VariableError(f"{name} has characters that no header can carry")
    return value


def _checked(url: str, name: str, host: str) -> str:
    if not url:
        raise variables.VariableError(f"{name} is not set for {host}: where is it?")
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        raise variables.VariableError(f"{name} is not a URL") from None
    if parsed.userinfo:
        raise variables.VariableError(f"{name}: no user and password in a URL; set them apart")
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise variables.VariableError(f"{name} is not a URL: it begins with http:// or https://")
    if parsed.query or parsed.fragment:
        raise variables.VariableError(f"{name} has a ? or # in it: give the address alone")
    if parsed.port is not None and not 0 < parsed.port < 65536:
        raise variables.VariableError(f"{name}: ports go from 1 to 65535")
    return url.rstrip("/")


def ask(
    place: Access,
    deadline: Deadline,
    method: str,
    path: str,
    *,
    form: Mapping[str, str] | None = None,
    params: Mapping[str, str] | None = None,
    body: Any = None,
) -> Any:
    """The JSON of the answer. AskError (or NetError) in one line for anything else."""
    headers = {"accept": "application/json", "user-agent": "autofix"}
    # What is not compressed can't swell when it is opened.
    headers["accept-encoding"] = "identity"
    request = httpx.Request(
        method,
        f"{place.url}{path}",
        headers=[*headers.items(), *place.headers],
        data=form,
        params=params,
        json=body,
    )
    transport = Transport(_context(place.tls), deadline)
    with httpx.Client(transport=transport, trust_env=False) as client:
        try:
            response = client.send(request, stream=True, follow_redirects=False)
            with closing(response):
                text = _read(response, place)
        except AskError:
            raise
        except FAILURES as error:
            said = str(error) if isinstance(error, ProbeError) else ""
            raise AskError(said or links.of_error(error, str(place), deadline)) from error
    _judge(response, text, place)
    return _parsed(text, place)


def _context(tls: Tls) -> ssl.SSLContext:
    file = tls.ca or ssl.get_default_verify_paths().cafile or ""
    changed = []
    for each in (file, tls.cert, tls.key):
        try:
            changed.append(Path(each).stat().st_mtime_ns if each else 0)
        except OSError:
            changed.append(0)
    return _kept_context(tls, tuple(changed))


@lru_cache(maxsize=32)
def _kept_context(tls: Tls, changed: tuple[int, ...]) -> ssl.SSLContext:  # noqa: ARG001
    """Reading a hundred authorities takes 20 ms: it is done once until a file has changed."""
    return tls.context()


def _read(response: httpx.Response, place: Access) -> str:
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise AskError(f"{place} answered compressed, which it was not asked for")
    data = bytearray()
    for piece in response.iter_raw():
        data += piece
        if len(data) > MOST_BYTES:
            raise AskError(
                f"{place} answered with more than {MOST_BYTES >> 20} MiB: narrow the query"
            )
    return data.decode("utf-8", "replace")


def _judge(response: httpx.Response, text: str, place: Access) -> None:
    """Raise AskError for a status that is no good answer."""
    status = response.status_code
    if 200 <= status < 300:
        return
    said = said_in(text)
    words = f"{place} answered {status}"
    if 300 <= status < 400:
        words += f": it leads elsewhere, which is not followed; set {place.prefix}_url to the end"
    elif status in (401, 403):
        words += f": it does not accept what {place.prefix}_… says of us"
    elif status == 404:
        words += f": is {place.prefix}_url right?"
    elif status == 429:
        wait = response.headers.get("retry-after", "")
        after = f" (for {wait} s)" if wait.isascii() and wait.isdigit() and len(wait) < 6 else ""
        words += f": too many questions{after}; look less often"
    raise AskError(f"{words} ({said})" if said else words, status)


def said_in(text: str) -> str:
    """What an answer that is no good says, in one line; a web page says nothing."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        first = text.lstrip()[:1]
        return "a web page" if first == "<" else one_line(text, _SAID_LIMIT)
    for key in ("error", "errors", "message"):
        value = found.get(key) if isinstance(found, dict) else None
        if isinstance(value, list) and value:
            value = value[0]
        if isinstance(value, dict):
            roots = value.get("root_cause")
            if isinstance(roots, list) and roots and isinstance(roots[0], dict):
                value = roots[0]
            value = value.get("reason") or value.get("data") or value.get("message")
        if isinstance(value, str) and value:
            return one_line(value, _SAID_LIMIT)
    return ""


def _parsed(text: str, place: Access) -> Any:
    try:
        return json.loads(text, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        what = "a web page" if text.lstrip()[:1] == "<" else "something that is no whole JSON"
        raise AskError(f"{place} answered with {what}: is {place.prefix}_url right?") from None


# -- reading what came ------------------------------------------------------------------------


def wrong_shape(place: Access, what: str) -> AskError:
    return AskError(f"{place} gave an answer of another shape: {what}")


def mapping(value: Any, place: Access, what: str) -> Mapping[str, Any]:
    """The value, if it is an object; AskError otherwise."""
    if not isinstance(value, dict):
        raise wrong_shape(place, f"{what} is no object")
    return value


def items(value: Any, place: Access, what: str) -> list[Any]:
    """The value, if it is a list; AskError otherwise."""
    if not isinstance(value, list):
        raise wrong_shape(place, f"{what} is no list")
    return value


def number(value: Any) -> float | int | None:
    """A finite number, which may have come as text; None for NaN, infinity and all else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    if not math.isfinite(found):
        return None
    whole = found.is_integer() and abs(found) < 2**53
    return int(found) if whole and not isinstance(value, float) and _plain(value) else found


def _plain(value: int | str) -> bool:
    return isinstance(value, int) or value.lstrip("+-").isdigit()


def texts(value: Any, keys: Iterable[str]) -> dict[str, str]:
    """These entries of an object as bounded texts; empty where there is none."""
    found = value if isinstance(value, dict) else {}
    return {key: one_line(found.get(key, ""), 300) for key in keys}
