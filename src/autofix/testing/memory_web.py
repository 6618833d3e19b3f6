"""Deliveries and accounts in memory: a part of `MemoryTransaction`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from autofix.core.accounts import Answered, Kept, Session, Token, User
from autofix.core.alerts import Delivery
from autofix.core.audit import AuditEvent
from autofix.core.signals import Signal
from autofix.errors import Duplicate
from autofix.testing.memory_trust import MemoryTrust
from autofix.testing.memory_values import same_version, stored, stored_event, unsealed


class MemoryWeb(MemoryTrust):
    def add_delivery(self, delivery: Delivery, event: AuditEvent | None) -> Delivery:
        (number,) = self.add_deliveries([(delivery, event)])
        return self._data.deliveries[number]

    def add_deliveries(self, deliveries: Sequence[tuple[Delivery, AuditEvent | None]]) -> list[int]:
        rows = [(stored(row), stored_event(event)) for row, event in deliveries]
        made = [replace(row, id=self._data.next("deliveries")) for row, _ in rows]
        self._data.deliveries.update({row.id: row for row in made})
        for _, event in rows:
            self._seal(event)
        return [row.id for row in made]

    def add_signal(self, signal: Signal, event: AuditEvent | None) -> Signal:
        (number,) = self.add_signals([(signal, event)])
        return self._data.signals[number]

    def add_signals(self, signals: Sequence[tuple[Signal, AuditEvent | None]]) -> list[int]:
        rows = [(stored(row), stored_event(event)) for row, event in signals]
        made = [replace(row, id=self._data.next("signals")) for row, _ in rows]
        self._data.signals.update({row.id: row for row in made})
        for _, event in rows:
            self._seal(event)
        return [row.id for row in made]

    def first_time(self, name: str, once: str, until: float, now: float) -> bool:
        for key in [key for key, end in self._data.once.items() if end <= now]:
            del self._data.once[key]
        if (name, once) in self._data.once:
            return False
        self._data.once[name, once] = until
        return True

    def count_try(self, name: str, now: float, window: float) -> int:
        young = tuple(at for at in self._data.tries.get(name, ()) if at > now - window)
        self._data.tries[name] = (*young, now)
        return len(young) + 1

    def forget_tries(self, name: str) -> None:
        self._data.tries.pop(name, None)

    def add_user(self, user: User, event: AuditEvent) -> User:
        row, event = stored(user), stored(event)
        self._must_be_free(row)
        row = replace(row, id=self._data.next("users"), version=1)
        self._data.users[row.id] = row
        self._seal(event)
        return row

    def _must_be_free(self, user: User) -> None:
        other = self.user(user.name)
        if other is not None and other.id != user.id:
            raise Duplicate(f"there is a user {user.name} already")

    def save_user(self, user: User, event: AuditEvent | None) -> User:
        row, sealed = stored(user), stored_event(event)
        old = same_version("user", self._data.users.get(row.id), row)
        if sealed is None and replace(old, seen_at=row.seen_at, last_code=row.last_code) != row:
            raise unsealed("user", row.id)
        self._must_be_free(row)
        self._data.users[row.id] = row = replace(row, version=row.version + 1)
        self._seal(sealed)
        return row

    def remove_user(self, user: User, event: AuditEvent) -> None:
        event = stored(event)
        same_version("user", self._data.users.get(user.id), user)
        del self._data.users[user.id]
        self.end_sessions(user=user.name)
        for token in self.tokens(owner=user.name):
            if token.revoked_at is None:
                gone = replace(token, revoked_at=float(event.at), version=token.version + 1)
                self._data.tokens[token.id] = gone
        self._seal(event)

    def add_token(self, token: Token, event: AuditEvent) -> Token:
        row, event = stored(token), stored(event)
        row = replace(row, id=self._data.next("tokens"), version=1)
        self._data.tokens[row.id] = row
        self._seal(event)
        return row

    def save_token(self, token: Token, event: AuditEvent | None) -> Token:
        row, sealed = stored(token), stored_event(event)
        old = same_version("token", self._data.tokens.get(row.id), row)
        if sealed is None and replace(old, used_at=row.used_at) != row:
            raise unsealed("token", row.id)
        self._data.tokens[row.id] = row = replace(row, version=row.version + 1)
        self._seal(sealed)
        return row

    def put_session(self, session: Session) -> None:
        self._data.sessions[session.digest] = stored(session)

    def end_sessions(self, *, digest: str = "", user: str = "", before: float = 0.0) -> int:
        over = [
            row.digest
            for row in self._data.sessions.values()
            if (digest or user or before)
            and digest in ("", row.digest)
            and user in ("", row.user)
            and (not before or row.until < before)
        ]
        for each in over:
            del self._data.sessions[each]
        return len(over)

    def put_kept(self, kept: Kept, event: AuditEvent | None) -> None:
        row, sealed = stored(kept), stored_event(event)
        self._data.kept[row.name] = row
        self._seal(sealed)

    def remove_kept(self, name: str, event: AuditEvent) -> bool:
        event = stored(event)
        if self._data.kept.pop(name, None) is None:
            return False
        self._seal(event)
        return True

    def begin_answer(self, answer: Answered) -> Answered | None:
        row = stored(answer)
        old = self.answered(row.key, row.by)
        if old is None:
            self._data.answers[row.key, row.by] = row
        return old

    def end_answer(self, answer: Answered) -> None:
        row = stored(answer)
        if not row.status:
            self._data.answers.pop((row.key, row.by), None)
        elif (row.key, row.by) in self._data.answers:
            self._data.answers[row.key, row.by] = row
