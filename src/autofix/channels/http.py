"""One POST with a hard limit in time and size; every failure becomes one line without secrets."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import httpx

from autofix.channels import urls
from autofix.channels.bounded import within
from autofix.channels.http_options import HttpOptions
from autofix.errors import ChannelError
from autofix.options import Secret
from autofix.outgoing.pinned import PinnedTransport

#: No provider answers with more; what is beyond is not read.
ANSWER_LIMIT = 16 * 1024
USER_AGENT = "autofix"


@dataclass(frozen=True)
class Answer:
    """What came back. `text` is at most ANSWER_LIMIT bytes of it."""

    status: int
    text: str

    def json(self) -> dict[str, Any]:
        """The JSON object in the answer; empty when there is none."""
        try:
            value = json.loads(self.text)
        except (ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}


class Wire:
    """One channel's way to its provider: knows its secrets, so that no error shows them."""

    def __init__(self, options: HttpOptions, *secrets: Secret | None) -> None:
        self._options = options
        self.url = options.address()
        self.place = urls.shown(self.url)
        opened = [secret.get_secret_value() for secret in secrets if secret]
        self._secrets = [*opened, *urls.secrets_in(self.url)]

    def failed(self, what: str) -> ChannelError:
        """The error for a refusal, with the other side's words made harmless."""
        return ChannelError(f"{self.place}: {urls.masked(what, self._secrets)}")

    def clean(self, words: str) -> str:
        """Words of the other side, fit for the record."""
        return urls.masked(words, self._secrets)

    def post_json(
        self,
        value: Any,
        *,
        timeout: float,
        url: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """POST a JSON value; `url` where it differs by a signature from the channel's own."""
        return self.post(encode(value), timeout=timeout, url=url, headers=headers)

    def post(
        self,
        body: bytes,
        *,
        timeout: float,
        url: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """The answer with a 2xx status; ChannelError for everything else, within `timeout`."""
        return self.ask("POST", body, timeout=timeout, url=url, headers=headers)

    def ask(
        self,
        method: str,
        body: bytes,
        *,
        timeout: float,
        url: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """The same by any method; a GET sends no body."""
        line = _Line()
        request = (method, url or self.url, body if method != "GET" else b"")
        try:
            answer = within(
                timeout,
                lambda: self._exchange(request, headers or {}, timeout, line),
                line.cut,
            )
        except TimeoutError as error:
            raise self.failed(str(error)) from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            raise self.failed(_words(error)) from None
        if not 200 <= answer.status < 300:
            raise self.failed(_refusal(answer))
        return answer

    def _exchange(
        self,
        request: tuple[str, str, bytes],
        headers: Mapping[str, str],
        timeout: float,
        line: _Line,
    ) -> Answer:
        method, url, body = request
        # trust_env off: no proxy and no .netrc from the environment gets to see a page.
        client = httpx.Client(
            transport=PinnedTransport(tls_context(self._options.ca_file)),
            trust_env=False,
            follow_redirects=False,
            timeout=timeout,
        )
        sent = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": USER_AGENT,
            "Accept-Encoding": "identity",
            **headers,
        }
        with (
            client,
            client.stream(
                method, url, content=body or None, headers=sent, extensions={"trace": line}
            ) as response,
        ):
            return Answer(response.status_code, _beginning(response))


class _Line:
    """The connection of one request, so that another thread can end it.

    It is shut down, not closed: a closed descriptor's number may be another connection's already.
    """

    def __init__(self) -> None:
        self._over = threading.Event()
        self._socket: socket.socket | None = None

    def __call__(self, event: str, info: Mapping[str, Any]) -> None:
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            self._socket = info["return_value"].get_extra_info("socket")
        if self._over.is_set():
            if self._socket is not None:
                self._socket.close()  # nobody else holds it yet: the stream is not handed on
            raise TimeoutError

    def cut(self) -> None:
        self._over.set()
        if self._socket is not None:
            with suppress(OSError):
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


def encode(value: Any) -> bytes:
    """Compact UTF-8 JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def tls_context(ca_file: str) -> ssl.SSLContext:
    """Certificates are always checked: against `ca_file`, or the public and the system's CAs."""
    if ca_file:
        return ssl.create_default_context(cafile=ca_file)
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    return context


def _beginning(response: httpx.Response) -> str:
    raw = b""
    for chunk in response.iter_raw():
        raw += chunk
        if len(raw) >= ANSWER_LIMIT:
            break
    return raw[:ANSWER_LIMIT].decode("utf-8", "replace")


def _refusal(answer: Answer) -> str:
    if 300 <= answer.status < 400:
        return f"answered {answer.status}, a redirect, which is not followed"
    return f"answered {answer.status}: {answer.text[:200]}"


_MEANING: tuple[tuple[str, str], ...] = (
    ("CERTIFICATE_VERIFY_FAILED", "its TLS certificate is not trusted"),
    ("SSL", "TLS failed"),
    ("Name or service not known", "its name is not known"),
    ("name resolution", "its name could not be looked up"),
    ("No address associated", "its name has no address"),
)


def _words(error: Exception) -> str:
    said = str(error) or type(error).__name__
    for sign, meaning in _MEANING:
        if sign in said:
            return f"{meaning} ({said})"
    if isinstance(error, FileNotFoundError):
        return "ca_file does not exist"
    return urls.sentence(error)
