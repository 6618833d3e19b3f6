"""The tables, in types that SQLite and PostgreSQL share. Migrations create them, never this file.

Columns are named as the fields of the core's dataclasses; JSON is canonical text; times are
seconds since the epoch.
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, MetaData, Table, Text, UniqueConstraint, false

from autofix.store.columns import NUMBER, at, flag, id_, number, text_, where

metadata = MetaData()
incidents = Table(
    "incidents",
    metadata,
    id_(),
    *map(text_, ("runbook", "host", "subject", "state", "origin", "severity")),
    *map(at, ("opened_at", "updated_at")),
    *(at(name, nullable=True) for name in ("due_at", "held_since", "fix_started_at", "ended_at")),
    *map(text_, ("requested_by", "inputs", "facts_before", "facts")),
    *map(number, ("trigger", "step", "attempt")),
    text_("reason"),
    Column("looks", Text),
    *map(text_, ("approved", "accepted", "paged_for")),
    flag("check"),
    flag("was_ill", nullable=True),
    number("version"),
    flag("live"),  # the state is not an ended one; kept beside it for the indexes
    text_("labels", server_default="{}"),
    *(
        at(name, nullable=True)
        for name in (
            "answered_at",
            "triaged_at",
            "worked_around_at",
            "deadline_at",
            "call_at",
            "acknowledged_at",
        )
    ),
    number("calls", server_default="0"),
    text_("deadlines", server_default="{}"),
    *(flag(name, server_default=false()) for name in ("trial", "trial_passed")),
    sqlite_autoincrement=True,
)
Index(
    "one_live_incident",
    incidents.c.runbook,
    incidents.c.host,
    incidents.c.subject,
    unique=True,
    **where("live = 1", "live"),
)
Index("incidents_due", incidents.c.due_at, **where("live = 1", "live"))
Index("incidents_wave", incidents.c.runbook, incidents.c.ended_at)
Index(
    "incidents_target",
    incidents.c.runbook,
    incidents.c.host,
    incidents.c.subject,
    incidents.c.fix_started_at,
)

Index("incidents_call", incidents.c.call_at, **where("call_at IS NOT NULL"))
Index("incidents_deadline", incidents.c.deadline_at, **where("live = 1", "live"))
Index("incidents_state", incidents.c.state)
Index(  # holds all that histories count
    "incidents_history",
    *(
        incidents.c[name]
        for name in ("runbook", "opened_at", "check", "state", "ended_at", "calls")
    ),
)

runs = Table(
    "runs",
    metadata,
    id_(),
    Column("incident", NUMBER, ForeignKey("incidents.id"), nullable=False),
    *map(text_, ("runbook", "host", "kind")),
    *map(number, ("step", "attempt")),
    *map(text_, ("playbook", "state", "variables")),
    at("timeout"),
    flag("check"),
    at("planned_at"),
    *(at(name, nullable=True) for name in ("due_at", "started_at", "finished_at")),
    text_("owner"),
    at("lease_until", nullable=True),
    number("token"),
    text_("cancel_requested"),
    Column("outcome", Text),
    *map(text_, ("reason", "result")),
    number("version"),
    UniqueConstraint("incident", "kind", "step", "attempt", name="one_run_per_step"),
    sqlite_autoincrement=True,
)
Index("runs_due", runs.c.due_at, **where("state = 'planned'"))
# Lists of runs go by one of these, newest first.
Index("runs_state", runs.c.state, runs.c.id)
Index("runs_host", runs.c.host, runs.c.id)
Index("runs_runbook", runs.c.runbook, runs.c.id)
Index("runs_outcome", runs.c.outcome, runs.c.id)
Index("runs_ok", runs.c.playbook, runs.c.id, **where("outcome = 'ok'"))
Index("runs_started", runs.c.started_at)

run_events = Table(
    "run_events",
    metadata,
    Column("run", NUMBER, ForeignKey("runs.id"), primary_key=True, autoincrement=False),
    Column("number", NUMBER, primary_key=True, autoincrement=False),
    text_("kind"),
    at("at"),
    *map(text_, ("play", "task", "host", "text", "data")),
)
Index(
    "run_events_failed",
    run_events.c.run,
    run_events.c.number,
    **where("kind = 'failed' OR kind = 'unreachable'"),
)

host_locks = Table(
    "host_locks",
    metadata,
    Column("host", Text, primary_key=True),
    *map(number, ("run", "token")),
    at("until"),
)

#: NUMBERs that only grow: the fencing token.
counters = Table("counters", metadata, Column("name", Text, primary_key=True), number("value"))

signals = Table(
    "signals",
    metadata,
    id_(),
    text_("origin"),
    at("at"),
    *map(text_, ("host", "runbook", "subject")),
    flag("firing"),
    number("trigger"),
    *map(text_, ("facts", "labels", "inputs", "by", "accepted")),
    flag("check"),
    *map(text_, ("state", "reason")),
    number("incident", nullable=True),
    sqlite_autoincrement=True,
)
Index("signals_received", signals.c.id, **where("state = 'received'"))
Index(
    "signals_waiting",
    signals.c.runbook,
    signals.c.host,
    signals.c.subject,
    **where("state = 'received'"),
)

watches = Table(
    "watches",
    metadata,
    Column("runbook", Text, primary_key=True),
    Column("trigger", NUMBER, primary_key=True, autoincrement=False),
    Column("host", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    at("at"),
    at("since", nullable=True),
    flag("firing"),
    number("misses"),
    *map(text_, ("verdict", "why", "facts")),
)

pauses = Table(
    "pauses",
    metadata,
    Column("runbook", Text, primary_key=True),
    Column("host", Text, primary_key=True),
    at("at"),
    *map(text_, ("by", "reason")),
    flag("cancel_running", server_default=false()),
    text_("id", server_default=""),
)

pages = Table(
    "pages",
    metadata,
    id_(),
    Column("incident", NUMBER, ForeignKey("incidents.id")),
    *map(text_, ("policy", "channels", "severity", "title", "text", "dedup_key")),
    at("created_at"),
    at("due_at", nullable=True),
    text_("state"),
    number("tried"),
    text_("sent_by"),
    at("sent_at", nullable=True),
    *map(text_, ("last_error", "data")),
    number("version"),
    text_("kind", server_default="call"),
    text_("runbook", server_default=""),
    number("level", server_default="0"),
    number("count", server_default="1"),
    sqlite_autoincrement=True,
)
Index("pages_due", pages.c.due_at, **where("state = 'queued'"))
Index("pages_incident", pages.c.incident)
Index("pages_runbook", pages.c.runbook, pages.c.created_at)

#: What a digest is about. No foreign keys: retention drops pages and incidents each in its time.
members = Table(
    "members",
    metadata,
    id_(),
    number("page"),
    number("incident", nullable=True),
    *map(text_, ("target", "why")),
    at("at"),
    flag("lasting"),
    sqlite_autoincrement=True,
)
Index("members_page", members.c.page)
Index("members_incident", members.c.incident)

silences = Table(
    "silences",
    metadata,
    id_(),
    at("at"),
    *map(text_, ("by", "reason")),
    *map(at, ("starts_at", "until")),
    *map(text_, ("runbook", "host", "group", "labels")),
    at("ended_at", nullable=True),
    text_("ended_by"),
    sqlite_autoincrement=True,
)

Index("silences_until", silences.c.until)

resets = Table(
    "resets",
    metadata,
    Column("runbook", Text, primary_key=True),
    Column("host", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    at("at"),
    *map(text_, ("by", "reason")),
)

ack_codes = Table(
    "ack_codes",
    metadata,
    Column("digest", Text, primary_key=True),
    number("incident"),
    *map(at, ("created_at", "until")),
    at("used_at", nullable=True),
    number("page", server_default="0"),
)

marks = Table("marks", metadata, Column("name", Text, primary_key=True), at("at"), text_("data"))

#: Who leads where no file lock can say it (PostgreSQL): one row, on the database's clock.
leaders = Table(
    "leaders",
    metadata,
    Column("name", Text, primary_key=True),
    text_("owner"),
    number("token"),
    at("until"),
)

slots = Table(
    "slots", metadata, Column("job", Text, primary_key=True), Column("slot", Text, primary_key=True)
)

audit = Table(
    "audit",
    metadata,
    Column("seq", NUMBER, primary_key=True, autoincrement=False),
    at("at"),
    *map(text_, ("actor", "action", "runbook", "host")),
    number("incident", nullable=True),
    number("run", nullable=True),
    *map(text_, ("payload", "prev", "hash")),
)
Index("audit_incident", audit.c.incident)

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("size", NUMBER, primary_key=True, autoincrement=False),
    text_("head"),
    at("at"),
    text_("key"),
    number("before"),
    text_("signature"),
)

archives = Table(
    "archives",
    metadata,
    Column("first", NUMBER, primary_key=True, autoincrement=False),
    number("last"),
    *map(text_, ("head", "file", "sha256")),
    at("at"),
    *map(text_, ("key", "signature")),
)
