"""MySQL and MariaDB: a row of SHOW REPLICA STATUS, in any dialect, turned into facts. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autofix.core.readings import Value
from autofix.probes.mysql_facts import Dialect, Row, integer, put, text

#: Errors that can pass by themselves: the thread may simply be started again. Everything else
#: (1062 duplicate key, 1032 row not found, 1236 binlog gone, …) says that the data differ, or
#: that a setting is wrong, and is for a person.
PASSING = frozenset(
    {
        1040,  # too many connections at the source
        1053,  # the source was shutting down
        1158,  # reading a packet failed
        1159,  # reading timed out
        1160,  # writing a packet failed
        1161,  # writing timed out
        1205,  # lock wait timeout
        1213,  # deadlock
        2002,  # can't connect through the socket
        2003,  # can't connect
        2006,  # the server has gone away
        2013,  # the connection was lost
    }
)

REPLICA, SLAVE, ALL_SLAVES = "SHOW REPLICA STATUS", "SHOW SLAVE STATUS", "SHOW ALL SLAVES STATUS"
_RENAMED_IN = (8, 0, 22)  # MySQL says replica and source since then


def statements(dialect: Dialect) -> tuple[str, ...]:
    """How to ask this server for its replication, the likeliest first."""
    if dialect.mariadb:
        return (ALL_SLAVES, SLAVE)  # MariaDB takes the old words in every version
    return (REPLICA, SLAVE) if dialect.version >= _RENAMED_IN else (SLAVE, REPLICA)


def replica_facts(row: Row) -> dict[str, Value]:
    """The facts of one channel. Never raises; what the row doesn't tell is absent."""
    row = _old_words(row)
    facts: dict[str, Value] = {"is_replica": True, "channel": _channel(row)}
    # "Connecting" and "Preparing" mean: started, but nothing is received.
    receives = str(row.get("Slave_IO_Running", "")).lower() == "yes"
    applies = str(row.get("Slave_SQL_Running", "")).lower() == "yes"
    facts["replica_running"] = receives and applies
    facts["replica_io_running"] = receives
    facts["replica_sql_running"] = applies
    put(facts, "replica_io_state", text(row.get("Slave_IO_State"), 200))
    state = row.get("Slave_SQL_Running_State") or row.get("Slave_SQL_State")
    put(facts, "replica_sql_state", text(state, 200))
    put(facts, "replica_lag_seconds", integer(row.get("Seconds_Behind_Master")))
    put(facts, "replica_delay_seconds", integer(row.get("SQL_Delay")))
    facts.update(_errors(row))
    facts.update(_positions(row, receives=receives))
    put(facts, "replica_gtid", _gtid(row))
    put(facts, "gtid_mode", text(row.get("Using_Gtid"), 40))
    return facts


def with_movement(
    later: Mapping[str, Value], earlier: Mapping[str, Value] | None
) -> dict[str, Value]:
    """The later look with what two looks tell: does the position move? None: one look only."""
    facts = dict(later)
    # What is received may grow while nothing is applied, so only what is applied counts. The GTID
    # set stands in only where there is no position: local writes make it grow, too.
    name = "replica_position" if "replica_position" in later else "replica_gtid"
    if earlier is not None and name in later:
        facts["replica_position_moves"] = later[name] != earlier.get(name)
    caught_up, moves = facts.get("replica_caught_up"), facts.get("replica_position_moves")
    if caught_up or moves:
        facts["replica_moving_or_caught_up"] = True
    elif caught_up is not None and moves is not None:
        facts["replica_moving_or_caught_up"] = False
    return facts


def _old_words(row: Row) -> dict[str, Any]:
    """The columns by their old names, which MariaDB and MySQL before 8.0.22 use."""
    return {
        name.replace("Replica_", "Slave_").replace("Source", "Master"): value
        for name, value in row.items()
    }


def _channel(row: Row) -> str:
    return text(row.get("Channel_Name") or row.get("Connection_name"), 200) or ""


def _errors(row: Row) -> dict[str, Value]:
    applier, receiver = integer(row.get("Last_SQL_Errno")), integer(row.get("Last_IO_Errno"))
    numbers = [number for number in (applier, receiver) if number]
    facts: dict[str, Value] = {"replica_error_passing": bool(numbers) and set(numbers) <= PASSING}
    put(facts, "replica_sql_errno", applier)
    put(facts, "replica_io_errno", receiver)
    facts["replica_last_errno"] = numbers[0] if numbers else 0
    words = row.get("Last_SQL_Error") if applier else row.get("Last_IO_Error") if receiver else None
    put(facts, "replica_last_error", text(words))
    return facts


def _positions(row: Row, *, receives: bool) -> dict[str, Value]:
    file, position = row.get("Relay_Master_Log_File"), integer(row.get("Exec_Master_Log_Pos"))
    read_file, read = row.get("Master_Log_File"), integer(row.get("Read_Master_Log_Pos"))
    facts: dict[str, Value] = {}
    if file and position is not None:
        facts["replica_position"] = text(f"{file}:{position}")
    if read_file and read is not None:
        facts["replica_received_position"] = text(f"{read_file}:{read}")
    if len(facts) < 2 or position is None or read is None:
        return facts
    if file == read_file:
        facts["replica_behind_bytes"] = max(0, read - position)
    facts["replica_caught_up"] = receives and file == read_file and position >= read
    return facts


def _gtid(row: Row) -> str | None:
    if "Gtid_Slave_Pos" in row:
        return text(row["Gtid_Slave_Pos"], 2000)
    return text(row.get("Executed_Gtid_Set"), 2000)
