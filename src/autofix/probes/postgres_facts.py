"""PostgreSQL: the questions, and what their answers mean. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from autofix.core.readings import Fact, Value
from autofix.probes.common import table
from autofix.probes.words import one_line

FACTS: Mapping[str, Fact] = table(
    Fact("limited", "string", "what this user may not see; absent when nothing is missing"),
    Fact("port", "integer", "the port looked at"),
    Fact("version", "string", "version of the server"),
    Fact("uptime_seconds", "number", "since the server started", "s"),
    # replication
    Fact("is_replica", "boolean", "it is a standby: it replays what a primary writes"),
    Fact("replica_running", "boolean", "standby: it receives from its primary now"),
    Fact("replica_paused", "boolean", "standby: replay is paused"),
    Fact("replica_lag_seconds", "number", "standby: behind; primary: the worst standby", "s"),
    Fact("replica_lag_bytes", "integer", "standby: behind; primary: the worst standby", "bytes"),
    Fact("standbys", "list", "who receives from here: name, address, state, sync, lag"),
    Fact("standby_count", "integer", "how many receive from here"),
    Fact("slots", "integer", "replication slots"),
    Fact("slots_inactive", "integer", "of these, that nobody uses now"),
    Fact("slot_retained_bytes", "integer", "WAL that the oldest slot keeps; 0: none", "bytes"),
    Fact("slot_retained_name", "string", "which slot that is"),
    Fact("wal_bytes", "integer", "size of all WAL files", "bytes"),
    # sessions
    Fact("connections", "integer", "client connections, without ours"),
    Fact("max_connections", "integer", "limit of connections"),
    Fact("connections_ratio", "number", "connections / max_connections"),
    Fact("active", "integer", "connections with a statement that runs"),
    Fact("idle", "integer", "connections that do nothing"),
    Fact("idle_in_transaction", "integer", "connections that do nothing with a transaction open"),
    Fact("longest_query_seconds", "number", "the longest running statement; 0: none", "s"),
    Fact("longest_transaction_seconds", "number", "the oldest open transaction; 0: none", "s"),
    Fact("longest_idle_in_transaction_seconds", "number", "idle with one open; 0: none", "s"),
    Fact("waiting_for_lock", "integer", "connections that wait for a lock"),
    Fact("deadlocks", "integer", "since the statistics were reset (counter)"),
    # storage
    Fact("database_bytes", "integer", "size of the database that was connected to", "bytes"),
    Fact("xid_age", "integer", "transactions since the oldest database was frozen"),
    Fact("xid_ratio", "number", "xid_age of the 2^31 at which it refuses to write"),
    Fact("dead_tuples", "integer", "of the table with the worst ratio, in this database"),
    Fact("dead_tuples_ratio", "number", "dead of all rows there; tables from 1000 rows on"),
    Fact("dead_tuples_table", "string", "which table that is"),
    Fact("bloat_bytes", "integer", "with `bloat`: estimate for the most bloated table", "bytes"),
    Fact("bloat_ratio", "number", "the part of that table that is bloat, an estimate"),
    Fact("bloat_table", "string", "which table that is"),
)
OLDEST = 100000  # server_version_num: PostgreSQL 10
STOPS_AT = 2**31
_STANDBYS_TOLD = 50

SERVER = """
SELECT current_setting('server_version_num')::int AS number,
       current_setting('server_version') AS version,
       pg_is_in_recovery() AS replica,
       extract(epoch FROM clock_timestamp() - pg_postmaster_start_time())::float8 AS uptime,
       current_setting('max_connections')::int AS max_connections,
       current_setting('block_size')::int AS block"""
MONITOR = "SELECT pg_has_role(current_user, 'pg_monitor', 'USAGE') AS monitor"
SESSIONS = """
SELECT state, count(*)::int AS count,
       max(extract(epoch FROM clock_timestamp() - xact_start))::float8 AS transaction,
       max(extract(epoch FROM clock_timestamp() - query_start))::float8 AS query,
       max(extract(epoch FROM clock_timestamp() - state_change))::float8 AS unchanged
  FROM pg_stat_activity
 WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
 GROUP BY state"""
COUNTS = """
SELECT (SELECT coalesce(sum(deadlocks), 0)::bigint FROM pg_stat_database) AS deadlocks,
       (SELECT max(age(datfrozenxid))::bigint FROM pg_database) AS xid_age,
       (SELECT count(DISTINCT pid)::int FROM pg_locks WHERE NOT granted) AS waiting,
       pg_database_size(current_database())::bigint AS size"""
_NOW_AT = """CASE WHEN pg_is_in_recovery()
       THEN coalesce(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())
       ELSE pg_current_wal_lsn() END"""
STANDBYS = """
SELECT application_name AS name, host(client_addr) AS address, state, sync_state AS sync,
       pg_wal_lsn_diff(NOW_AT, replay_lsn)::float8 AS bytes,
       extract(epoch FROM replay_lag)::float8 AS seconds
  FROM pg_stat_replication WHERE state IS DISTINCT FROM 'backup'
 ORDER BY 5 DESC NULLS LAST, 1""".replace("NOW_AT", _NOW_AT)
# Received and replayed are equal as well when nothing is received any more: only a receiver that
# streams makes that "no lag".
STANDBY = """
SELECT r.status,
       pg_wal_lsn_diff(r.latest_end_lsn, pg_last_wal_replay_lsn())::float8 AS bytes,
       pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() AS applied,
       extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())::float8 AS since,
       pg_is_wal_replay_paused() AS paused
  FROM (SELECT 1) AS one LEFT JOIN pg_stat_wal_receiver AS r ON true"""
SLOTS = """
SELECT slot_name AS name, active, pg_wal_lsn_diff(NOW_AT, restart_lsn)::float8 AS bytes
  FROM pg_replication_slots ORDER BY 3 DESC NULLS LAST, 1""".replace("NOW_AT", _NOW_AT)
WAL = "SELECT coalesce(sum(size), 0)::bigint AS size FROM pg_ls_waldir()"
DEAD = """
SELECT schemaname || '.' || relname AS name, n_dead_tup::bigint AS dead,
       (n_dead_tup::float8 / (n_dead_tup + n_live_tup)) AS ratio
  FROM pg_stat_user_tables WHERE n_dead_tup + n_live_tup >= 1000
 ORDER BY 3 DESC, 2 DESC LIMIT 1"""
# Only tables of which every column has statistics, and of these the largest 200.
BLOAT = """
SELECT b.schema || '.' || b.name AS name, b.pages, b.rows, b.fill, s.width, s.nullable
  FROM (SELECT c.oid, n.nspname AS schema, c.relname AS name,
               c.relpages::float8 AS pages, c.reltuples::float8 AS rows,
               coalesce((SELECT option_value::float8 FROM pg_options_to_table(c.reloptions)
                          WHERE option_name = 'fillfactor'), 100) / 100 AS fill
          FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
         WHERE c.relkind IN ('r', 'm') AND c.relpages >= 128 AND c.reltuples > 0
           AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
         ORDER BY c.relpages DESC LIMIT 200) AS b
 CROSS JOIN LATERAL (
       SELECT sum((1 - null_frac) * avg_width)::float8 AS width, count(*) AS columns,
              coalesce(bool_or(null_frac > 0), false) AS nullable
         FROM pg_stats WHERE schemaname = b.schema AND tablename = b.name AND NOT inherited) AS s
 WHERE s.columns = (SELECT count(*) FROM pg_attribute
                     WHERE attrelid = b.oid AND attnum > 0 AND NOT attisdropped)"""

Row = Mapping[str, Any]


def server_facts(row: Row) -> dict[str, Value]:
    return {
        "version": one_line(row["version"], 100),
        "uptime_seconds": round(row["uptime"], 1),
        "is_replica": row["replica"],
        "max_connections": row["max_connections"],
    }


def session_facts(rows: Sequence[Row], most: int, *, monitor: bool) -> dict[str, Value]:
    """Without pg_monitor the states of others are hidden: only their number is known then."""
    connections = sum(row["count"] for row in rows)
    facts: dict[str, Value] = {
        "connections": connections,
        "connections_ratio": round(connections / most, 4) if most else None,
    }
    if not monitor:
        return facts
    idle_open = [row for row in rows if str(row["state"]).startswith("idle in transaction")]
    active = [row for row in rows if row["state"] == "active"]
    return {
        **facts,
        "active": sum(row["count"] for row in active),
        "idle": sum(row["count"] for row in rows if row["state"] == "idle"),
        "idle_in_transaction": sum(row["count"] for row in idle_open),
        "longest_query_seconds": _longest(row["query"] for row in active),
        "longest_transaction_seconds": _longest(row["transaction"] for row in rows),
        "longest_idle_in_transaction_seconds": _longest(row["unchanged"] for row in idle_open),
    }


def count_facts(row: Row) -> dict[str, Value]:
    age = row["xid_age"]
    return {
        "deadlocks": row["deadlocks"],
        "xid_age": age,
        "xid_ratio": None if age is None else round(age / STOPS_AT, 4),
        "waiting_for_lock": row["waiting"],
        "database_bytes": row["size"],
    }


def standbys_facts(rows: Sequence[Row], *, replica: bool) -> dict[str, Value]:
    """Who receives from here. A primary's lag is that of its worst standby."""
    told = [
        {
            "name": one_line(row["name"], 100),
            "address": row["address"],
            "state": row["state"],
            "sync": row["sync"],
            "lag_bytes": _bytes(row["bytes"]),
            "lag_seconds": _behind(row),
        }
        for row in rows
    ]
    facts: dict[str, Value] = {"standbys": told[:_STANDBYS_TOLD], "standby_count": len(rows)}
    if not replica:
        facts["replica_lag_bytes"] = _worst(each["lag_bytes"] for each in told)
        facts["replica_lag_seconds"] = _worst(each["lag_seconds"] for each in told)
    return facts


