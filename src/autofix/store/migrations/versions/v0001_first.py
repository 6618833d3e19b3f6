"""The first schema: incidents, runs, pages, signals, watches, locks, and the sealed record.

Written out, not taken from `store/tables.py`: that file moves on, a migration does not.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _number(name: str, **options: Any) -> sa.Column[int]:
    return sa.Column(name, NUMBER, nullable=False, **options)


def _at(name: str, *, nullable: bool = False) -> sa.Column[float]:
    return sa.Column(name, sa.Double(), nullable=nullable)


def upgrade() -> None:
    _incidents()
    _runs()
    _run_events()
    _pages()
    _signals()
    _watches()
    _pauses()
    _host_locks()
    _counters()
    _slots()
    _audit()


def _incidents() -> None:
    op.create_table(
        "incidents",
        _number("id", autoincrement=True),
        *map(_text, ("runbook", "host", "subject", "state", "origin", "severity")),
        _at("opened_at"),
        _at("updated_at"),
        _at("due_at", nullable=True),
        _at("held_since", nullable=True),
        _at("fix_started_at", nullable=True),
        _at("ended_at", nullable=True),
        *map(_text, ("requested_by", "inputs", "facts_before", "facts")),
        *map(_number, ("trigger", "step", "attempt")),
        _text("reason"),
        sa.Column("looks", sa.Text(), nullable=True),
        *map(_text, ("approved", "accepted", "paged_for")),
        sa.Column("check", sa.Boolean(), nullable=False),
        sa.Column("was_ill", sa.Boolean(), nullable=True),
        _number("version"),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "incidents_due",
        "incidents",
        ["due_at"],
        sqlite_where=sa.text("live = 1"),
        postgresql_where=sa.text("live"),
    )
    op.create_index(
        "incidents_target",
        "incidents",
        ["runbook", "host", "subject", "fix_started_at"],
    )
    op.create_index(
        "one_live_incident",
        "incidents",
        ["runbook", "host", "subject"],
        unique=True,
        sqlite_where=sa.text("live = 1"),
        postgresql_where=sa.text("live"),
    )


def _runs() -> None:
    op.create_table(
        "runs",
        _number("id", autoincrement=True),
        _number("incident"),
        *map(_text, ("runbook", "host", "kind")),
        *map(_number, ("step", "attempt")),
        *map(_text, ("playbook", "state", "variables")),
        _at("timeout"),
        sa.Column("check", sa.Boolean(), nullable=False),
        _at("planned_at"),
        _at("due_at", nullable=True),
        _at("started_at", nullable=True),
        _at("finished_at", nullable=True),
        _text("owner"),
        _at("lease_until", nullable=True),
        _number("token"),
        _text("cancel_requested"),
        sa.Column("outcome", sa.Text(), nullable=True),
        *map(_text, ("reason", "result")),
        _number("version"),
        sa.ForeignKeyConstraint(
            ["incident"],
            ["incidents.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("incident", "kind", "step", "attempt", name="one_run_per_step"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "runs_due",
        "runs",
        ["due_at"],
        sqlite_where=sa.text("state = 'planned'"),
        postgresql_where=sa.text("state = 'planned'"),
    )
    op.create_index("runs_host", "runs", ["host"])
    op.create_index("runs_state", "runs", ["state"])


def _run_events() -> None:
    op.create_table(
        "run_events",
        _number("run", autoincrement=False),
        _number("number", autoincrement=False),
        _text("kind"),
        _at("at"),
        *map(_text, ("play", "task", "host", "text", "data")),
        sa.ForeignKeyConstraint(
            ["run"],
            ["runs.id"],
        ),
        sa.PrimaryKeyConstraint("run", "number"),
    )


def _pages() -> None:
    op.create_table(
        "pages",
        _number("id", autoincrement=True),
        sa.Column("incident", NUMBER, nullable=True),
        *map(_text, ("policy", "channels", "severity", "title", "text", "dedup_key")),
        _at("created_at"),
        _at("due_at", nullable=True),
        _text("state"),
        _number("tried"),
        _text("sent_by"),
        _at("sent_at", nullable=True),
        *map(_text, ("last_error", "data")),
        _number("version"),
        sa.ForeignKeyConstraint(
            ["incident"],
            ["incidents.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "pages_due",
        "pages",
        ["due_at"],
        sqlite_where=sa.text("state = 'queued'"),
        postgresql_where=sa.text("state = 'queued'"),
    )
    op.create_index("pages_incident", "pages", ["incident"])


def _signals() -> None:
    op.create_table(
        "signals",
        _number("id", autoincrement=True),
        _text("origin"),
        _at("at"),
        *map(_text, ("host", "runbook", "subject")),
        sa.Column("firing", sa.Boolean(), nullable=False),
        _number("trigger"),
        *map(_text, ("facts", "labels", "inputs", "by", "accepted")),
        sa.Column("check", sa.Boolean(), nullable=False),
        *map(_text, ("state", "reason")),
        sa.Column("incident", NUMBER, nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "signals_received",
        "signals",
        ["id"],
        sqlite_where=sa.text("state = 'received'"),
        postgresql_where=sa.text("state = 'received'"),
    )


def _watches() -> None:
    op.create_table(
        "watches",
        _text("runbook"),
        _number("trigger", autoincrement=False),
        *map(_text, ("host", "subject")),
        _at("at"),
        _at("since", nullable=True),
        sa.Column("firing", sa.Boolean(), nullable=False),
        _number("misses"),
        *map(_text, ("verdict", "why", "facts")),
        sa.PrimaryKeyConstraint("runbook", "trigger", "host", "subject"),
    )


def _pauses() -> None:
    op.create_table(
        "pauses",
        *map(_text, ("runbook", "host")),
        _at("at"),
        *map(_text, ("by", "reason")),
        sa.PrimaryKeyConstraint("runbook", "host"),
    )


def _host_locks() -> None:
    op.create_table(
        "host_locks",
        _text("host"),
        *map(_number, ("run", "token")),
        _at("until"),
        sa.PrimaryKeyConstraint("host"),
    )


def _counters() -> None:
    op.create_table("counters", _text("name"), _number("value"), sa.PrimaryKeyConstraint("name"))
    op.execute("INSERT INTO counters (name, value) VALUES ('fencing', 0)")


def _slots() -> None:
    op.create_table("slots", *map(_text, ("job", "slot")), sa.PrimaryKeyConstraint("job", "slot"))


def _audit() -> None:
    op.create_table(
        "audit",
        _number("seq", autoincrement=False),
        _at("at"),
        *map(_text, ("actor", "action", "runbook", "host")),
        sa.Column("incident", NUMBER, nullable=True),
        sa.Column("run", NUMBER, nullable=True),
        *map(_text, ("payload", "prev", "hash")),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index("audit_incident", "audit", ["incident"])
