"""The `with:` block of the http probe."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

import httpx

from autofix.core.readings import Target
from autofix.options import BeforeValidator, Field, Options, field_validator, model_validator

_PLACE = re.compile(r"\{[^{}]*\}")
_PLACES = ("{address}", "{host}")
_STATUS = re.compile(r"[1-5]xx")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def _expected(value: Any) -> tuple[str, ...]:
    items = value if isinstance(value, list | tuple) else [value]
    found = tuple(str(item).lower() for item in items)
    for item in found:
        if not (
            _STATUS.fullmatch(item) or (re.fullmatch("[0-9]{3}", item) and 100 <= int(item) <= 599)
        ):
            raise ValueError(f"{item!r} is not a status: write for example 200, 2xx or [200, 404]")
    if not found:
        raise ValueError("no status is expected: leave it out for 2xx, or name one")
    return found


Expected = Annotated[
    tuple[str, ...],
    BeforeValidator(_expected, json_schema_input_type=int | str | list[int | str]),
]


class HttpOptions(Options):
    """What to ask, and what answer is a good one."""

    url: str = Field(description="http:// or https://; {host} and {address} stand for the target")
    method: Literal["GET", "HEAD", "POST"] = "GET"
    headers: dict[str, str] = Field(default_factory=dict)
    body: str = Field(default="", max_length=1024 * 1024)
    expect: Expected = Field(
        default=("2xx",), description="the status, or the statuses, of a good answer"
    )
    match: str = Field(default="", description="a regular expression to be found in the body")
    json_path: str = Field(
        default="",
        alias="json",
        description="path to a value in the JSON body: data.0.state",
    )
    verify: bool = Field(default=True, description="refuse TLS certificates that aren't trusted")
    ca: str = Field(default="", description="PEM file of the authorities to trust")
    follow: bool = Field(
        default=False, description="follow redirects within the same place, ten at most"
    )

    @field_validator("url")
    @classmethod
    def _url(cls, value: str) -> str:
        for place in _PLACE.findall(value):
            if place not in _PLACES:
                raise ValueError(f"{place} is unknown: only {{host}} and {{address}} are filled in")
        try:
            url = httpx.URL(_filled(value, "host.example", "192.0.2.1"))
        except (httpx.InvalidURL, ValueError) as error:
            raise ValueError(f"{value!r} is not a URL: {error}") from None
        if url.port is not None and not 0 < url.port < 65536:
            raise ValueError(f"{value!r} is not a URL: ports go from 1 to 65535")
        if url.scheme not in ("http", "https") or not url.host:
            raise ValueError(f"{value!r} is not a URL: it begins with http:// or https://")
        if url.userinfo:
            raise ValueError(
                "no user and password in a URL: set http_user and http_password in the inventory"
            )
        return value

    @field_validator("headers")
    @classmethod
    def _headers(cls, value: dict[str, str]) -> dict[str, str]:
        for name, text in value.items():
            if not _HEADER.fullmatch(name) or not text.isprintable():
                raise ValueError(f"{name!r} is not a header, or its value has control characters")
        return value

    @field_validator("match")
    @classmethod
    def _match(cls, value: str) -> str:
        try:
            re.compile(value)
        except (re.error, RecursionError, OverflowError) as error:
            raise ValueError(f"{value!r} is not a regular expression: {error}") from None
        return value

    @model_validator(mode="after")
    def _together(self) -> HttpOptions:
        if self.method == "HEAD" and (self.match or self.json_path):
            raise ValueError("an answer to HEAD has no body: match and json need GET or POST")
        if self.body and self.method != "POST":
            raise ValueError("a body is sent with POST only: set method to POST")
        return self

    def url_for(self, target: Target) -> httpx.URL:
        """The URL with the target's names filled in."""
        return httpx.URL(_filled(self.url, target.host, target.address or target.host))

    def expects(self, status: int) -> bool:
        return str(status) in self.expect or f"{status // 100}xx" in self.expect


def _filled(url: str, host: str, address: str) -> str:
    return url.replace("{host}", _bracketed(host)).replace("{address}", _bracketed(address))


def _bracketed(name: str) -> str:
    return f"[{name}]" if ":" in name and not name.startswith("[") else name
