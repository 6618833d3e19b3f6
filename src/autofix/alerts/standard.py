"""standard: Standard Webhooks, signed over `id.timestamp.body`; read as the settings say."""

from __future__ import annotations

import base64
import binascii
import builtins  # a source's `type` is a word
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar

from standardwebhooks import Webhook

from autofix.alerts.admitting import Why, once, refused, same, seconds, stale
from autofix.alerts.mapped import Mapped, MappedOptions, Usual
from autofix.alerts.options import Secrets, SourceOptions
from autofix.alerts.reading import flat, mapping, one_line
from autofix.alerts.sender import Sender
from autofix.core.alerts import Admission, Alert, Post
from autofix.options import Duration, Field, Secret, field_validator

PREFIX = "whsec_"
MAX_SIGNATURES = 10


class StandardOptions(SourceOptions, MappedOptions):
    """`name` and the others are expressions on the body; without `name` it is the body's `type`."""

    secret: Annotated[Secrets, Field(min_length=1)]
    window: Annotated[Duration, Field(ge=1, le=3600)] = 300.0
    name: str = ""

    @field_validator("secret")
    @classmethod
    def _are_keys(cls, secrets: list[Secret]) -> list[Secret]:
        for secret in secrets:
            _signer(secret)
        return secrets


def _signer(secret: Secret) -> Webhook:
    """ValueError for what is no secret of Standard Webhooks."""
    try:
        words = secret.get_secret_value().removeprefix(PREFIX)
        key = base64.b64decode(words + "=" * (-len(words) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"a secret is written {PREFIX}…, with base64 after it") from None
    if not key:
        raise ValueError(f"a secret holds a key after {PREFIX}")
    return Webhook(key)


class StandardSource(Sender):
    type: ClassVar[str] = "standard"
    options: ClassVar[builtins.type[SourceOptions]] = StandardOptions

    def __init__(self, name: str, options: StandardOptions) -> None:
        super().__init__(name, options)
        self._signers = [_signer(secret) for secret in options.secret]
        self._window = options.window
        self._mapped = Mapped.of(options.name, options)

    def admit(self, post: Post, now: float) -> Admission:
        number = post.headers.get("webhook-id", "").strip()
        told = post.headers.get("webhook-timestamp", "").strip()
        shown = post.headers.get("webhook-signature", "").split()[:MAX_SIGNATURES]
        if not shown:
            return refused(Why.NO_SIGNATURE)
        if not number:
            return refused(Why.NO_ID)
        at = seconds(told)
        if at is None or at > _LAST or str(int(at)) != told:  # it is signed as a plain number
            return refused(Why.NO_TIME)
        if not self._is_signed(number, at, post.body, shown):
            return refused(Why.WRONG_SIGNATURE)
        if (why := stale(at, now, self._window)) is not None:
            return refused(why)
        return once("standard webhooks", self.name, number, at + self._window)

    def _is_signed(self, number: str, at: float, body: bytes, shown: list[str]) -> bool:
        try:
            text = body.decode()
            number.encode()
        except UnicodeError:  # neither can have been signed
            return False
        moment, found = datetime.fromtimestamp(at, UTC), False
        for signer in self._signers:
            expected = signer.sign(number, moment, text)
            for signature in shown:
                found |= same(signature, expected)
        return found

    def read(self, body: Any) -> Iterator[Alert]:
        said = mapping(body, "the body")
        data = said.get("data")
        labels = flat(data if isinstance(data, Mapping) else said)
        usual = Usual(name=one_line(said.get("type")), labels=labels)
        yield self._mapped.alert({"body": body}, usual)


_LAST = datetime(9999, 1, 1, tzinfo=UTC).timestamp()
