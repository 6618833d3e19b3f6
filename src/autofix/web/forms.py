"""Posted forms: read once, bounded, each field a text."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

from fastapi import Request
from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope

from autofix.core.inert import names_a_secret
from autofix.web import bodies
from autofix.web.problems import Problem

#: The largest form, in bytes, and the most fields of one.
LARGEST, FIELDS = 131_072, 2000
#: Before the name of a field of another form, which waits until its sender has logged in; and what
#: a form that carries another one may take beside it, in bytes and in fields.
KEPT = "kept."
CARRYING, BESIDE = 32_768, 20
#: The same of pages that whoever has a link may open.
SMALL = 8192
#: Fields that are never kept, shown again or remembered.
SECRETS = frozenset(
    {"password", "old_password", "new_password", "password_again", "code", "secret_value"}
)
#: What our own pages add: against other sites, against a form sent twice, and to whom it was shown.
WHOSE = "whose"
OURS = frozenset({"csrf", "once", WHOSE})
_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")
#: Before the name of a runbook's input.
INPUT = "in."
TYPE = "application/x-www-form-urlencoded"
#: Where the scope holds a form that the guard has read.
FORM = "autofix.form"


class Form(dict[str, str]):
    """The last value of each field; `all` gives every one of a field that may stand repeatedly."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        super().__init__(pairs)
        self.pairs = pairs

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.pairs if key == name]

    @property
    def once(self) -> str | None:
        """The key by which it is done once; what can't be a key of ours is none."""
        key = self.get("once", "")
        return key if _KEY.fullmatch(key) else None

    def typed(self) -> list[tuple[str, str]]:
        """What a person put in, but for secrets; without what our own pages added. Those among a
        runbook's inputs stay as empty fields, to be filled in again."""
        left_out = SECRETS | OURS
        return [
            (name, "" if hides(name) else value)
            for name, value in self.pairs
            if name not in left_out
        ]

    def again(self) -> list[tuple[str, str]]:
        """The same, to be sent again at once: every secret as an empty field."""
        return [
            (name, "" if hides(name) else value) for name, value in self.pairs if name not in OURS
        ]

    def secrets(self) -> set[str]:
        """The names of fields in which a secret was sent."""
        return {name for name, value in self.pairs if value and hides(name)}


def hides(name: str) -> bool:
    """Does a field of this name hold a secret?"""
    return name in SECRETS or (name.startswith(INPUT) and names_a_secret(name))


def is_form(headers: Headers) -> bool:
    kind = headers.get("content-type", "")
    return kind.partition(";")[0].strip().lower() == TYPE


async def read(
    scope: Scope, receive: Receive, most: int = LARGEST, carrying: int = CARRYING
) -> Form:
    """The form of this request; the same one however often it is asked for. Problem for what is
    none, and for too much: more than `most` bytes, or with another form in it `carrying` more."""
    if FORM in scope:
        found: Form = scope[FORM]
        return found
    request = Request(scope)
    length = request.headers.get("content-length", "")
    try:
        body = await bodies.read(receive, length, most=most + carrying)
    except bodies.Gone:
        raise Problem(400, "the form was cut off") from None
    if body and not is_form(request.headers):
        raise Problem(415, "this is not a form")
    scope[FORM] = Form(_pairs(body, most))
    return scope[FORM]  # type: ignore[no-any-return]


def _pairs(body: bytes, most: int) -> list[tuple[str, str]]:
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=FIELDS + BESIDE)
    except ValueError:
        raise Problem(400, "the form can't be read") from None
    if len(body) > most and not any(name.startswith(KEPT) for name, _ in pairs):
        raise Problem(413, bodies.too_large(most))
    if any("\0" in name or "\0" in value for name, value in pairs):
        raise Problem(400, "the form holds a NUL character", "no field takes one: leave it out")
    return pairs


async def form(request: Request) -> Form:
    """A dependency of routes that take one."""
    return await read(request.scope, request.receive)


async def small(request: Request) -> Form:
    """Likewise, of a page without a login."""
    return await read(request.scope, request.receive, SMALL, carrying=0)


async def spent() -> Message:
    """`receive` of a request whose body has been read."""
    return {"type": "http.request", "body": b"", "more_body": False}
