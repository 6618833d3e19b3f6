"""The tables of alerts' deliveries and of who may come in, beside those of `store/tables.py`."""

from __future__ import annotations

from sqlalchemy import Column, Index, Table, Text

from autofix.store.columns import at, flag, id_, number, text_, where
from autofix.store.tables import metadata

deliveries = Table(
    "deliveries",
    metadata,
    id_(),
    at("at"),
    *map(text_, ("source", "sender", "address", "state")),
    number("status"),
    *map(text_, ("why", "headers", "body")),
    number("size"),
    text_("judged"),
    number("replay_of", nullable=True),
    text_("by"),
    sqlite_autoincrement=True,
)
Index("deliveries_source", deliveries.c.source, deliveries.c.id)
Index("deliveries_refused", deliveries.c.id, **where("state = 'refused'"))
Index("deliveries_at", deliveries.c.at)

#: What may be shown once only: nonces, signatures, codes of a login.
once = Table(
    "once",
    metadata,
    Column("name", Text, primary_key=True),
    Column("once", Text, primary_key=True),
    at("until"),
)
Index("once_until", once.c.until)

tries = Table("tries", metadata, id_(), text_("name"), at("at"), sqlite_autoincrement=True)
Index("tries_name", tries.c.name, tries.c.at)
Index("tries_at", tries.c.at)

users = Table(
    "users",
    metadata,
    id_(),
    text_("name", unique=True),
    text_("roles"),
    at("created_at"),
    *map(text_, ("by", "password")),
    Column("runbooks", Text),
    text_("second_factor"),
    number("last_code"),
    *(at(name, nullable=True) for name in ("disabled_at", "seen_at")),
    number("version"),
    sqlite_autoincrement=True,
)

tokens = Table(
    "tokens",
    metadata,
    id_(),
    *map(text_, ("name", "owner", "digest")),
    at("created_at"),
    text_("by"),
    at("expires_at"),
    text_("roles"),
    Column("runbooks", Text),
    text_("source"),
    *(at(name, nullable=True) for name in ("revoked_at", "used_at")),
    number("version"),
    sqlite_autoincrement=True,
)
Index("tokens_owner", tokens.c.owner)

sessions = Table(
    "sessions",
    metadata,
    Column("digest", Text, primary_key=True),
    text_("user"),
    *map(at, ("created_at", "seen_at", "until")),
    *map(text_, ("csrf", "address")),
    flag("passed"),
    text_("groups"),
)
Index("sessions_user", sessions.c.user)
Index("sessions_until", sessions.c.until)

kept = Table(
    "kept",
    metadata,
    Column("name", Text, primary_key=True),
    *map(text_, ("key", "sealed")),
    at("at"),
    text_("by"),
)

answers = Table(
    "answers",
    metadata,
    Column("key", Text, primary_key=True),
    Column("by", Text, primary_key=True),
    at("at"),
    text_("digest"),
    number("status"),
    Column("body", Text),
)
Index("answers_at", answers.c.at)