def standby_facts(row: Row, *, monitor: bool) -> dict[str, Value]:
    """A standby's own view. Whether it receives at all is hidden without pg_monitor."""
    facts: dict[str, Value] = {"replica_paused": row["paused"]}
    if not monitor:
        return facts
    streams = row["status"] == "streaming"
    behind = _bytes(row["bytes"]) if streams else None
    facts |= {"replica_running": streams, "replica_lag_bytes": behind}
    if streams and row["applied"] and behind == 0:
        return {**facts, "replica_lag_seconds": 0}
    since = row["since"]
    return {**facts, "replica_lag_seconds": None if since is None else round(max(0.0, since), 3)}


def slot_facts(rows: Sequence[Row]) -> dict[str, Value]:
    facts: dict[str, Value] = {
        "slots": len(rows),
        "slots_inactive": sum(not row["active"] for row in rows),
        "slot_retained_bytes": 0,
    }
    kept = [row for row in rows if row["bytes"] is not None]
    if kept:
        most = max(kept, key=lambda row: float(row["bytes"]))
        facts["slot_retained_bytes"] = _bytes(most["bytes"])
        facts["slot_retained_name"] = one_line(most["name"], 100)
    return facts


def dead_facts(rows: Sequence[Row]) -> dict[str, Value]:
    if not rows:
        return {"dead_tuples": 0, "dead_tuples_ratio": 0}
    row = rows[0]
    return {
        "dead_tuples": row["dead"],
        "dead_tuples_ratio": round(row["ratio"], 4),
        "dead_tuples_table": one_line(row["name"], 140),
    }


