"""The `http` probe: does a URL answer, how fast, with what, and for how long is its TLS good?

httpx's only home among the probes. Credentials come from the inventory's variables `http_user`
and `http_password`, or `http_token`; proxies of the environment are not used.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import httpx

from autofix.core.readings import Fact, Reading, Target
from autofix.errors import ProbeError
from autofix.probes import certificates, links, variables
from autofix.probes.common import chosen, option_faults, seen, table
from autofix.probes.http_body import Body, body_facts, read
from autofix.probes.http_options import HttpOptions
from autofix.probes.http_wire import FAILURES, Transport
from autofix.probes.links import LinkError, Tls
from autofix.probes.net import Deadline

MOST_REDIRECTS = 10

FACTS = (
    Fact("ok", "boolean", "the status is an expected one, the body matches, TLS is trusted"),
    Fact("status", "integer", "the HTTP status"),
    Fact("latency_seconds", "number", "from the first byte out to the last byte in", "s"),
    Fact("body_matches", "boolean", "`match` is found in the body's first 1 MiB"),
    Fact("json_value", "object", "the value at `json`, of any type; absent when there is none"),
    Fact("size_bytes", "integer", "length of the body as it was sent", "bytes"),
    Fact("redirects", "integer", "redirects that were followed"),
    Fact("http_version", "string", "such as HTTP/1.1"),
    Fact("tls_days_left", "number", "until the certificate expires; below 0 when it has", "d"),
    Fact("tls_trusted", "boolean", "the certificate was checked and is trusted; absent unchecked"),
    Fact("tls_error", "string", "why the certificate is not trusted"),
    Fact("tls_issuer", "string", "who signed the certificate"),
    Fact("tls_subject", "string", "whom the certificate names"),
    Fact("tls_version", "string", "such as TLSv1.3"),
)


@dataclass(frozen=True)
class _Answer:
    response: httpx.Response
    body: Body
    redirects: int


class HttpProbe:
    """Implements the Probe port."""

    name = "http"
    facts: Mapping[str, Fact] = table(*FACTS)
    open_ended = False

    def options_schema(self) -> Mapping[str, Any]:
        return HttpOptions.model_json_schema(by_alias=True)

    def check_options(self, options: Mapping[str, Any]) -> list[str]:
        return option_faults(HttpOptions, options)

    def look(
        self, target: Target, options: Mapping[str, Any], *, timeout: float, now: float
    ) -> list[Reading]:
        """One reading. A certificate that isn't trusted is seen (`ok` false), not unseen."""
        wanted = chosen(HttpOptions, options)
        deadline = Deadline(timeout)
        try:
            request = _request(wanted, target)
            facts = _facts(wanted, request, deadline, now)
        except (ProbeError, httpx.InvalidURL) as error:
            return [Reading.unseen(target.host, now, str(error))]
        return [seen(target.host, now, facts)]


def _request(wanted: HttpOptions, target: Target) -> httpx.Request:
    headers = httpx.Headers({"accept": "*/*", "user-agent": "autofix"})
    # What is not compressed can't swell when it is opened.
    headers["accept-encoding"] = "identity"
    headers.update(wanted.headers)
    request = httpx.Request(
        wanted.method,
        wanted.url_for(target),
        headers=headers,
        content=wanted.body.encode() if wanted.method == "POST" else None,
    )
    user, token = variables.text(target, "http_user"), variables.text(target, "http_token")
    if user:
        auth = httpx.BasicAuth(user, variables.text(target, "http_password"))
        request = next(auth.auth_flow(request))
    elif token:
        request.headers["authorization"] = f"Bearer {token}"
    return request


def _context(wanted: HttpOptions) -> ssl.SSLContext:
    file = wanted.ca or ssl.get_default_verify_paths().cafile or ""
    try:
        changed = Path(file).stat().st_mtime_ns
    except OSError:
        changed = 0
    return _kept_context(wanted.ca, wanted.verify, changed)


