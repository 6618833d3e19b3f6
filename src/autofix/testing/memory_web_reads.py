"""Questions about deliveries and accounts, in memory: a part of `ports.Reads`."""

from __future__ import annotations

from collections.abc import Iterable

from autofix.core.accounts import Answered, Kept, Session, Token, User
from autofix.core.acks import AckCode
from autofix.core.alerts import Delivery, DeliveryState
from autofix.testing.memory_readings import ReadingReads
from autofix.testing.memory_state import newest


class WebReads(ReadingReads):
    def ack_code(self, digest: str) -> AckCode | None:
        return self._data.ack_codes.get(digest)

    def deliveries(
        self,
        *,
        source: str = "",
        states: Iterable[DeliveryState] | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> list[Delivery]:
        wanted = None if states is None else set(states)

        def fits(row: Delivery) -> bool:
            return source in ("", row.source) and (wanted is None or row.state in wanted)

        return newest(self._data.deliveries, fits, before, limit)

    def delivery(self, delivery_id: int) -> Delivery | None:
        return self._data.deliveries.get(delivery_id)

    def users(self) -> list[User]:
        return sorted(self._data.users.values(), key=lambda row: row.name)

    def user(self, name: str) -> User | None:
        return next((row for row in self._data.users.values() if row.name == name), None)

    def tokens(self, *, owner: str = "") -> list[Token]:
        rows = self._data.tokens
        return newest(rows, lambda row: owner in ("", row.owner), None, len(rows))

    def token(self, token_id: int) -> Token | None:
        return self._data.tokens.get(token_id)

    def session(self, digest: str) -> Session | None:
        return self._data.sessions.get(digest)

    def sessions(self, user: str) -> list[Session]:
        his = (each for each in self._data.sessions.values() if each.user == user)
        return sorted(his, key=lambda each: (-each.created_at, each.digest))

    def kept(self) -> list[Kept]:
        return [self._data.kept[name] for name in sorted(self._data.kept)]

    def answered(self, key: str, by: str) -> Answered | None:
        return self._data.answers.get((key, by))
