"""Who may come in: people, by administrators. A room of the local desk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autofix.core.accounts import User, name_fault
from autofix.core.audit import AuditEvent
from autofix.core.inert import MASK, inert
from autofix.core.roles import Permission, Role, permissions
from autofix.desk.base import Room, settled
from autofix.desk.passwords import check_rules
from autofix.desk.runbooks_named import known_runbooks
from autofix.errors import HeldError, NotFound, UsageError
from autofix.ports import Reads, Transaction

HINT = "see `autofix users list`"


class Accounts(Room):
    def users(self) -> list[User]:
        self.may(Permission.ADMIN, "users.list")
        with self.ctx.store.reading() as reads:
            return [shown(user) for user in reads.users()]

    def add_user(
        self,
        name: str,
        roles: Sequence[Role],
        *,
        password: str = "",
        runbooks: Sequence[str] | None = None,
    ) -> User:
        """Without a password: one who comes by the identity provider only."""
        self.may(Permission.ADMIN, "users.add")
        refuse_name(name)
        wanted, narrowed = _some(roles), known_runbooks(self.place, runbooks)
        hashed = self._hashed(password, name) if password else ""
        now = self.ctx.clock.now()
        user = User(0, name, wanted, now, self.actor, hashed, narrowed)
        with self.ctx.store.transaction() as tx:
            refuse_taken(tx, name)
            return shown(tx.add_user(user, self._user_event("user.added", user)))

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
        """His sessions end with whatever is changed: the next login is by what holds then."""
        self.may(Permission.ADMIN, "users.change")
        changes: dict[str, Any] = {}
        if roles is not None:
            changes["roles"] = _some(roles)
        if all_runbooks and runbooks is not None:
            raise UsageError("all runbooks, and a list of runbooks", hint="say one of them")
        if all_runbooks or runbooks is not None:
            changes["runbooks"] = known_runbooks(self.place, runbooks)
        if password is not None:
            changes["password"] = self._hashed(password, name)
        if disabled is not None:
            changes["disabled_at"] = self.ctx.clock.now() if disabled else None
        if drop_second_factor:
            changes["second_factor"] = ""
        if not changes:
            raise UsageError("nothing is to be changed", hint="say what")
        return settled(lambda: self._user_changed(name, changes))

    def remove_user(self, name: str) -> None:
        """With his sessions and his second factor; his tokens are revoked."""
        self.may(Permission.ADMIN, "users.remove")
        settled(lambda: self._user_removed(name))

    def _user_changed(self, name: str, changes: dict[str, Any]) -> User:
        with self.ctx.store.transaction() as tx:
            old = found(tx, name)
            user = old.with_(**changes)
            self._keep_an_administrator(tx, user)
            if old.second_factor and not user.second_factor:
                tx.remove_kept(old.second_factor, self._secret_removed(old.second_factor))
            event = self._user_event("user.changed", user, changed=sorted(changes))
            saved = tx.save_user(user, event)
            tx.end_sessions(user=name)
        return shown(saved)

    def _user_removed(self, name: str) -> None:
        with self.ctx.store.transaction() as tx:
            user = found(tx, name)
            self._keep_an_administrator(tx, user.with_(roles=frozenset()))
            if user.second_factor:
                tx.remove_kept(user.second_factor, self._secret_removed(user.second_factor))
            tx.remove_user(user, self._user_event("user.removed", user))

    def _keep_an_administrator(self, reads: Reads, changed: User) -> None:
        """Whoever is not at this machine could let nobody in again."""
        if self.principal.via in ("terminal", "socket"):
            return
        after = [changed if each.name == changed.name else each for each in reads.users()]
        if not any(_administrates(each) for each in after):
            raise HeldError(
                f"{changed.name} is the last administrator",
                hint="make another one first, or do it on the server's own machine",
            )

    def _hashed(self, password: str, name: str) -> str:
        check_rules(password, name)
        return self.place.passwords.hash(password)

    def _secret_removed(self, name: str) -> AuditEvent:
        now = self.ctx.clock.now()
        return AuditEvent(now, self.actor, "secret.removed", payload={"secret": name})

    def _user_event(self, action: str, user: User, **more: Any) -> AuditEvent:
        payload = {**described(user), **more}
        return AuditEvent(self.ctx.clock.now(), self.actor, action, payload=payload)


def described(user: User) -> dict[str, Any]:
    """For the record: never a hash."""
    return {
        "user": user.name,
        "roles": sorted(user.roles),
        "runbooks": None if user.runbooks is None else list(user.runbooks),
        "disabled": user.disabled_at is not None,
        "second_factor": bool(user.second_factor),
    }


def shown(user: User) -> User:
    """Fit to leave the desk: that there is a password, and not its hash."""
    return user.with_(password=MASK if user.password else "")


def found(reads: Reads, name: str) -> User:
    user = reads.user(name)
    if user is None:
        raise NotFound(f"there is no user {inert(name, 80)!r}", hint=HINT)
    return user


def refuse_name(name: str) -> None:
    if wrong := name_fault(name):
        raise UsageError(inert(wrong, 200))


def refuse_taken(tx: Transaction, name: str) -> None:
    """Names that differ in case only would be taken for one another."""
    same = [each.name for each in tx.users() if each.name.casefold() == name.casefold()]
    if same:
        raise HeldError(f"there is a user {same[0]} already", hint=HINT)


def _some(roles: Sequence[Role]) -> frozenset[Role]:
    if not roles:
        known = ", ".join(Role)
        raise UsageError("a user needs a role", hint=f"known: {known}")
    return frozenset(roles)


def _administrates(user: User) -> bool:
    return user.disabled_at is None and Permission.ADMIN in permissions(user.roles)
