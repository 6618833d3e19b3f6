"""What the settings say of every source: how it shows who it is, and what it may trigger."""

from __future__ import annotations

from typing import Annotated, Literal

from autofix.options import Duration, Field, Options, Secret


class SourceOptions(Options):
    """Options that every type of source has. Types add their own, and have their own `auth`.

    Tokens made with `autofix tokens add --source NAME` are always taken, as a bearer token.
    """

    auth: Literal["token", "bearer", "basic", "header", "hmac", "mtls"] = "token"
    secret: list[Secret] = Field(default_factory=list)  # several while they rotate
    user: str = ""  # of `basic`
    header: str = ""  # of `header`, `hmac` and `mtls`: which one
    timestamp_header: str = ""  # of `hmac`: then `timestamp:body` is signed
    prefix: str = ""  # of `hmac`: what stands before the hex, such as `sha256=`
    subject: str = ""  # of `mtls`: the client certificate's subject, as the proxy tells it
    window: Annotated[Duration, Field(ge=1, le=3600)] = 300.0  # how old a signed post may be
    runbooks: list[str] = Field(default_factory=list, max_length=1000)
    unknown_host: Literal["record", "page"] = "record"
    no_runbook: Literal["record", "page"] = "record"
    policy: str = "default"
