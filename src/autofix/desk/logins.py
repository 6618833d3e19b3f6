"""Logging in and out: throttled, the same words and the same time for whatever is wrong."""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field

from autofix.core import tokens
from autofix.core.accounts import Kept, Session, User
from autofix.core.addresses import near
from autofix.core.audit import AuditEvent
from autofix.core.roles import Principal
from autofix.desk import second_factor
from autofix.desk.denials import UNKNOWN, Denials
from autofix.desk.doorman import visitor
from autofix.desk.passwords import Passwords
from autofix.desk.rules import InForce, asks_second_factor, far_administrator
from autofix.errors import Denied, HeldError
from autofix.ports import Clock, Sealer, Store, Transaction

#: So many tries in `WINDOW` seconds for each account, and for each address.
TRIES, WINDOW = 10, 900.0
#: Seconds for which a name without tries is not counted on; how many such names are remembered.
SHUT, REMEMBERED = 60.0, 10_000
WRONG = "the name, the password or the code is wrong"


class TooMany(HeldError):
    """Throttled: the same words whether there is such an account or not."""

    def __init__(self) -> None:
        super().__init__("too many tries", hint="wait a quarter of an hour")


class FarAway(Denied):
    """The name, the password and the code are right, and the address is not."""


@dataclass(frozen=True)
class Opened:
    """A new session; `cookie` is seen this once."""

    cookie: str = field(repr=False)
    session: Session
    principal: Principal


