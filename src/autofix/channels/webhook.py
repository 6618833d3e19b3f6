"""webhook: POST the page as JSON to any address, signed in the style of Standard Webhooks."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import time
from collections.abc import Mapping
from typing import ClassVar

from autofix.channels import message
from autofix.channels.http import Wire, encode
from autofix.channels.http_options import HttpOptions
from autofix.core.pages import Page
from autofix.options import Field, Secret, field_validator

_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_OURS = {"content-type", "content-length", "host", "transfer-encoding", "connection"}
_PREFIX = "whsec_"


class WebhookOptions(HttpOptions):
    url: Secret = Field(description="where to POST the page as JSON")
    secret: Secret | None = Field(
        None,
        description="sign each request with HMAC-SHA256 (`whsec_…`: base64; else as it is)",
    )
    authorization: Secret | None = Field(
        None, description="the whole Authorization header, such as `Bearer …`"
    )
    headers: Mapping[str, Secret] = Field(
        default_factory=dict, description="further headers to send"
    )

    @field_validator("headers")
    @classmethod
    def _headers_are_fit(cls, headers: Mapping[str, Secret]) -> Mapping[str, Secret]:
        for name, value in headers.items():
            if not _NAME.fullmatch(name) or name.lower() in _OURS | {"authorization"}:
                raise ValueError(f"header {name!r} can't be set here")
            _one_line(name, value)
        return headers

    @field_validator("authorization")
    @classmethod
    def _authorization_is_fit(cls, value: Secret | None) -> Secret | None:
        if value is not None:
            _one_line("Authorization", value)
        return value

    @field_validator("secret")
    @classmethod
    def _secret_is_fit(cls, value: Secret | None) -> Secret | None:
        if value is not None:
            signing_key(value.get_secret_value())
        return value


def _one_line(name: str, value: Secret) -> None:
    if not re.fullmatch(r"[\x20-\x7e\t]*", value.get_secret_value()):
        raise ValueError(f"header {name!r} must be one line of ASCII")


def signing_key(secret: str) -> bytes:
    """The bytes to sign with. ValueError when `whsec_…` is not base64."""
    if not secret.startswith(_PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        raise ValueError("after whsec_ the secret must be base64") from None


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """`v1,<base64>` over `id.timestamp.body`."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    digest = hmac.new(signing_key(secret), signed, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


class WebhookChannel:
    closes = True
    options: ClassVar[type[WebhookOptions]] = WebhookOptions

    def __init__(self, name: str, options: WebhookOptions) -> None:
        self.name = name
        self._chosen = options
        self._wire = Wire(options, options.secret, options.authorization, *options.headers.values())

    def send(self, page: Page, *, timeout: float) -> str:
        body = encode(message.document(page))
        # The id stays the same over tries of one page: a receiver can drop repeats by it.
        name = f"page_{message.message_id(page)}"
        answer = self._wire.post(body, timeout=timeout, headers=headers(self._chosen, name, body))
        return f"HTTP {answer.status}"


def headers(chosen: WebhookOptions, message_id: str, body: bytes) -> dict[str, str]:
    """The headers of one request, its signature among them."""
    found = {name: value.get_secret_value() for name, value in chosen.headers.items()}
    if chosen.authorization is not None:
        found["Authorization"] = chosen.authorization.get_secret_value()
    now = int(time.time())
    found |= {"webhook-id": message_id, "webhook-timestamp": str(now)}
    if chosen.secret is not None:
        key = chosen.secret.get_secret_value()
        found["webhook-signature"] = signature(key, message_id, now, body)
    return found
