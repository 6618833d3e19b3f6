"""Questions about deliveries and accounts: a part of `ports.Reads`."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import literal_column

from autofix.core.accounts import Answered, Kept, Session, Token, User
from autofix.core.alerts import Delivery, DeliveryState
from autofix.store import rows_web, tables_web
from autofix.store.queries import SqlQueries, narrowed, one_of

# A literal, as the partial index is used only where its very condition is in the query.
_REFUSED = tables_web.deliveries.c.state == literal_column("'refused'")


class WebReads(SqlQueries):
    def deliveries(
        self,
        *,
        source: str = "",
        states: Iterable[DeliveryState] | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> list[Delivery]:
        query = narrowed(rows_web.DELIVERY.every, tables_web.deliveries, source=source)
        wanted = None if states is None else set(states)
        if wanted == {DeliveryState.REFUSED}:
            query = query.where(_REFUSED)
        else:
            query = one_of(query, tables_web.deliveries.c.state, wanted)
        return self._newest(rows_web.DELIVERY, query, before, limit)

    def delivery(self, delivery_id: int) -> Delivery | None:
        return self._by_id(rows_web.DELIVERY, delivery_id)

    def users(self) -> list[User]:
        return self._all(rows_web.USER, rows_web.USER.every.order_by(tables_web.users.c.name))

    def user(self, name: str) -> User | None:
        here = tables_web.users.c.name == name
        return self._one(rows_web.USER, rows_web.USER.every.where(here))

    def tokens(self, *, owner: str = "") -> list[Token]:
        query = narrowed(rows_web.TOKEN.every, tables_web.tokens, owner=owner)
        return self._all(rows_web.TOKEN, query.order_by(tables_web.tokens.c.id.desc()))

    def token(self, token_id: int) -> Token | None:
        return self._by_id(rows_web.TOKEN, token_id)

    def session(self, digest: str) -> Session | None:
        here = tables_web.sessions.c.digest == digest
        return self._one(rows_web.SESSION, rows_web.SESSION.every.where(here))

    def sessions(self, user: str) -> list[Session]:
        t = tables_web.sessions.c
        his = rows_web.SESSION.every.where(t.user == user)
        return self._all(rows_web.SESSION, his.order_by(t.created_at.desc(), t.digest))

    def kept(self) -> list[Kept]:
        return self._all(rows_web.KEPT, rows_web.KEPT.every.order_by(tables_web.kept.c.name))

    def answered(self, key: str, by: str) -> Answered | None:
        t = tables_web.answers.c
        query = rows_web.ANSWERED.every.where(t.key == key, t.by == by)
        return self._one(rows_web.ANSWERED, query)
