"""The first start: one link, good once and for a day, by which the administrator is made.

There is no default password. The link's hash lies among the sessions under a name that no person
can have; each start of a server without users makes a new one, and the one before is void.
"""

from __future__ import annotations

import secrets

from autofix.core import tokens
from autofix.core.accounts import Session, User
from autofix.core.audit import AuditEvent
from autofix.core.roles import Role
from autofix.desk.accounts import described, refuse_name, shown
from autofix.desk.denials import UNKNOWN, Denials
from autofix.desk.passwords import Passwords, check_rules
from autofix.errors import Denied
from autofix.ports import Clock, Reads, Store

#: Among the sessions: the name is one that `name_fault` refuses.
OWNER = "setup"
LASTS = 86400.0
USED = "this link is cut off, was used, or a newer one was made"
THERE = "there are accounts already: log in, or ask an administrator"
NEW = "start the server again: it prints a new one"


class Setup:
    def __init__(self, store: Store, clock: Clock, denials: Denials, passwords: Passwords) -> None:
        self._store, self._clock = store, clock
        self._denials, self._passwords = denials, passwords

    def begin(self) -> str:
        """A new code, seen this once; empty when there are users."""
        now, code = self._clock.now(), secrets.token_urlsafe(tokens.SECRET_BYTES)
        with self._store.transaction() as tx:
            tx.end_sessions(user=OWNER)
            if tx.users():
                return ""
            tx.put_session(Session(_digest(code), OWNER, now, now, now + LASTS, ""))
            tx.record(AuditEvent(now, "autofix", "setup.begun", payload={"until": now + LASTS}))
        return code

    def needed(self) -> bool:
        """Nobody has an account yet."""
        with self._store.reading() as reads:
            return not reads.users()

    def good(self, code: str, *, address: str) -> None:
        """Denied in words when the link can't be used."""
        with self._store.reading() as reads:
            why = self._fault(reads, code)
        if why:
            self._denials.denied(UNKNOWN, "setup", why, address=address)
            raise Denied(why, hint="" if why == THERE else NEW)

    def finish(self, code: str, name: str, password: str, *, address: str) -> User:
        """Make the administrator; of two at once the second finds the link used."""
        self.good(code, address=address)
        refuse_name(name)
        check_rules(password, name)
        now, hashed = self._clock.now(), self._passwords.hash(password)
        user = User(0, name, frozenset({Role.ADMIN}), now, "setup", hashed)
        with self._store.transaction() as tx:
            if why := self._fault(tx, code):
                raise Denied(why)
            tx.end_sessions(user=OWNER)
            event = AuditEvent(now, name, "user.added", payload={**described(user), "by": "setup"})
            return shown(tx.add_user(user, event))

    def _fault(self, reads: Reads, code: str) -> str:
        if reads.users():
            return THERE
        found = reads.session(_digest(code))
        if found is None or found.user != OWNER:
            return USED
        return "this link has expired" if self._clock.now() >= found.until else ""


def _digest(code: str) -> str:
    """Never that of a cookie: a code is no session."""
    return tokens.digest(f"setup {code}")
