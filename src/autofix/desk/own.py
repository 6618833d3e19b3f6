"""What a person changes about himself: his password and his second factor."""

from __future__ import annotations

from dataclasses import replace

from autofix.core.accounts import Session, User, Visit
from autofix.core.audit import AuditEvent
from autofix.desk import second_factor
from autofix.desk.denials import Denials
from autofix.desk.logins import WINDOW, Logins, TooMany, of_account, tries_left, unchanged
from autofix.desk.passwords import Passwords, check_rules
from autofix.desk.rules import InForce, asks_second_factor
from autofix.errors import Denied, HeldError, NotFound
from autofix.ports import Clock, Sealer, Store, Transaction

WRONG = "the password or the code is wrong"


def seed_name(user: str) -> str:
    """The name of the kept secret that holds his seed."""
    return f"second-factor/{user}"


class Own:
    """A session alone is not enough for what keeps others out: each act asks for more."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        rules: InForce,
        denials: Denials,
        passwords: Passwords,
        sealer: Sealer,
        logins: Logins,
    ) -> None:
        self._store, self._clock, self._rules = store, clock, rules
        self._denials, self._passwords, self._sealer = denials, passwords, sealer
        self._logins = logins

    def sessions(self, visit: Visit) -> list[Session]:
        """His that are good now, the newest login first; this one is among them."""
        now, idle = self._clock.now(), self._rules().sessions.idle
        with self._store.reading() as reads:
            found = reads.sessions(visit.session.user)
        return [each for each in found if now < each.until and now - each.seen_at <= idle]

    def end_others(self, visit: Visit) -> None:
        """His other sessions end; this one goes on. It keeps nobody out who has the password, so
        it asks for nothing more."""
        who, now = visit.session.user, self._clock.now()
        with self._store.transaction() as tx:
            others = [each for each in tx.sessions(who) if each.digest != visit.session.digest]
            for each in others:
                tx.end_sessions(digest=each.digest)
            if others:
                tx.record(AuditEvent(now, who, "session.ended", payload={"others": len(others)}))

    def change_password(self, visit: Visit, old: str, new: str) -> None:
        """His other sessions end; this one goes on."""
        user = self._local(visit.session)
        check_rules(new, user.name)
        user = self._proven(user, old)
        hashed = self._passwords.hash(new)
        payload = {"user": user.name, "changed": ["password"]}
        event = AuditEvent(self._clock.now(), user.name, "user.changed", payload=payload)
        with self._store.transaction() as tx:
            tx.save_user(unchanged(tx, user).with_(password=hashed), event)
            _only(tx, visit.session)

    def begin_second_factor(self, visit: Visit) -> str:
        """A new seed, shown this once as `otpauth://…`; it counts once a code has confirmed it."""
        user = self._local(visit.session)
        if user.second_factor:
            raise HeldError("there is a second factor already", hint="drop that one first")
        now, seed = self._clock.now(), second_factor.new_seed()
        kept = self._sealer.seal(seed_name(user.name), seed, at=now, by=user.name)
        with self._store.transaction() as tx:
            unchanged(tx, user)
            tx.put_kept(kept, self._event(user, "second_factor.begun"))
        return second_factor.uri(seed, user.name)

    def confirm_second_factor(self, visit: Visit, code: str) -> None:
        """The first code: from now on each login asks for one. The other sessions end."""
        user = self._local(visit.session)
        if user.second_factor:
            raise HeldError("there is a second factor already", hint="drop that one first")
        self._count(user)
        begun = user.with_(second_factor=seed_name(user.name))
        counter = self._logins.counter(begun, code)
        if counter is None:
            raise Denied("the code is wrong", hint="is the clock of your authenticator right?")
        with self._store.transaction() as tx:
            fresh = unchanged(tx, user, counter).with_(second_factor=begun.second_factor)
            tx.save_user(fresh, self._event(user, "second_factor.on"))
            _only(tx, replace(visit.session, passed=True))
            tx.forget_tries(of_account(user.name))

    def drop_second_factor(self, visit: Visit, password: str, code: str) -> None:
        """His own, with password and code; one who lost it asks an administrator."""
        user = self._local(visit.session)
        if not user.second_factor:
            raise HeldError("there is no second factor")
        if asks_second_factor(self._rules(), user.roles):
            raise HeldError("the settings ask for a second factor", hint="see web.second_factor")
        user = self._proven(user, password, code, asked=True)
        with self._store.transaction() as tx:
            fresh = unchanged(tx, user).with_(second_factor="")
            tx.save_user(fresh, self._event(user, "second_factor.off"))
            tx.remove_kept(user.second_factor, self._event(user, "secret.removed"))
            _only(tx, visit.session)

    def _proven(self, user: User, password: str, code: str = "", *, asked: bool = False) -> User:
        """It is he: by his password, and by a code where one is asked for."""
        self._count(user)
        right = self._passwords.check(user.password, password)
        counter = self._logins.counter(user, code) if asked else 0
        if not right or counter is None:
            self._denials.denied(user.name, "password", WRONG)
            raise Denied(WRONG)
        with self._store.transaction() as tx:
            tx.forget_tries(of_account(user.name))
            return tx.save_user(unchanged(tx, user, counter), None)

    def _count(self, user: User) -> None:
        with self._store.transaction() as tx:
            tries = tx.count_try(of_account(user.name), self._clock.now(), WINDOW)
        if not tries_left(tries):
            self._denials.denied(user.name, "password", "too many tries")
            raise TooMany

    def _local(self, session: Session) -> User:
        with self._store.reading() as reads:
            user = reads.user(session.user)
        if user is None:
            raise NotFound("this account is gone")
        if not user.password:
            raise HeldError("the identity provider keeps this account's password and second factor")
        return user

    def _event(self, user: User, action: str) -> AuditEvent:
        return AuditEvent(self._clock.now(), user.name, action, payload={"user": user.name})


def _only(tx: Transaction, session: Session) -> None:
    """His other sessions end. This one goes on, unless it was ended meanwhile: by himself
    elsewhere, or since something about him was changed."""
    there = tx.session(session.digest) is not None
    tx.end_sessions(user=session.user)
    if there:
        tx.put_session(session)
