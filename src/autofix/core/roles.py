"""Who may do what: roles, the permissions they have, and the principal that acts.

One table for the command line, the API and the pages. Denied is the rule: what a role does not name
here it may not do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from autofix.core.inert import inert


class Role(StrEnum):
    VIEWER = "viewer"
    OPERATOR = "operator"
    APPROVER = "approver"
    AUDITOR = "auditor"
    ADMIN = "admin"


class Permission(StrEnum):
    OPEN = "open"  # nobody has to say who he is
    HOOK = "hook"  # a sender of alerts, by its source's own way
    SELF = "self"  # whoever is logged in, about himself
    READ = "read"
    METRICS = "metrics"
    OPERATE = "operate"  # run, cancel, acknowledge, resolve, silence, replay, look
    APPROVE = "approve"
    PAUSE = "pause"
    AUDIT = "audit"  # read, verify and export the sealed record
    ADMIN = "admin"  # users, tokens of others, secrets


_EVERYBODY = frozenset({Permission.SELF, Permission.READ, Permission.METRICS})

#: The one table of who may do what.
GRANTS: Mapping[Role, frozenset[Permission]] = {
    Role.VIEWER: _EVERYBODY,
    Role.OPERATOR: _EVERYBODY | {Permission.OPERATE, Permission.PAUSE},
    Role.APPROVER: _EVERYBODY | {Permission.APPROVE},
    Role.AUDITOR: _EVERYBODY | {Permission.AUDIT},
    Role.ADMIN: frozenset(Permission) - {Permission.HOOK},
}
#: What a list of runbooks narrows. Looking is not narrowed: who is on call must see everything.
NARROWED = frozenset({Permission.OPERATE, Permission.APPROVE})


@dataclass(frozen=True)
class Principal:
    """Who acts. `name` is the person, and what the record says unless a token acts for him.

    `runbooks`: what may be run and approved; None is all of them. `via`: console, token NAME,
    socket, terminal.
    """

    name: str
    roles: frozenset[Role] = frozenset()
    runbooks: frozenset[str] | None = None
    via: str = ""
    token: int | None = None
    groups: tuple[str, ...] = ()  # of the system or of the identity provider, for `approvers:`

    @property
    def actor(self) -> str:
        """As the record names him: `ann`, `ann (token deploy)`."""
        return f"{self.name} ({self.via})" if self.via.startswith("token ") else self.name


#: Who sits at the terminal as the service's user, or as root, may do everything: he owns the files.
def at_the_terminal(name: str, groups: tuple[str, ...] = ()) -> Principal:
    return Principal(name, frozenset({Role.ADMIN}), via="terminal", groups=groups)


def permissions(roles: Iterable[Role]) -> frozenset[Permission]:
    return frozenset().union(*(GRANTS[role] for role in roles))


def lent(roles: Iterable[Role], owner: Iterable[Role]) -> frozenset[Role]:
    """Those of `roles` that give nothing beyond what the owner's own roles give."""
    having = permissions(owner)
    return frozenset(role for role in roles if GRANTS[role] <= having)


def narrowed(one: Iterable[str] | None, other: Iterable[str] | None) -> frozenset[str] | None:
    """The runbooks that both lists allow; None is all of them."""
    if one is None or other is None:
        left = other if one is None else one
        return None if left is None else frozenset(left)
    return frozenset(one) & frozenset(other)


def refusal(principal: Principal, permission: Permission, runbook: str = "") -> str:
    """Why not, in words; empty when it may. `runbook`: what it is about, where that counts."""
    if permission is Permission.OPEN:
        return ""
    having = [role for role in Role if permission in GRANTS[role]]
    if not principal.roles & frozenset(having):
        needed = " or ".join(having)
        return f"{inert(principal.actor, 120)} may not do this: it needs the role {needed}"
    narrowed = principal.runbooks is not None and permission in NARROWED
    if narrowed and runbook and runbook not in (principal.runbooks or ()):
        allowed = ", ".join(sorted(principal.runbooks or ())) or "none"
        return (
            f"{inert(principal.actor, 120)} may not do this with {inert(runbook, 80)} "
            f"(allowed: {inert(allowed, 300)})"
        )
    return ""
