"""People whom an identity provider vouches for: each login begun here, once; then an account."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from autofix.core import tokens
from autofix.core.accounts import Session, User, name_fault
from autofix.core.addresses import near
from autofix.core.audit import AuditEvent
from autofix.core.inert import inert
from autofix.core.roles import Role
from autofix.desk.accounts import described, refuse_taken
from autofix.desk.denials import UNKNOWN, Denials
from autofix.desk.logins import Logins, Opened, TooMany
from autofix.errors import Denied, HeldError
from autofix.ports import Clock, Store, Transaction

#: Among the sessions: the name is one that `name_fault` refuses.
OWNER = "oidc"
#: Seconds in which a login that was begun must end; how many an address may begin in a minute.
LASTS, BEGUN = 600.0, 30


@dataclass(frozen=True)
class Begun:
    """A login on its way. `state` binds it to a browser, `nonce` to the provider's answer,
    `verifier` (PKCE) to us."""

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)


@dataclass(frozen=True)
class Stranger:
    """What the provider says: its own name for the person, ours, and the groups he is in."""

    issuer: str
    subject: str
    name: str
    groups: tuple[str, ...]


class Vouched:
    def __init__(self, store: Store, clock: Clock, denials: Denials, logins: Logins) -> None:
        self._store, self._clock = store, clock
        self._denials, self._logins = denials, logins

    def begin(self, address: str) -> Begun:
        now = self._clock.now()
        begun = Begun(*(secrets.token_urlsafe(tokens.SECRET_BYTES) for _ in range(3)))
        kept = f"{begun.nonce} {begun.verifier}"
        with self._store.transaction() as tx:
            if tx.count_try(f"oidc {near(address)}", now, 60.0) > BEGUN:
                raise TooMany
            tx.end_sessions(before=now)
            tx.put_session(
                Session(_digest(begun.state), OWNER, now, now, now + LASTS, kept, address)
            )
        return begun

    def take(self, state: str) -> Begun:
        """Once. Denied for one that was not begun here, was used, or took too long."""
        with self._store.transaction() as tx:
            found = tx.session(_digest(state))
            if found is not None:
                tx.end_sessions(digest=found.digest)
        if found is None or found.user != OWNER or self._clock.now() >= found.until:
            raise Denied("this login was not begun here, or took too long", hint="begin anew")
        nonce, _, verifier = found.csrf.partition(" ")
        return Begun(state, nonce, verifier)

    def come_in(
        self, who: Stranger, mapping: Mapping[str, str], *, address: str, old: str
    ) -> Opened:
        """Denied in words for who has no role, or whose name belongs to somebody else."""
        try:
            user = self._account(who, _roles(who.groups, mapping))
        except (Denied, HeldError) as error:
            self._denials.denied(UNKNOWN, "login", str(error), address=address)
            raise Denied(str(error), hint=error.hint) from error
        return self._logins.open_for(user, who.groups, address=address, old=old)

    def _account(self, who: Stranger, roles: frozenset[Role]) -> User:
        if name_fault(who.name):
            raise Denied(f"{inert(who.name, 80)!r} can't be a name here")
        now, mark = self._clock.now(), _mark(who)
        with self._store.transaction() as tx:
            found = tx.user(who.name)
            if found is None:
                refuse_taken(tx, who.name)
                user = User(0, who.name, roles, now, mark)
                event = AuditEvent(now, who.name, "user.added", payload=described(user))
                return tx.add_user(user, event)
            return self._known(tx, found, roles, mark)

    def _known(self, tx: Transaction, user: User, roles: frozenset[Role], mark: str) -> User:
        if user.password:
            raise Denied(f"{user.name} logs in with a password here", hint="ask an administrator")
        if user.by.startswith("oidc ") and user.by != mark:
            raise Denied(f"{user.name} is somebody else at the identity provider")
        if (user.roles, user.by) == (roles, mark):
            return user
        fresh = user.with_(roles=roles, by=mark)
        payload = {**described(fresh), "changed": ["roles"], "by": "identity provider"}
        saved = tx.save_user(
            fresh, AuditEvent(self._clock.now(), user.name, "user.changed", payload=payload)
        )
        tx.end_sessions(user=user.name)
        return saved


def _roles(groups: Sequence[str], mapping: Mapping[str, str]) -> frozenset[Role]:
    found = frozenset(Role(mapping[group]) for group in groups if group in mapping)
    if not found:
        raise Denied(
            "the identity provider gives you no role here",
            hint="an administrator maps a group of yours to a role: `oidc.roles`",
        )
    return found


def _mark(who: Stranger) -> str:
    """The same person each time, whatever he is called."""
    said = f"{who.issuer}\0{who.subject}".encode("utf-8", "surrogatepass")
    return f"oidc {hashlib.sha256(said).hexdigest()[:32]}"


def _digest(state: str) -> str:
    """Never that of a cookie."""
    return tokens.digest(f"oidc {state}")
