"""Tokens: what programs show instead of a password. A room of the local desk."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from typing import Any

from autofix.core import tokens as shape
from autofix.core.accounts import Token, User, name_fault
from autofix.core.audit import AuditEvent
from autofix.core.durations import human
from autofix.core.inert import MASK, inert
from autofix.core.roles import GRANTS, Permission, Role, lent, narrowed
from autofix.desk.accounts import found
from autofix.desk.base import Room, meant, settled
from autofix.desk.runbooks_named import known_runbooks
from autofix.errors import HeldError, NotFound, UsageError
from autofix.ports import Reads

SHORTEST, LONGEST = 60.0, 366 * 86400.0


class Tokens(Room):
    def tokens(self, *, everybody: bool = False) -> list[Token]:
        """One's own; everybody's by administrators."""
        self.may(Permission.ADMIN if everybody else Permission.SELF, "tokens.list")
        with self.ctx.store.reading() as reads:
            of = reads.tokens(owner="" if everybody else self.principal.name)
        return [shown(token) for token in of]

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
        """Without `roles`: the owner's, but never an administrator's unless that is said."""
        owner = owner or self.principal.name
        foreign = bool(source) or owner != self.principal.name or self.principal.token is not None
        self.may(Permission.ADMIN if foreign else Permission.SELF, "tokens.add")
        _refuse(name, lasts, roles, runbooks, source)
        allowed = known_runbooks(self.place, runbooks)
        if source:
            self._known_source(source)
        now, secret = self.ctx.clock.now(), secrets.token_urlsafe(shape.SECRET_BYTES)
        draft = Token(
            0, name, owner, shape.digest(secret), now, self.actor, now + lasts, source=source
        )
        with self.ctx.store.transaction() as tx:
            _refuse_taken(tx, draft, now)
            if source:
                draft = draft.with_(runbooks=allowed)
            else:
                draft = _bounded(draft, _owner(tx, owner), roles, allowed)
            token = tx.add_token(draft, self._token_event("token.added", draft))
        return shown(token), shape.spoken(token.id, secret)

    def revoke_token(self, number: int) -> Token:
        """One's own; anybody's by administrators."""
        return settled(lambda: self._token_revoked(number))

    def _token_revoked(self, number: int) -> Token:
        self.may(Permission.SELF, "tokens.revoke")
        now = self.ctx.clock.now()
        with self.ctx.store.reading() as reads:
            token = reads.token(number)
        if token is None or token.owner != self.principal.name:
            self.may(Permission.ADMIN, "tokens.revoke")  # before it is told whether there is one
        if token is None:
            raise NotFound(f"there is no token {number}", hint="see `autofix tokens list`")
        if token.revoked_at is not None:
            raise HeldError(f"token {number} was revoked already")
        gone = token.with_(revoked_at=now)
        with self.ctx.store.transaction() as tx:
            return shown(tx.save_token(gone, self._token_event("token.revoked", gone)))

    def _known_source(self, source: str) -> None:
        known = self.place.contexts.good().book.sources
        if source not in known:
            raise NotFound(f"there is no source {inert(source, 80)!r}", hint=meant(source, known))

    def _token_event(self, action: str, token: Token) -> AuditEvent:
        payload: dict[str, Any] = {
            "token": token.name,
            "owner": token.owner,
            "roles": sorted(token.roles),
            "runbooks": None if token.runbooks is None else list(token.runbooks),
            "source": token.source,
            "expires_at": token.expires_at,
        }
        return AuditEvent(self.ctx.clock.now(), self.actor, action, payload=payload)


def shown(token: Token) -> Token:
    """Fit to leave the desk: without the hash."""
    return token.with_(digest=MASK)


def _owner(reads: Reads, name: str) -> User:
    """A token acts for a user of autofix, as far as he himself may at that moment."""
    try:
        return found(reads, name)
    except NotFound as error:
        hint = "name its owner with --owner, or the source it posts to with --source"
        raise NotFound(str(error), hint=hint) from None


def _refuse_taken(reads: Reads, draft: Token, now: float) -> None:
    good = [each for each in reads.tokens(owner=draft.owner) if not each.dead(now)]
    if any(each.name == draft.name for each in good):
        raise HeldError(f"{draft.owner} has a token {draft.name} already", hint="give another name")


def _bounded(
    draft: Token, owner: User, roles: Iterable[Role], allowed: Iterable[str] | None
) -> Token:
    """No more than its owner has."""
    both = narrowed(allowed, owner.runbooks)
    runbooks = None if both is None else tuple(sorted(both))
    return draft.with_(roles=_within(owner, roles), runbooks=runbooks)


def _within(user: User, roles: Iterable[Role]) -> frozenset[Role]:
    """UsageError for a role that gives more than the owner has."""
    wanted = frozenset(roles)
    if not wanted:
        usual = frozenset(r for r in user.roles if Permission.ADMIN not in GRANTS[r])
        return usual or lent({Role.VIEWER}, user.roles)
    beyond = wanted - lent(wanted, user.roles)
    if beyond:
        raise UsageError(
            f"{user.name} has not what the role {sorted(beyond)[0]} gives",
            hint="a token never has more than its owner",
        )
    return wanted


def _refuse(
    name: str,
    lasts: float,
    roles: Sequence[Role],
    runbooks: Sequence[str] | None,
    source: str,
) -> None:
    if name_fault(name):
        raise UsageError(
            "a token's name has 1 to 80 letters, digits and . _ @ + -",
            hint="name what shows it: `deploy`, `alertmanager`",
        )
    if not SHORTEST <= lasts <= LONGEST:
        raise UsageError(
            f"a token is good for {human(SHORTEST)} to {human(LONGEST)}",
            hint="write for example 90d",
        )
    if source and roles:
        raise UsageError("a token that posts alerts has no roles", hint="leave out the roles")
    if source and runbooks is not None and not runbooks:
        raise UsageError("a token that may trigger no runbook", hint="name one, or leave it out")
