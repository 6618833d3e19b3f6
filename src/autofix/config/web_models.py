"""The settings' block `web`: where the server listens, and whom it lets in."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from autofix.config.fields import Block, OneLine
from autofix.options import Duration

_LISTEN = re.compile(
    r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9.-]+)):(?P<port>[0-9]{1,5})"
)


def listen_parts(text: str) -> tuple[str, int]:
    """`127.0.0.1:8420` and `[::1]:8420` as host and port."""
    found = _LISTEN.fullmatch(text)
    if found is None or int(found["port"]) > 65535:
        raise ValueError(f"{text!r} is no address; write for example 127.0.0.1:8420 or [::1]:8420")
    return found["six"] or found["name"], int(found["port"])


def _listen(text: str) -> str:
    listen_parts(text)
    return text


def _network(text: str) -> str:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        raise ValueError(
            f"{text!r} is no address or network; write for example 10.0.0.5 or 10.0.0.0/8"
        ) from None
    return text


def _base_path(text: str) -> str:
    if text and not re.fullmatch(r"(/[A-Za-z0-9._~-]+)+", text):
        raise ValueError(f"{text!r} is no path; write for example /autofix, without a / at its end")
    return text


Networks = Annotated[list[Annotated[OneLine, AfterValidator(_network)]], Field(max_length=1000)]


class TlsBlock(Block):
    """A certificate chain and its key, as PEM files; read again when they change."""

    cert: OneLine
    key: OneLine


class SessionsBlock(Block):
    """How long a browser stays logged in."""

    idle: Annotated[Duration, Field(ge=60, le=30 * 86400)] = 1800.0
    lasts: Annotated[Duration, Field(ge=300, le=90 * 86400)] = 43200.0


class WebBlock(Block):
    """The API, the webhooks and the pages; part of `autofix serve`."""

    enabled: bool = True
    listen: Annotated[OneLine, AfterValidator(_listen)] = "127.0.0.1:8420"
    base_path: Annotated[str, AfterValidator(_base_path)] = ""
    tls: TlsBlock | None = None
    trusted_proxies: Networks = Field(default_factory=list)
    admin_addresses: Networks = Field(default_factory=list)
    second_factor: Literal["optional", "admins", "everybody"] = "optional"
    sessions: SessionsBlock = SessionsBlock()
    requests_per_minute: Annotated[int, Field(ge=10, le=1_000_000)] = 1200
    metrics: Literal["token", "open"] = "token"

    @model_validator(mode="after")
    def _not_in_the_open(self) -> WebBlock:
        host, _port = listen_parts(self.listen)
        local = host in ("localhost", "127.0.0.1", "::1") or host.startswith("127.")
        if not local and self.tls is None and not self.trusted_proxies:
            raise ValueError(
                "passwords and tokens would travel in the clear: set tls, or name the proxy in "
                "front that has it in trusted_proxies, or listen on 127.0.0.1"
            )
        return self
