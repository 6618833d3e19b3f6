"""Deliveries of alerts, users, tokens, sessions, kept secrets, answers given; signals by target.

Written out, not taken from `store/tables_web.py`: that file moves on, a migration does not.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
REFUSED: dict[str, Any] = {
    "sqlite_where": sa.text("state = 'refused'"),
    "postgresql_where": sa.text("state = 'refused'"),
}
RECEIVED: dict[str, Any] = {
    "sqlite_where": sa.text("state = 'received'"),
    "postgresql_where": sa.text("state = 'received'"),
}


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _number(name: str, **options: Any) -> sa.Column[int]:
    return sa.Column(name, NUMBER, nullable=options.pop("nullable", False), **options)


def _at(name: str, *, nullable: bool = False) -> sa.Column[float]:
    return sa.Column(name, sa.Double(), nullable=nullable)


def upgrade() -> None:
    _deliveries()
    _accounts()
    _sessions()
    _small_ones()


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        _number("id", autoincrement=True),
        _at("at"),
        *map(_text, ("source", "sender", "address", "state")),
        _number("status"),
        *map(_text, ("why", "headers", "body")),
        _number("size"),
        _text("judged"),
        _number("replay_of", nullable=True),
        _text("by"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("deliveries_source", "deliveries", ["source", "id"])
    op.create_index("deliveries_refused", "deliveries", ["id"], **REFUSED)
    op.create_index("deliveries_at", "deliveries", ["at"])
    op.create_index("signals_waiting", "signals", ["runbook", "host", "subject"], **RECEIVED)


def _accounts() -> None:
    op.create_table(
        "users",
        _number("id", autoincrement=True),
        *map(_text, ("name", "roles")),
        _at("created_at"),
        *map(_text, ("by", "password")),
        _text("runbooks", nullable=True),
        _text("second_factor"),
        _number("last_code"),
        _at("disabled_at", nullable=True),
        _at("seen_at", nullable=True),
        _number("version"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "tokens",
        _number("id", autoincrement=True),
        *map(_text, ("name", "owner", "digest")),
        _at("created_at"),
        _text("by"),
        _at("expires_at"),
        _text("roles"),
        _text("runbooks", nullable=True),
        _text("source"),
        _at("revoked_at", nullable=True),
        _at("used_at", nullable=True),
        _number("version"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("tokens_owner", "tokens", ["owner"])


def _sessions() -> None:
    op.create_table(
        "sessions",
        *map(_text, ("digest", "user")),
        *map(_at, ("created_at", "seen_at", "until")),
        *map(_text, ("csrf", "address")),
        sa.Column("passed", sa.Boolean(), nullable=False),
        _text("groups"),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_index("sessions_user", "sessions", ["user"])
    op.create_index("sessions_until", "sessions", ["until"])


def _small_ones() -> None:
    op.create_table(
        "once", *map(_text, ("name", "once")), _at("until"), sa.PrimaryKeyConstraint("name", "once")
    )
    op.create_index("once_until", "once", ["until"])
    op.create_table(
        "tries",
        _number("id", autoincrement=True),
        _text("name"),
        _at("at"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("tries_name", "tries", ["name", "at"])
    op.create_index("tries_at", "tries", ["at"])
    op.create_table(
        "kept",
        *map(_text, ("name", "key", "sealed")),
        _at("at"),
        _text("by"),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "answers",
        *map(_text, ("key", "by")),
        _at("at"),
        _text("digest"),
        _number("status"),
        _text("body", nullable=True),
        sa.PrimaryKeyConstraint("key", "by"),
    )
    op.create_index("answers_at", "answers", ["at"])
