"""Deliveries and accounts as rows, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from autofix.core.accounts import Answered, Kept, Session, Token, User
from autofix.core.alerts import Delivery, DeliveryState, Judged, Verdict
from autofix.core.roles import Role
from autofix.store import tables_web
from autofix.store.rows import Codec


def _judged(found: Iterable[Mapping[str, Any]]) -> tuple[Judged, ...]:
    return tuple(Judged(**{**each, "verdict": Verdict(each["verdict"])}) for each in found)


def _roles(found: Iterable[str]) -> frozenset[Role]:
    return frozenset(map(Role, found))


DELIVERY = Codec(
    Delivery,
    tables_web.deliveries,
    {"headers": dict, "judged": _judged},
    {"state": DeliveryState},
)
USER = Codec(User, tables_web.users, {"roles": _roles, "runbooks": tuple}, {})
TOKEN = Codec(Token, tables_web.tokens, {"roles": _roles, "runbooks": tuple}, {})
SESSION = Codec(Session, tables_web.sessions, {"groups": tuple}, {})
KEPT = Codec(Kept, tables_web.kept, {}, {})
ANSWERED = Codec(Answered, tables_web.answers, {"body": dict}, {})
