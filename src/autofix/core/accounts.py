"""Accounts as they are stored: people, their tokens and sessions, kept secrets, answers given."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from autofix.core.roles import Principal, Role

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,79}")
#: Names under which others than people stand in the record.
RESERVED = frozenset({"autofix", "root", "unknown", "nobody", "setup", "oidc"})


def name_fault(name: str) -> str:
    """Why a person can't be called so, in one line; empty when he can."""
    if not _NAME.fullmatch(name):
        return "a name has 1 to 80 letters, digits and . _ @ + -, and begins with a letter or digit"
    return f"{name} is not the name of a person" if name.casefold() in RESERVED else ""


@dataclass(frozen=True)
class User:
    """A person. `password` is an argon2 hash, empty for who comes by the identity provider only.

    `second_factor`: the name of the kept secret that holds the TOTP seed, empty without one;
    `last_code`: the counter of the last code taken, so that none is taken twice.
    `runbooks`: what he may run and approve; None is all of them.
    """

    id: int
    name: str
    roles: frozenset[Role]
    created_at: float
    by: str
    password: str = field(default="", repr=False)
    runbooks: tuple[str, ...] | None = None
    second_factor: str = ""
    last_code: int = 0
    disabled_at: float | None = None
    seen_at: float | None = None
    version: int = 0

    def with_(self, **changes: Any) -> User:
        return replace(self, **changes)


@dataclass(frozen=True)
class Token:
    """What a program shows instead of a password: only the hash of its secret half is stored.

    With `source` it is good for posting to that webhook source and for nothing else; without, it
    acts for its owner with `roles` at most (never more than he has himself at that moment).
    """

    id: int
    name: str
    owner: str
    digest: str = field(repr=False)  # hex SHA-256 of the secret half
    created_at: float
    by: str
    expires_at: float
    roles: frozenset[Role] = frozenset()
    runbooks: tuple[str, ...] | None = None
    source: str = ""
    revoked_at: float | None = None
    used_at: float | None = None
    version: int = 0

    def with_(self, **changes: Any) -> Token:
        return replace(self, **changes)

    def dead(self, now: float) -> str:
        """Why it is good no more; empty while it is."""
        if self.revoked_at is not None:
            return "this token was revoked"
        return "this token has expired" if now >= self.expires_at else ""


@dataclass(frozen=True)
class Session:
    """A browser that is logged in; `digest` is the hash of its cookie, `csrf` its form token."""

    digest: str = field(repr=False)
    user: str
    created_at: float
    seen_at: float
    until: float
    csrf: str = field(repr=False)
    address: str = ""
    passed: bool = True  # the second factor too, where one is asked for
    groups: tuple[str, ...] = ()  # from the identity provider


@dataclass(frozen=True)
class Visit:
    """A session that is good now, with who is behind it as he stands now."""

    principal: Principal
    session: Session


@dataclass(frozen=True)
class Kept:
    """A secret that autofix itself keeps, as it lies in the store: sealed by AES-256-GCM.

    `key` names the key that sealed it; `sealed` is nonce and ciphertext in base64.
    """

    name: str
    key: str
    sealed: str = field(repr=False)
    at: float
    by: str


@dataclass(frozen=True)
class Answered:
    """What a request with an idempotency key was told: the same key is told the same again.

    `digest`: of the request it was; another one with the same key is refused. `status` 0: it is
    being worked on.
    """

    key: str
    by: str
    at: float
    digest: str
    status: int = 0
    body: Mapping[str, Any] | None = None
