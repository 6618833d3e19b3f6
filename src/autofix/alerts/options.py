"""What the settings say of every source: how it shows who it is, and what it may trigger."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from autofix.core.conditions import Condition, parse
from autofix.errors import ExpressionError
from autofix.options import AfterValidator, Duration, Field, Options, Secret, model_validator

#: Shorter secrets can be guessed.
SHORTEST = 8
_HEADER = re.compile(r"[A-Za-z0-9-]{1,100}")
#: What each way needs beside `auth`.
_NEEDS = {
    "bearer": ("secret",),
    "basic": ("user", "secret"),
    "header": ("header", "secret"),
    "hmac": ("header", "secret"),
    "mtls": ("header", "subject"),
}
#: The keys that only some ways have a use for.
_ONLY = {
    "secret": ("bearer", "basic", "header", "hmac"),
    "user": ("basic",),
    "header": ("header", "hmac", "mtls"),
    "timestamp_header": ("hmac",),
    "prefix": ("hmac",),
    "subject": ("mtls",),
}


def expression(text: str, roots: frozenset[str]) -> Condition:
    """An expression of the settings; ValueError in one line when it can't be parsed."""
    try:
        return parse(text, roots=roots)
    except ExpressionError as error:
        raise ValueError(f"{error} ({error.hint})" if error.hint else str(error)) from None


def _header(name: str) -> str:
    if name and not _HEADER.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a header; write for example X-Autofix-Signature")
    return name.lower()


def _long_enough(secrets: list[Secret]) -> list[Secret]:
    if any(len(secret.get_secret_value().strip()) < SHORTEST for secret in secrets):
        raise ValueError(f"a secret has at least {SHORTEST} characters")
    return secrets


def _on_labels(text: str) -> str:
    if text:
        expression(text, frozenset({"labels"}))
    return text


Header = Annotated[str, AfterValidator(_header)]
NameExpression = Annotated[str, AfterValidator(_on_labels)]
Secrets = Annotated[list[Secret], AfterValidator(_long_enough), Field(max_length=10)]


class SourceOptions(Options):
    """What every type of source has. Tokens that were made for a source are always taken."""

    runbooks: list[str] = Field(default_factory=list, max_length=1000)
    unknown_host: Literal["record", "page"] = "record"
    no_runbook: Literal["record", "page"] = "record"
    policy: str = "default"


class SenderOptions(SourceOptions):
    """Sources whose senders can show in several ways who they are.

    `token`: only tokens of autofix's own (`autofix tokens add --source NAME`), as bearer tokens.
    """

    auth: Literal["token", "bearer", "basic", "header", "hmac", "mtls"] = "token"
    secret: Secrets = Field(default=[])  # several while they rotate
    user: str = ""
    header: Header = ""
    timestamp_header: Header = ""  # then `timestamp:body` is signed
    prefix: Annotated[str, Field(max_length=100)] = ""  # stands before the hex, such as `sha256=`
    subject: Annotated[str, Field(max_length=1000)] = ""  # of the client's certificate
    window: Annotated[Duration, Field(ge=1, le=3600)] = 300.0  # how old a signed post may be

    @model_validator(mode="after")
    def _is_secured(self) -> Self:
        for key in _NEEDS.get(self.auth, ()):
            if not getattr(self, key):
                raise ValueError(f"auth {self.auth} needs {_said(key)}")
        for key, ways in _ONLY.items():
            if getattr(self, key) and self.auth not in ways:
                raise ValueError(
                    f"{key} is of no use to auth {self.auth}; it belongs to {_or(ways)}"
                )
        return self


class NamedOptions(SenderOptions):
    """Senders whose bodies have their own shape; another name for their alerts can be made."""

    name: NameExpression = ""  # an expression on the labels


def _said(key: str) -> str:
    if key != "secret":
        return key
    return "a secret: write secret, secret_env, secret_file or secret_kept"


def _or(words: tuple[str, ...]) -> str:
    return ", ".join(words[:-1]) + f" or {words[-1]}" if len(words) > 1 else words[0]
