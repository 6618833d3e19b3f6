"""MySQL and MariaDB: the facts, and those of the server as a whole. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from autofix.core.readings import Fact, Value
from autofix.probes.common import table
from autofix.probes.words import one_line

FACTS: Mapping[str, Fact] = table(
    Fact("limited", "string", "what this user may not see; absent when nothing is missing"),
    Fact("port", "integer", "the port looked at; absent on a Unix socket"),
    Fact("flavour", "string", "mysql, mariadb or percona"),
    Fact("version", "string", "version of the server"),
    Fact("uptime_seconds", "integer", "since the server started", "s"),
    Fact("read_only", "boolean", "refuses changes by ordinary users"),
    Fact("gtid_mode", "string", "MySQL: gtid_mode; MariaDB replica: Using_Gtid"),
    # replication
    Fact("is_replica", "boolean", "replication from a source is set up here"),
    Fact("channel", "string", "the replication channel; empty for the only, unnamed one"),
    Fact("replica_running", "boolean", "receiver and applier both run"),
    Fact("replica_io_running", "boolean", "the receiver runs and is connected"),
    Fact("replica_sql_running", "boolean", "the applier runs"),
    Fact("replica_io_state", "string", "what the receiver does"),
    Fact("replica_sql_state", "string", "what the applier does"),
    Fact("replica_lag_seconds", "integer", "behind the source; absent when a thread stands", "s"),
    Fact("replica_delay_seconds", "integer", "delay that was asked for (SQL_Delay)", "s"),
    Fact("replica_last_errno", "integer", "error of the applier, else of the receiver; 0: none"),
    Fact("replica_last_error", "string", "its text; absent without an error"),
    Fact("replica_io_errno", "integer", "last error of the receiver; 0: none"),
    Fact("replica_sql_errno", "integer", "last error of the applier; 0: none"),
    Fact("replica_error_passing", "boolean", "there are errors, and all may pass by themselves"),
    Fact("replica_position", "string", "applied up to (source's log file:position)"),
    Fact("replica_received_position", "string", "received up to (file:position)"),
    Fact("replica_behind_bytes", "integer", "received, not applied; within one file", "bytes"),
    Fact("replica_gtid", "string", "applied GTIDs, where GTIDs are used"),
    Fact("replica_caught_up", "boolean", "receiver runs and all it received is applied"),
    Fact("replica_position_moves", "boolean", "applied something during `settle`"),
    Fact("replica_moving_or_caught_up", "boolean", "either; absent when not told apart"),
    Fact("applier_threads", "integer", "threads that apply in parallel; 0: one applies"),
    Fact("innodb_flush_log_at_trx_commit", "integer", "1: each commit is flushed to the disk"),
    Fact("sync_binlog", "integer", "commits between syncs of the binary log; 0: never by itself"),
    # connections and statements
    Fact("threads_connected", "integer", "client connections now"),
    Fact("threads_running", "integer", "of these, working now"),
    Fact("max_connections", "integer", "limit of client connections"),
    Fact("connections_ratio", "number", "threads_connected / max_connections"),
    Fact("aborted_connects", "integer", "failed attempts to connect (counter)"),
    Fact("slow_queries", "integer", "statements over long_query_time (counter)"),
    Fact("queries", "integer", "statements since the start (counter)"),
    Fact("longest_query_seconds", "integer", "the longest running statement; 0: none", "s"),
    Fact("longest_query_id", "integer", "its connection"),
    Fact("longest_query_user", "string", "its user"),
    Fact("long_transactions", "integer", "open for longer than `long_transaction`"),
    Fact("longest_transaction_seconds", "integer", "the oldest open transaction; 0: none", "s"),
    Fact("waiting_for_metadata_lock", "integer", "connections that wait for one"),
    Fact("applier_waiting_for_lock", "boolean", "replica: the applier waits for a lock"),
    Fact("blocking_query_seconds", "integer", "replica: the oldest that may hold it", "s"),
    Fact("blocking_query_ids", "list", "replica: connections that may hold it, oldest first"),
)

STATUS = (
    "Aborted_connects",
    "Queries",
    "Slow_queries",
    "Threads_connected",
    "Threads_running",
    "Uptime",
)
#: What the number of applying threads is called: MariaDB, MySQL, MySQL before 8.0.26.
_THREADS = ("slave_parallel_threads", "replica_parallel_workers", "slave_parallel_workers")
VARIABLES = (
    "gtid_mode",
    "innodb_flush_log_at_trx_commit",
    "max_connections",
    "read_only",
    "sync_binlog",
    *_THREADS,
)

Row = Mapping[str, Any]
_MAX = 2**53 - 1  # beyond this JSON readers disagree


@dataclass(frozen=True)
class Dialect:
    """Which server answers: the words of its statements depend on it."""

    flavour: str  # mysql | mariadb | percona
    version: tuple[int, ...]

    @property
    def mariadb(self) -> bool:
        return self.flavour == "mariadb"

    @property
    def text(self) -> str:
        return ".".join(str(part) for part in self.version)


def dialect_of(version: object, comment: object = "") -> Dialect:
    """From VERSION() and @@version_comment (`10.11.6-MariaDB-0+deb12u1`, `8.0.36-28`)."""
    text = str(version or "")
    both = f"{text} {comment or ''}".lower()
    flavour = next((name for name in ("mariadb", "percona") if name in both), "mysql")
    # Old MariaDB says 5.5.5- before its own version, to please old replicas.
    numbers = re.match(r"\d+(?:\.\d+)*", text.removeprefix("5.5.5-") if "maria" in both else text)
    parts = numbers.group().split(".")[:3] if numbers else ()
    return Dialect(flavour, tuple(int(part[:9]) for part in parts))


def server_facts(
    dialect: Dialect, status: Iterable[Row], settings: Iterable[Row]
) -> dict[str, Value]:
    """From SHOW GLOBAL STATUS and SHOW GLOBAL VARIABLES (rows Variable_name, Value)."""
    seen, chosen = _pairs(status), _pairs(settings)
    facts: dict[str, Value] = {"reachable": True, "error": None, "flavour": dialect.flavour}
    put(facts, "version", dialect.text or None)
    put(facts, "uptime_seconds", integer(seen.get("uptime")))
    for name in ("aborted_connects", "queries", "slow_queries"):
        put(facts, name, integer(seen.get(name)))
    for name in ("threads_connected", "threads_running"):
        put(facts, name, integer(seen.get(name)))
    put(facts, "max_connections", integer(chosen.get("max_connections")))
    if facts.get("max_connections") and "threads_connected" in facts:
        facts["connections_ratio"] = facts["threads_connected"] / facts["max_connections"]
    if "read_only" in chosen:
        # MariaDB 11 also says NO_LOCK and the like, all of them stricter than ON.
        facts["read_only"] = str(chosen["read_only"]).upper() not in ("OFF", "0")
    put(facts, "gtid_mode", text(chosen.get("gtid_mode"), 40))
    put(facts, "applier_threads", _threads(chosen))
    for name in ("innodb_flush_log_at_trx_commit", "sync_binlog"):
        put(facts, name, integer(chosen.get(name)))
    return facts


def _threads(chosen: Mapping[str, Any]) -> int | None:
    return next((integer(chosen[name]) for name in _THREADS if name in chosen), None)


def in_order(facts: Mapping[str, Value]) -> dict[str, Value]:
    """The same facts in the order of the table."""
    return {name: facts[name] for name in FACTS if name in facts}


def put(facts: dict[str, Value], name: str, value: Value) -> None:
    """Set a fact unless it is unknown."""
    if value is not None:
        facts[name] = value


def integer(value: object) -> int | None:
    """A whole number from whatever the driver made of it, None when it is none."""
    if value is None or isinstance(value, bytes):
        return None
    try:
        number = float(str(value))
    except ValueError:
        return None
    return int(number) if math.isfinite(number) and abs(number) <= _MAX else None


def text(value: object, limit: int = 500) -> str | None:
    """One line, None when there is nothing."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return one_line(value, limit) if value not in (None, "") else None


def _pairs(rows: Iterable[Row]) -> dict[str, Any]:
    return {str(row.get("Variable_name", "")).lower(): row.get("Value") for row in rows}
