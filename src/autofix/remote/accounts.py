"""Accounts, tokens and kept secrets of a server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autofix.core.accounts import Token, User
from autofix.core.roles import Role
from autofix.errors import StoreError
from autofix.remote.client import JSON
from autofix.remote.looks import Room

#: What stands for the hash of a password: that there is one is all that a server tells.
KEPT_THERE = "kept by the server"


@dataclass(frozen=True)
class Made:
    """A new token with what its user shows, or without: it was told once before."""

    token: Token
    secret: str | None = None


class Accounts(Room):
    def users(self) -> list[User]:
        found = self.client.get(JSON, "users")
        people = self._items(User, found)
        local = [bool(each.get("local")) for each in found["items"]]
        return [_known(one, there) for one, there in zip(people, local, strict=True)]

    def add_user(
        self,
        name: str,
        roles: Sequence[Role],
        *,
        password: str = "",
        runbooks: Sequence[str] | None = None,
    ) -> User:
        body = {
            "name": name,
            "roles": list(roles),
            "password": password,
            "runbooks": None if runbooks is None else list(runbooks),
        }
        return self._user(self.client.act(JSON, "POST", "users", body=body, once=True))

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
    ) -> User:
        body = {
            "roles": None if roles is None else list(roles),
            "runbooks": None if runbooks is None else list(runbooks),
            "all_runbooks": all_runbooks,
            "password": password,
            "disabled": disabled,
            "drop_second_factor": drop_second_factor,
        }
        return self._user(self.client.act(JSON, "PATCH", "users", name, body=body))

    def _user(self, found: Any) -> User:
        [one] = self._items(User, {"items": [found]})
        return _known(one, bool(found.get("local")))

    def remove_user(self, name: str) -> None:
        self.client.act(type(None), "DELETE", "users", name)

    def tokens(self, *, everybody: bool = False) -> list[Token]:
        return self._all(Token, "tokens", all=everybody)

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
        body = {
            "name": name,
            "lasts": lasts,
            "owner": owner,
            "roles": list(roles),
            "runbooks": None if runbooks is None else list(runbooks),
            "source": source,
        }
        made = self.client.act(Made, "POST", "tokens", body=body, once=True)
        if made.secret is None:
            raise StoreError(
                f"token {made.token.id} was made, and its secret was lost on the way",
                hint=f"autofix tokens revoke {made.token.id}, and make another",
            )
        return made.token, made.secret

    def revoke_token(self, number: int) -> Token:
        return self.client.act(Token, "DELETE", "tokens", number)

    def kept_secrets(self) -> list[Mapping[str, Any]]:
        return [dict(each) for each in self._all(dict[str, Any], "secrets")]

    def keep_secret(self, name: str, value: str) -> None:
        self.client.act(JSON, "PUT", "secrets", name, body={"value": value})

    def remove_secret(self, name: str) -> None:
        self.client.act(JSON, "DELETE", "secrets", name)

    def rotate_keys(self) -> Mapping[str, Any]:
        return self.client.act(dict[str, Any], "POST", "keys", "rotate", once=True)


def _known(user: User, local: bool) -> User:
    return user.with_(password=KEPT_THERE) if local else user