@lru_cache(maxsize=32)
def _kept_context(ca: str, verify: bool, changed: int) -> ssl.SSLContext:  # noqa: ARG001
    """Reading a hundred authorities takes 20 ms: it is done once until the file has changed."""
    context = Tls(ca=ca).context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _facts(
    wanted: HttpOptions, request: httpx.Request, deadline: Deadline, now: float
) -> dict[str, Any]:
    began = time.monotonic()
    transport = Transport(_context(wanted), deadline)
    with httpx.Client(transport=transport, trust_env=False) as client:
        try:
            answer = _ask(client, request, wanted)
        except _Refused as refused:
            return _untrusted(refused, deadline, now)
        except _Failed as failed:
            raise LinkError(_words(failed, deadline)) from failed.error
    facts = body_facts(answer.body, wanted)
    ok = wanted.expects(answer.response.status_code) and facts.get("body_matches", True)
    return {
        "ok": ok,
        "status": answer.response.status_code,
        "latency_seconds": round(time.monotonic() - began, 4),
        "redirects": answer.redirects,
        "http_version": answer.response.http_version,
        **facts,
        **_tls(transport, wanted, now),
    }


def _tls(transport: Transport, wanted: HttpOptions, now: float) -> dict[str, Any]:
    secured = transport.secured
    if secured is None:
        return {}
    return {
        "tls_trusted": True if wanted.verify else None,
        "tls_version": secured.version,
        **certificates.facts_of(secured.certificate, now),
    }


class _Failed(Exception):
    """A request that failed, with the place it was sent to."""

    def __init__(self, error: Exception, url: httpx.URL) -> None:
        super().__init__(str(error))
        self.error = error
        self.host, self.port = url.host, url.port or (443 if url.scheme == "https" else 80)
        self.place = f"{self.host} port {self.port}"


class _Refused(_Failed):
    """We refused the server's certificate; nothing was sent."""


def _words(failed: _Failed, deadline: Deadline) -> str:
    if isinstance(failed.error, ProbeError):  # in words already
        return str(failed.error)
    return links.of_error(failed.error, failed.place, deadline)


def _untrusted(refused: _Refused, deadline: Deadline, now: float) -> dict[str, Any]:
    shown = certificates.untrusted(refused.host, refused.port, deadline)
    return {
        "ok": False,
        "tls_trusted": False,
        "tls_error": _words(refused, deadline),
        **certificates.facts_of(shown, now),
    }


def _ask(client: httpx.Client, request: httpx.Request, wanted: HttpOptions) -> _Answer:
    """The last answer of a chain of redirects, read to its end or to the limit."""
    redirects = 0
    while True:
        try:
            response = client.send(request, stream=True)
            with closing(response):
                following = response.next_request if wanted.follow else None
                if following is not None and not _same_place(request.url, following.url):
                    following = None  # the answer is the redirect itself
                if following is None or redirects == MOST_REDIRECTS:
                    return _Answer(response, read(response), redirects)
        except ssl.SSLCertVerificationError as error:
            raise _Refused(error, request.url) from error
        except FAILURES as error:
            raise _Failed(error, request.url) from error
        request = _next(request, following, wanted)
        redirects += 1


def _next(request: httpx.Request, following: httpx.Request, wanted: HttpOptions) -> httpx.Request:
    """The request of a redirect. The runbook's headers may be secrets: no other place gets them."""
    if _origin(following.url) != _origin(request.url):
        for name in (*wanted.headers, "authorization"):
            if name.lower() != "host":
                following.headers.pop(name, None)
    return following


def _same_place(url: httpx.URL, other: httpx.URL) -> bool:
    """A server must not send us to another one. From http to https of the same name is fine."""
    secured = (url.scheme, url.port, other.scheme, other.port) == ("http", None, "https", None)
    return _origin(url) == _origin(other) or (secured and url.host == other.host)


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port
