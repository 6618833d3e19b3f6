"""Who may come in, and what is kept sealed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from autofix.core.accounts import Token, User
from autofix.core.roles import Role


class AccountsDesk(Protocol):
    """Who may come in. Secrets leave these calls once, and are never readable again."""

    def users(self) -> list[User]: ...
    def add_user(
        self,
        name: str,
        roles: Sequence[Role],
        *,
        password: str = "",
        runbooks: Sequence[str] | None = None,
    ) -> User: ...
    def change_user(
        self,
        name: str,
        *,
        roles: Sequence[Role] | None = None,
        runbooks: Sequence[str] | None = None,
        all_runbooks: bool = False,
        password: str | None = None,
        disabled: bool | None = None,
        drop_second_factor: bool = False,
    ) -> User: ...
    def remove_user(self, name: str) -> None: ...
    def tokens(self, *, everybody: bool = False) -> list[Token]: ...
    def add_token(
        self,
        name: str,
        *,
        lasts: float,
        owner: str = "",
        roles: Sequence[Role] = (),
        runbooks: Sequence[str] | None = None,
        source: str = "",
    ) -> tuple[Token, str]:
        """The token and what its user shows: `af_<id>_<secret>`, seen this once."""

    def revoke_token(self, number: int) -> Token: ...
    def kept_secrets(self) -> list[Mapping[str, Any]]:
        """Name, since when, by whom; never the value."""

    def keep_secret(self, name: str, value: str) -> None: ...
    def remove_secret(self, name: str) -> None: ...
    def rotate_keys(self) -> Mapping[str, Any]:
        """A new key; everything that is kept is sealed anew with it."""