def bloat_facts(rows: Sequence[Row], block: int) -> dict[str, Value]:
    """The table that would shrink most if it were written anew, by the planner's statistics."""
    worst: tuple[float, float, str] = (0.0, 0.0, "")
    for row in rows:
        needed = _pages_needed(row, block)
        spare = max(0.0, row["pages"] - needed)
        worst = max(worst, (spare * block, spare / row["pages"], str(row["name"])))
    spare_bytes, ratio, name = worst
    facts: dict[str, Value] = {"bloat_bytes": int(spare_bytes), "bloat_ratio": round(ratio, 4)}
    return {**facts, "bloat_table": one_line(name, 140)} if name else facts


def _pages_needed(row: Row, block: int) -> float:
    """A row is a pointer of 4 bytes, a header of 24 (with a bitmap of nulls 32) and its data,
    aligned to 8; a page has a header of 24."""
    header = 32 if row["nullable"] else 24
    each = 4 + math.ceil((header + (row["width"] or 0.0)) / 8) * 8
    needed: float = math.ceil(row["rows"] * each / ((block - 24) * row["fill"]))
    return needed


def _behind(row: Row) -> float | int | None:
    """`replay_lag` is null once nothing is sent: that is no lag when all was replayed."""
    if row["seconds"] is not None:
        return round(max(0.0, float(row["seconds"])), 3)
    return 0 if row["bytes"] == 0 else None


def _bytes(value: Any) -> int | None:
    return None if value is None else max(0, int(value))


def _longest(values: Iterable[Any]) -> float:
    return round(max((float(value) for value in values if value is not None), default=0.0), 3)


def _worst(values: Iterable[Any]) -> Any:
    """None when nobody receives, and when of one it is not known."""
    found = list(values)
    return max(found) if found and None not in found else None
