"""What the settings say of coming in; `config.web_models.WebBlock` has this shape."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from autofix.core.addresses import within
from autofix.core.roles import Permission, Role, permissions


class Lasting(Protocol):
    @property
    def idle(self) -> float: ...
    @property
    def lasts(self) -> float: ...


class Rules(Protocol):
    @property
    def admin_addresses(self) -> Sequence[str]: ...
    @property
    def second_factor(self) -> str:
        """optional, admins or everybody."""

    @property
    def sessions(self) -> Lasting: ...


#: Those in force now: files change while the server runs.
InForce = Callable[[], Rules]


def far_administrator(rules: Rules, roles: Iterable[Role], address: str) -> str:
    """Why somebody with these roles may not come from there; empty when he may."""
    if not rules.admin_addresses or Permission.ADMIN not in permissions(roles):
        return ""
    if within(address, rules.admin_addresses):
        return ""
    return "administrators may not come in from this address"


def asks_second_factor(rules: Rules, roles: Iterable[Role]) -> bool:
    if rules.second_factor == "everybody":
        return True
    return rules.second_factor == "admins" and Permission.ADMIN in permissions(roles)
