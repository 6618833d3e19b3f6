"""Silences, breaker resets, checkpoints, acknowledge codes, levels of a policy, deadlines.

Written out, not taken from `store/tables.py`: that file moves on, a migration does not.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
CALLED: dict[str, Any] = {
    "sqlite_where": sa.text("call_at IS NOT NULL"),
    "postgresql_where": sa.text("call_at IS NOT NULL"),
}
LIVE: dict[str, Any] = {"sqlite_where": sa.text("live = 1"), "postgresql_where": sa.text("live")}


def _text(name: str, **options: Any) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False, **options)


def _number(name: str, **options: Any) -> sa.Column[int]:
    return sa.Column(name, NUMBER, nullable=False, **options)


def _at(name: str, *, nullable: bool = False) -> sa.Column[float]:
    return sa.Column(name, sa.Double(), nullable=nullable)


def upgrade() -> None:
    _incidents()
    _pages()
    running: sa.Column[bool] = sa.Column(
        "cancel_running", sa.Boolean(), nullable=False, server_default=sa.false()
    )
    op.add_column("pauses", running)
    op.add_column("pauses", _text("id", server_default=""))
    op.create_index("runs_started", "runs", ["started_at"])
    _silences()
    _small_ones()
    _record()


def _incidents() -> None:
    op.add_column("incidents", _text("labels", server_default="{}"))
    for name in (
        "answered_at",
        "triaged_at",
        "worked_around_at",
        "deadline_at",
        "call_at",
        "acknowledged_at",
    ):
        op.add_column("incidents", _at(name, nullable=True))
    op.add_column("incidents", _number("calls", server_default="0"))
    op.add_column("incidents", _text("deadlines", server_default="{}"))
    for name in ("trial", "trial_passed"):
        no: sa.Column[bool] = sa.Column(
            name, sa.Boolean(), nullable=False, server_default=sa.false()
        )
        op.add_column("incidents", no)
    op.create_index("incidents_call", "incidents", ["call_at"], **CALLED)
    op.create_index("incidents_deadline", "incidents", ["deadline_at"], **LIVE)
    op.create_index("incidents_wave", "incidents", ["runbook", "ended_at"])
    op.create_index("incidents_state", "incidents", ["state"])


def _pages() -> None:
    op.add_column("pages", _text("kind", server_default="call"))
    op.add_column("pages", _text("runbook", server_default=""))
    op.add_column("pages", _number("level", server_default="0"))
    op.add_column("pages", _number("count", server_default="1"))
    op.create_index("pages_runbook", "pages", ["runbook", "created_at"])
    op.create_table(
        "members",
        _number("id", autoincrement=True),
        _number("page"),
        sa.Column("incident", NUMBER, nullable=True),
        *map(_text, ("target", "why")),
        _at("at"),
        sa.Column("lasting", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("members_page", "members", ["page"])
    op.create_index("members_incident", "members", ["incident"])


def _silences() -> None:
    op.create_table(
        "silences",
        _number("id", autoincrement=True),
        _at("at"),
        *map(_text, ("by", "reason")),
        _at("starts_at"),
        _at("until"),
        *map(_text, ("runbook", "host", "group", "labels")),
        _at("ended_at", nullable=True),
        _text("ended_by"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("silences_until", "silences", ["until"])


def _small_ones() -> None:
    op.create_table(
        "resets",
        *map(_text, ("runbook", "host", "subject")),
        _at("at"),
        *map(_text, ("by", "reason")),
        sa.PrimaryKeyConstraint("runbook", "host", "subject"),
    )
    op.create_table(
        "ack_codes",
        _text("digest"),
        _number("incident"),
        _at("created_at"),
        _at("until"),
        _at("used_at", nullable=True),
        _number("page", server_default="0"),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_table(
        "marks", _text("name"), _at("at"), _text("data"), sa.PrimaryKeyConstraint("name")
    )
    op.create_table(
        "leaders",
        *map(_text, ("name", "owner")),
        _number("token"),
        _at("until"),
        sa.PrimaryKeyConstraint("name"),
    )


def _record() -> None:
    op.create_table(
        "checkpoints",
        _number("size", autoincrement=False),
        _text("head"),
        _at("at"),
        _text("key"),
        _number("before"),
        _text("signature"),
        sa.PrimaryKeyConstraint("size"),
    )
    op.create_table(
        "archives",
        _number("first", autoincrement=False),
        _number("last"),
        *map(_text, ("head", "file", "sha256")),
        _at("at"),
        *map(_text, ("key", "signature")),
        sa.PrimaryKeyConstraint("first"),
    )