class Shut:
    """Names that have no tries left: for a minute nothing is written for them, so that a flood of
    logins fills no disk. In memory only; the store knows better after a restart."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}
        self._lock = threading.Lock()

    def shut(self, names: Iterable[str], now: float) -> bool:
        with self._lock:
            return any(now < self._until.get(each, 0.0) <= now + SHUT for each in names)

    def shut_off(self, names: Iterable[str], now: float) -> None:
        with self._lock:
            if len(self._until) >= REMEMBERED:
                self._until = {key: until for key, until in self._until.items() if until > now}
            if len(self._until) < REMEMBERED:
                self._until.update(dict.fromkeys(names, now + SHUT))


class Logins:
    def __init__(
        self,
        store: Store,
        clock: Clock,
        rules: InForce,
        denials: Denials,
        passwords: Passwords,
        sealer: Sealer,
    ) -> None:
        self._store, self._clock, self._rules = store, clock, rules
        self._denials, self._passwords, self._sealer = denials, passwords, sealer
        self._tended = 0.0
        self._shut = Shut()

    def login(
        self, name: str, password: str, code: str = "", *, address: str, old: str = ""
    ) -> Opened:
        """Raises Denied with one and the same line for whatever is wrong; TooMany when throttled.

        `old`: the cookie that came along; that session ends.
        """
        self._count(name, address)
        user = self._known(name)
        if not self._passwords.check(user.password if user else "", password) or user is None:
            raise self._refused(user, address)
        counter = self.counter(user, code) if user.second_factor else 0
        if user.disabled_at is not None or counter is None:
            raise self._refused(user, address)
        if far := far_administrator(self._rules(), user.roles, address):
            self._denials.denied(user.name, "login", far, address=address)
            raise FarAway(far)
        fresh = self._passwords.stale(user.password) and self._passwords.hash(password)
        return self._open(user, counter, fresh or user.password, address, old)

    def open_for(self, user: User, groups: tuple[str, ...], *, address: str, old: str) -> Opened:
        """Somebody whom the identity provider vouches for, second factor and all."""
        if user.disabled_at is not None:
            raise self._refused(user, address)
        if far := far_administrator(self._rules(), user.roles, address):
            self._denials.denied(user.name, "login", far, address=address)
            raise FarAway(far)
        return self._open(user, 0, user.password, address, old, groups)

    def logout(self, session: Session) -> None:
        now = self._clock.now()
        with self._store.transaction() as tx:
            if tx.end_sessions(digest=session.digest):
                tx.record(AuditEvent(now, session.user, "session.ended"))

    def tend(self) -> int:
        """Sessions whose time is over go, once a minute; how many."""
        now = self._clock.now()
        if 0 <= now - self._tended < 60.0:
            return 0
        self._tended = now
        with self._store.transaction() as tx:
            return tx.end_sessions(before=now)

    def _count(self, name: str, address: str) -> None:
        """Counted before anything is looked at, for accounts that are none just the same."""
        now, names = self._clock.now(), (of_account(name), _of_address(address))
        if self._shut.shut(names, now):
            raise self._too_many(name, address)
        with self._store.transaction() as tx:
            tries = {each: tx.count_try(each, now, WINDOW) for each in names}
        over = [each for each in names if not tries_left(tries[each])]
        if over:
            self._shut.shut_off(over, now)
            raise self._too_many(name, address)

    def _too_many(self, name: str, address: str) -> TooMany:
        user = self._known(name)
        who = user.name if user else UNKNOWN
        self._denials.denied(who, "login", "too many tries", address=address)
        return TooMany()

    def _known(self, name: str) -> User | None:
        with self._store.reading() as reads:
            return reads.user(name)

    def counter(self, user: User, code: str) -> int | None:
        """Of a code that is good now and was not used before."""
        kept = self._seed(user)
        if kept is None:
            return None  # the seed was removed: closed, until an administrator drops the factor
        seed = self._sealer.open(kept)
        return second_factor.counter_of(seed, code, self._clock.now(), user.last_code)

    def _seed(self, user: User) -> Kept | None:
        with self._store.reading() as reads:
            return next((each for each in reads.kept() if each.name == user.second_factor), None)

    def _refused(self, user: User | None, address: str) -> Denied:
        """What was typed as a name may be a password: only names that exist are written down."""
        who = user.name if user else UNKNOWN
        self._denials.denied(who, "login", WRONG, address=address)
        return Denied(WRONG)

    def _open(
        self,
        user: User,
        counter: int,
        password: str,
        address: str,
        old: str,
        groups: tuple[str, ...] = (),
    ) -> Opened:
        now, rules = self._clock.now(), self._rules()
        owes = user.password and not user.second_factor and asks_second_factor(rules, user.roles)
        cookie = secrets.token_urlsafe(tokens.SECRET_BYTES)
        session = Session(
            tokens.digest(cookie),
            user.name,
            now,
            now,
            now + rules.sessions.lasts,
            secrets.token_urlsafe(tokens.SECRET_BYTES),
            address,
            passed=not owes,
            groups=groups,
        )
        payload = {"address": address}
        with self._store.transaction() as tx:
            fresh = tx.save_user(unchanged(tx, user, counter).with_(seen_at=now), None)
            if password != fresh.password:
                tx.save_user(fresh.with_(password=password), _rehashed(user, now))
            if old:
                tx.end_sessions(digest=tokens.digest(old))
            tx.put_session(session)
            tx.record(AuditEvent(now, user.name, "session.started", payload=payload))
            self._pardon(tx, user.name, address, now)
        return Opened(cookie, session, visitor(user, session))

    def _pardon(self, tx: Transaction, name: str, address: str, now: float) -> None:
        """Who got in was no guesser. An office behind one address must not lock itself out; yet
        an account that is known must not make guesses at others free: once in a window each."""
        tx.forget_tries(of_account(name))
        if tx.count_try(_hashed(f"pardon {name} {address}"), now, WINDOW) == 1:
            tx.forget_tries(_of_address(address))


def unchanged(tx: Transaction, user: User, counter: int = 0) -> User:
    """As he stands now, with the code of `counter` taken (0: none was asked for).

    Denied when he was changed meanwhile, or this very code was taken by somebody faster.
    """
    fresh = tx.user(user.name)
    if fresh is None or fresh.disabled_at is not None or fresh.password != user.password:
        raise Denied(WRONG)
    if fresh.second_factor != user.second_factor or 0 < counter <= fresh.last_code:
        raise Denied(WRONG)
    return fresh.with_(last_code=max(fresh.last_code, counter))


def _rehashed(user: User, now: float) -> AuditEvent:
    payload = {"user": user.name, "changed": ["how the password is hashed"]}
    return AuditEvent(now, user.name, "user.changed", payload=payload)


def tries_left(tries: int) -> bool:
    return tries <= TRIES


def of_account(name: str) -> str:
    return _hashed(f"login {name.casefold()}")


def _of_address(address: str) -> str:
    return _hashed(f"address {near(address)}")


def _hashed(text: str) -> str:
    """Whatever was typed is not kept as it was typed."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
