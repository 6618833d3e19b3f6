"""The doorman: who somebody is, by his token, his session or the socket's other end."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace

from autofix.core import tokens
from autofix.core.accounts import Session, Token, User, Visit
from autofix.core.alerts import Admission, Post
from autofix.core.inert import inert
from autofix.core.roles import Principal, lent, narrowed
from autofix.desk.denials import Denials
from autofix.desk.rules import InForce, asks_second_factor, far_administrator
from autofix.desk.terminal import name_of, person, well_said
from autofix.errors import Conflict, Denied, StoreError
from autofix.flow.context import log
from autofix.ports import Clock, Store

#: Seconds between two notes of when a token or a session was last used.
NOTED_EVERY = 60.0


class TurnedAway(Denied):
    """`who`: for the record. `known`: it is clear who he is, and he still may not."""

    def __init__(self, why: str, *, who: str = "unknown", known: bool = False) -> None:
        super().__init__(why)
        self.who, self.known = who, known


class Doorman:
    """`uids`: whose processes on this machine may do everything, by the Unix socket."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        rules: InForce,
        denials: Denials,
        uids: Collection[int] = (),
    ) -> None:
        self._store, self._clock, self._rules = store, clock, rules
        self._denials = denials
        self._uids = frozenset(uids) or frozenset({0, os.getuid()})

    def by_token(self, token: str, *, address: str) -> Principal:
        found = self._token(token)
        if found.source:
            why = f"this token posts alerts to {found.source} and does nothing else"
            raise TurnedAway(why, who=_named(found), known=True)
        with self._store.reading() as reads:
            owner = reads.user(found.owner)
        if owner is None or owner.disabled_at is not None:
            raise TurnedAway("this token's owner may not come in", who=_named(found))
        roles = lent(found.roles, owner.roles)
        if far := far_administrator(self._rules(), roles, address):
            raise TurnedAway(far, who=_named(found), known=True)
        self._used(found)
        allowed = narrowed(found.runbooks, owner.runbooks)
        return Principal(owner.name, roles, allowed, f"token {found.name}", found.id)

    def by_session(self, cookie: str, *, address: str) -> Visit | None:
        """None: this session is not known, or it is over."""
        now, key = self._clock.now(), tokens.digest(cookie)
        with self._store.reading() as reads:
            session = reads.session(key)
            user = reads.user(session.user) if session else None
        if session is None or user is None or self.over(session, now):
            return None
        if user.disabled_at is not None:
            raise TurnedAway("this account is disabled", who=user.name)
        if far := far_administrator(self._rules(), user.roles, address):
            raise TurnedAway(far, who=user.name, known=True)
        if now - session.seen_at >= NOTED_EVERY:
            self._seen(session, now)
        passed = session.passed and not self._owes_second_factor(user)
        session = replace(session, passed=passed)
        return Visit(visitor(user, session), session)

    def _owes_second_factor(self, user: User) -> bool:
        """The settings may have become stricter since he logged in."""
        local = bool(user.password)  # the identity provider asks for its own
        return local and not user.second_factor and asks_second_factor(self._rules(), user.roles)

    def over(self, session: Session, now: float) -> bool:
        return now >= session.until or now - session.seen_at > self._rules().sessions.idle

    def by_socket(self, uid: int, said: str = "") -> Principal:
        """`said`: the person behind root or behind the service's user, as he says."""
        if uid not in self._uids:
            why = "only the user that autofix runs as, and root, may use its socket"
            raise TurnedAway(why, who=name_of(uid), known=True)
        if said and not well_said(said):
            raise TurnedAway("X-Autofix-Actor is not the name of a person", who=name_of(uid))
        return replace(person(uid, said), via="socket")

    def hook(self, token: str, post: Post) -> Admission:
        """A token that is bound to a source, shown by a sender. Never raises Denied."""
        try:
            found = self._token(token)
        except TurnedAway as error:
            return Admission(sender=error.who, why=str(error))
        sender = _named(found)
        if found.source != post.source:
            return Admission(sender=sender, why="this token is not for this source")
        with self._store.reading() as reads:
            owner = reads.user(found.owner)
        if owner is not None and owner.disabled_at is not None:
            return Admission(sender=sender, why="this token's owner may not come in")
        self._used(found)
        return Admission(sender=sender, runbooks=found.runbooks or ())

    def denied(self, who: str, what: str, why: str, *, address: str) -> None:
        self._denials.denied(who, what, why, address=address)

    def _token(self, text: str) -> Token:
        """The token of the store. An unknown number and a wrong secret are told apart to nobody."""
        number, secret = tokens.parts(text) or (0, "")
        with self._store.reading() as reads:
            found = reads.token(number) if number else None
        if not tokens.matches(secret, found.digest if found else "") or found is None:
            raise TurnedAway("this token is not known")
        if why := found.dead(self._clock.now()):
            raise TurnedAway(why, who=_named(found))
        return found

    def _used(self, token: Token) -> None:
        now = self._clock.now()
        if token.used_at is not None and 0 <= now - token.used_at < NOTED_EVERY:
            return
        with _not_vital(), self._store.transaction() as tx:
            current = tx.token(token.id)
            if current is not None:
                tx.save_token(current.with_(used_at=now), None)

    def _seen(self, session: Session, now: float) -> None:
        """Only if it is still there: one that was ended must not come back."""
        with _not_vital(), self._store.transaction() as tx:
            current = tx.session(session.digest)
            if current is not None:
                tx.put_session(replace(current, seen_at=now))


def visitor(user: User, session: Session) -> Principal:
    """Who has not passed the second factor has no roles: he may do nothing but enrol."""
    roles = user.roles if session.passed else frozenset()
    allowed = None if user.runbooks is None else frozenset(user.runbooks)
    return Principal(user.name, roles, allowed, "console", groups=session.groups)


def _named(token: Token) -> str:
    return f"{inert(token.owner, 80)} (token {inert(token.name, 80)})"


@contextmanager
def _not_vital() -> Iterator[None]:
    """When somebody was last seen is not worth refusing him for."""
    try:
        yield
    except Conflict:
        pass  # somebody else has just noted it
    except StoreError as error:
        log.warning("when somebody was last seen could not be noted: %s", error)
