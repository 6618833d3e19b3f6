"""The tables, in types that SQLite and PostgreSQL share. Migrations create them, never this file.

Columns are named as the fields of the core's dataclasses; JSON is canonical text; times are
seconds since the epoch.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

metadata = MetaData()
#: SQLite counts by itself only in INTEGER columns.
Number = BigInteger().with_variant(Integer, "sqlite")


def _id() -> Column[int]:
    return Column("id", Number, primary_key=True, autoincrement=True)


def _text(name: str, **options: Any) -> Column[str]:
    return Column(name, Text, nullable=False, **options)


def _number(name: str, **options: Any) -> Column[int]:
    return Column(name, Number, nullable=options.pop("nullable", False), **options)


def _at(name: str, *, nullable: bool = False) -> Column[float]:
    return Column(name, Double, nullable=nullable)


def _flag(name: str, *, nullable: bool = False, **options: Any) -> Column[bool]:
    return Column(name, Boolean, nullable=nullable, **options)


def _where(sqlite: str, postgresql: str = "") -> dict[str, Any]:
    return {"sqlite_where": text(sqlite), "postgresql_where": text(postgresql or sqlite)}


incidents = Table(
    "incidents",
    metadata,
    _id(),
    *map(_text, ("runbook", "host", "subject", "state", "origin", "severity")),
    *map(_at, ("opened_at", "updated_at")),
    *(_at(name, nullable=True) for name in ("due_at", "held_since", "fix_started_at", "ended_at")),
    *map(_text, ("requested_by", "inputs", "facts_before", "facts")),
    *map(_number, ("trigger", "step", "attempt")),
    _text("reason"),
    Column("looks", Text),
    *map(_text, ("approved", "accepted", "paged_for")),
    _flag("check"),
    _flag("was_ill", nullable=True),
    _number("version"),
    _flag("live"),  # the state is not an ended one; kept beside it for the indexes
    _text("labels", server_default="{}"),
    *(
        _at(name, nullable=True)
        for name in (
            "answered_at",
            "triaged_at",
            "worked_around_at",
            "deadline_at",
            "call_at",
            "acknowledged_at",
        )
    ),
    _number("calls", server_default="0"),
    _text("deadlines", server_default="{}"),
    *(_flag(name, server_default=false()) for name in ("trial", "trial_passed")),
    sqlite_autoincrement=True,
)
Index(
    "one_live_incident",
    incidents.c.runbook,
    incidents.c.host,
    incidents.c.subject,
    unique=True,
    **_where("live = 1", "live"),
)
Index("incidents_due", incidents.c.due_at, **_where("live = 1", "live"))
Index("incidents_wave", incidents.c.runbook, incidents.c.ended_at)
Index(
    "incidents_target",
    incidents.c.runbook,
    incidents.c.host,
    incidents.c.subject,
    incidents.c.fix_started_at,
)

Index("incidents_call", incidents.c.call_at, **_where("call_at IS NOT NULL"))
Index("incidents_deadline", incidents.c.deadline_at, **_where("live = 1", "live"))
Index("incidents_state", incidents.c.state)

runs = Table(
    "runs",
    metadata,
    _id(),
    Column("incident", Number, ForeignKey("incidents.id"), nullable=False),
    *map(_text, ("runbook", "host", "kind")),
    *map(_number, ("step", "attempt")),
    *map(_text, ("playbook", "state", "variables")),
    _at("timeout"),
    _flag("check"),
    _at("planned_at"),
    *(_at(name, nullable=True) for name in ("due_at", "started_at", "finished_at")),
    _text("owner"),
    _at("lease_until", nullable=True),
    _number("token"),
    _text("cancel_requested"),
    Column("outcome", Text),
    *map(_text, ("reason", "result")),
    _number("version"),
    UniqueConstraint("incident", "kind", "step", "attempt", name="one_run_per_step"),
    sqlite_autoincrement=True,
)
Index("runs_due", runs.c.due_at, **_where("state = 'planned'"))
Index("runs_state", runs.c.state)
Index("runs_host", runs.c.host)
Index("runs_started", runs.c.started_at)

run_events = Table(
    "run_events",
    metadata,
    Column("run", Number, ForeignKey("runs.id"), primary_key=True, autoincrement=False),
    Column("number", Number, primary_key=True, autoincrement=False),
    _text("kind"),
    _at("at"),
    *map(_text, ("play", "task", "host", "text", "data")),
)

host_locks = Table(
    "host_locks",
    metadata,
    Column("host", Text, primary_key=True),
    *map(_number, ("run", "token")),
    _at("until"),
)

#: Numbers that only grow: the fencing token.
counters = Table("counters", metadata, Column("name", Text, primary_key=True), _number("value"))

signals = Table(
    "signals",
    metadata,
    _id(),
    _text("origin"),
    _at("at"),
    *map(_text, ("host", "runbook", "subject")),
    _flag("firing"),
    _number("trigger"),
    *map(_text, ("facts", "labels", "inputs", "by", "accepted")),
    _flag("check"),
    *map(_text, ("state", "reason")),
    _number("incident", nullable=True),
    sqlite_autoincrement=True,
)
Index("signals_received", signals.c.id, **_where("state = 'received'"))

watches = Table(
    "watches",
    metadata,
    Column("runbook", Text, primary_key=True),
    Column("trigger", Number, primary_key=True, autoincrement=False),
    Column("host", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    _at("at"),
    _at("since", nullable=True),
    _flag("firing"),
    _number("misses"),
    *map(_text, ("verdict", "why", "facts")),
)

pauses = Table(
    "pauses",
    metadata,
    Column("runbook", Text, primary_key=True),
    Column("host", Text, primary_key=True),
    _at("at"),
    *map(_text, ("by", "reason")),
    Column("cancel_running", Boolean, nullable=False, server_default=false()),
    _text("id", server_default=""),
)

pages = Table(
    "pages",
    metadata,
    _id(),
    Column("incident", Number, ForeignKey("incidents.id")),
    *map(_text, ("policy", "channels", "severity", "title", "text", "dedup_key")),
    _at("created_at"),
    _at("due_at", nullable=True),
    _text("state"),
    _number("tried"),
    _text("sent_by"),
    _at("sent_at", nullable=True),
    *map(_text, ("last_error", "data")),
    _number("version"),
    _text("kind", server_default="call"),
    _text("runbook", server_default=""),
    _number("level", server_default="0"),
    _number("count", server_default="1"),
    sqlite_autoincrement=True,
)
Index("pages_due", pages.c.due_at, **_where("state = 'queued'"))
Index("pages_incident", pages.c.incident)
Index("pages_runbook", pages.c.runbook, pages.c.created_at)

#: What a digest is about. No foreign keys: retention drops pages and incidents each in its time.
members = Table(
    "members",
    metadata,
    _id(),
    _number("page"),
    _number("incident", nullable=True),
    *map(_text, ("target", "why")),
    _at("at"),
    _flag("lasting"),
    sqlite_autoincrement=True,
)
Index("members_page", members.c.page)
Index("members_incident", members.c.incident)

silences = Table(
    "silences",
    metadata,
    _id(),
    _at("at"),
    *map(_text, ("by", "reason")),
    *map(_at, ("starts_at", "until")),
    *map(_text, ("runbook", "host", "group", "labels")),
    _at("ended_at", nullable=True),
    _text("ended_by"),
    sqlite_autoincrement=True,
)

Index("silences_until", silences.c.until)

resets = Table(
    "resets",
    metadata,
    Column("runbook", Text, primary_key=True),
    Column("host", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    _at("at"),
    *map(_text, ("by", "reason")),
)

ack_codes = Table(
    "ack_codes",
    metadata,
    Column("digest", Text, primary_key=True),
    _number("incident"),
    *map(_at, ("created_at", "until")),
    _at("used_at", nullable=True),
    _number("page", server_default="0"),
)

marks = Table("marks", metadata, Column("name", Text, primary_key=True), _at("at"), _text("data"))

#: Who leads where no file lock can say it (PostgreSQL): one row, on the database's clock.
leaders = Table(
    "leaders",
    metadata,
    Column("name", Text, primary_key=True),
    _text("owner"),
    _number("token"),
    _at("until"),
)

slots = Table(
    "slots", metadata, Column("job", Text, primary_key=True), Column("slot", Text, primary_key=True)
)

audit = Table(
    "audit",
    metadata,
    Column("seq", Number, primary_key=True, autoincrement=False),
    _at("at"),
    *map(_text, ("actor", "action", "runbook", "host")),
    _number("incident", nullable=True),
    _number("run", nullable=True),
    *map(_text, ("payload", "prev", "hash")),
)
Index("audit_incident", audit.c.incident)

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("size", Number, primary_key=True, autoincrement=False),
    _text("head"),
    _at("at"),
    _text("key"),
    _number("before"),
    _text("signature"),
)

archives = Table(
    "archives",
    metadata,
    Column("first", Number, primary_key=True, autoincrement=False),
    _number("last"),
    *map(_text, ("head", "file", "sha256")),
    _at("at"),
    *map(_text, ("key", "signature")),
)
