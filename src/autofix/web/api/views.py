"""What answers look like, as OpenAPI tells it. Most are our own values, as they are."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from autofix.core.accounts import Token, User
from autofix.core.audit import Break
from autofix.core.roles import Role
from autofix.core.runs import RunEvent

Item = TypeVar("Item")


class View(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Listed(View, Generic[Item]):
    """All there are."""

    items: list[Item]


class Paged(View, Generic[Item]):
    """A page of a list, newest first; `next` is the cursor of the page after it."""

    items: list[Item]
    next: str | None = Field(description="`cursor` of the next page; null on the last")


class NumberedEvent(View):
    number: int
    event: RunEvent


class UserView(View):
    """A person. What he logs in with is never shown; `local`: he has a password."""

    id: int
    name: str
    roles: list[Role]
    runbooks: list[str] | None
    created_at: float
    by: str
    local: bool
    second_factor: str
    disabled_at: float | None
    seen_at: float | None


class TokenView(View):
    """A token; the secret half of it is nowhere."""

    id: int
    name: str
    owner: str
    roles: list[Role]
    runbooks: list[str] | None
    source: str
    created_at: float
    by: str
    expires_at: float
    revoked_at: float | None
    used_at: float | None


class NewToken(View):
    """`secret` is shown this once; null when the answer is given again by its key."""

    token: TokenView
    secret: str | None


class KeptView(View):
    """`key` names what it is sealed with."""

    name: str
    at: float
    by: str
    key: str


class Rotated(View):
    """The names of the keys, and how many secrets were sealed anew."""

    old: str
    new: str
    secrets: int


class Woken(View):
    """How many incidents that it held are decided anew."""

    decided_anew: int


class ReportView(View):
    """What came of verifying the record."""

    size: int
    head: str
    breaks: list[Break]
    notes: list[str]
    checkpoints: int
    sealed: int
    unsealed: int
    holds: bool


class ProblemDocument(BaseModel):
    """RFC 9457: what went wrong, and what to do."""

    type: str
    title: str
    status: int
    detail: str
    hint: str = ""


def user_view(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "name": user.name,
        "roles": sorted(user.roles),
        "runbooks": user.runbooks,
        "created_at": user.created_at,
        "by": user.by,
        "local": bool(user.password),
        "second_factor": user.second_factor,
        "disabled_at": user.disabled_at,
        "seen_at": user.seen_at,
    }


def token_view(token: Token) -> dict[str, Any]:
    return {
        "id": token.id,
        "name": token.name,
        "owner": token.owner,
        "roles": sorted(token.roles),
        "runbooks": token.runbooks,
        "source": token.source,
        "created_at": token.created_at,
        "by": token.by,
        "expires_at": token.expires_at,
        "revoked_at": token.revoked_at,
        "used_at": token.used_at,
    }
