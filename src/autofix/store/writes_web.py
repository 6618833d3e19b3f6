"""Changes of deliveries and accounts: a part of `ports.Transaction`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, func, select, update

from autofix.core.accounts import Answered, Kept, Session, Token, User
from autofix.core.alerts import Delivery
from autofix.core.audit import AuditEvent
from autofix.core.plain import text
from autofix.core.signals import Signal
from autofix.errors import Duplicate
from autofix.store import rows, rows_web, tables_web
from autofix.store.canonical import finite
from autofix.store.rows import Codec, Value
from autofix.store.session import Taken
from autofix.store.versioned import VersionedWrites

#: What of a user and of a token may change without an event: when he was seen.
_USER = tuple(
    name for name in rows_web.USER.names if name not in ("id", "version", "seen_at", "last_code")
)
_TOKEN = tuple(name for name in rows_web.TOKEN.names if name not in ("id", "version", "used_at"))


class WebWrites(VersionedWrites):
    def add_delivery(self, delivery: Delivery, event: AuditEvent | None) -> Delivery:
        return self._add_one(rows_web.DELIVERY, delivery, event)

    def add_deliveries(self, deliveries: Sequence[tuple[Delivery, AuditEvent | None]]) -> list[int]:
        return self._add_all(rows_web.DELIVERY, deliveries)

    def add_signal(self, signal: Signal, event: AuditEvent | None) -> Signal:
        return self._add_one(rows.SIGNAL, signal, event)

    def add_signals(self, signals: Sequence[tuple[Signal, AuditEvent | None]]) -> list[int]:
        return self._add_all(rows.SIGNAL, signals)

    def _add_all(
        self, codec: Codec[Value], given: Sequence[tuple[Value, AuditEvent | None]]
    ) -> list[int]:
        """All of these with their events, in a few statements however many they are."""
        return self._add_rows(codec, [codec.row(value) for value, _ in given], given)

    def _add_one(self, codec: Codec[Value], value: Value, event: AuditEvent | None) -> Value:
        """It comes back as it is stored."""
        row = codec.row(value)
        (number,) = self._add_rows(codec, [row], [(value, event)])
        return codec.value([(row | {"id": number})[name] for name in codec.names])

    def _add_rows(
        self,
        codec: Codec[Value],
        made: list[dict[str, Any]],
        given: Sequence[tuple[Value, AuditEvent | None]],
    ) -> list[int]:
        events = [event for _, event in given if event is not None]
        for event in events:
            self.sealer.prepare(event)
        for row in made:
            del row["id"]
        numbers = self._session.insert_new(codec.table, made) if made else []
        self.sealer.append_all(events)
        return numbers

    def first_time(self, name: str, once: str, until: float, now: float) -> bool:
        self._session.change(delete(tables_web.once).where(tables_web.once.c.until <= now))
        row = {"name": text(name), "once": text(once), "until": finite(until)}
        try:
            self._session.insert(tables_web.once, row)
        except Taken:
            return False
        return True

    def count_try(self, name: str, now: float, window: float) -> int:
        t, name = tables_web.tries.c, text(name)
        old = (t.name == name, t.at <= now - window)
        self._session.change(delete(tables_web.tries).where(*old))
        self._session.insert_new(tables_web.tries, [{"name": name, "at": finite(now)}])
        count: int = self._session.scalar(select(func.count()).where(t.name == name))
        return count

    def forget_tries(self, name: str) -> None:
        here = tables_web.tries.c.name == text(name)
        self._session.change(delete(tables_web.tries).where(here))

    def add_user(self, user: User, event: AuditEvent) -> User:
        self.sealer.prepare(event)
        try:
            stored = self._add(rows_web.USER, user)
        except Taken:
            raise _user_already(user) from None
        self.sealer.append(event)
        return stored

    def save_user(self, user: User, event: AuditEvent | None) -> User:
        try:
            return self._save(rows_web.USER, user, event, still=_USER)
        except Taken:
            raise _user_already(user) from None

    def remove_user(self, user: User, event: AuditEvent) -> None:
        self.sealer.prepare(event)
        t, token = tables_web.users.c, tables_web.tokens.c
        here = delete(tables_web.users).where(t.id == user.id, t.version == user.version)
        if not self._session.change(here):
            self._must_be_same(rows_web.USER, user)
        self.end_sessions(user=user.name)
        good = update(tables_web.tokens).where(token.owner == user.name, token.revoked_at.is_(None))
        self._session.change(
            good.values(revoked_at=finite(float(event.at)), version=token.version + 1)
        )
        self.sealer.append(event)

    def add_token(self, token: Token, event: AuditEvent) -> Token:
        self.sealer.prepare(event)
        stored = self._add(rows_web.TOKEN, token)
        self.sealer.append(event)
        return stored

    def save_token(self, token: Token, event: AuditEvent | None) -> Token:
        return self._save(rows_web.TOKEN, token, event, still=_TOKEN)

    def put_session(self, session: Session) -> None:
        self._session.upsert(tables_web.sessions, [rows_web.SESSION.row(session)])

    def end_sessions(self, *, digest: str = "", user: str = "", before: float = 0.0) -> int:
        t = tables_web.sessions.c
        which = [
            condition
            for given, condition in (
                (digest, t.digest == digest),
                (user, t.user == user),
                (before, t.until < before),
            )
            if given
        ]
        return self._session.change(delete(tables_web.sessions).where(*which)) if which else 0

    def put_kept(self, kept: Kept, event: AuditEvent | None) -> None:
        self.sealer.prepare(event)
        self._session.upsert(tables_web.kept, [rows_web.KEPT.row(kept)])
        self.sealer.append(event)

    def remove_kept(self, name: str, event: AuditEvent) -> bool:
        self.sealer.prepare(event)
        here = delete(tables_web.kept).where(tables_web.kept.c.name == text(name))
        if not self._session.change(here):
            return False
        self.sealer.append(event)
        return True

    def begin_answer(self, answer: Answered) -> Answered | None:
        try:
            self._session.insert(tables_web.answers, rows_web.ANSWERED.row(answer))
        except Taken:
            return self.answered(text(answer.key), text(answer.by))
        return None

    def end_answer(self, answer: Answered) -> None:
        t = tables_web.answers.c
        row = rows_web.ANSWERED.row(answer)
        ours = (t.key == row["key"], t.by == row["by"])
        if answer.status:
            self._session.change(update(tables_web.answers).where(*ours).values(row))
        else:
            self._session.change(delete(tables_web.answers).where(*ours))


def _user_already(user: User) -> Duplicate:
    return Duplicate(f"there is a user {user.name} already")
