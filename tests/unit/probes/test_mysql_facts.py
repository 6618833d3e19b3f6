"""Answers of MySQL and MariaDB, as recorded or documented, and the facts they become."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autofix.probes.mysql_facts import FACTS, Dialect, dialect_of, server_facts
from autofix.probes.mysql_replica import PASSING, replica_facts, statements, with_movement

RECORDED = Path(__file__).parent / "recorded"
MARIADB, MYSQL57, MYSQL80 = (
    Dialect("mariadb", (10, 11, 6)),
    Dialect("mysql", (5, 7, 44)),
    Dialect("mysql", (8, 0, 36)),
)


def rows(name: str) -> list[dict[str, Any]]:
    """What the client prints with \\G, as rows of the driver."""
    found: list[dict[str, Any]] = []
    for line in (RECORDED / f"{name}.txt").read_text().splitlines():
        if line.startswith("***"):
            found.append({})
            continue
        column, _, value = line.strip().partition(":")
        text = value.strip()
        number = int(text) if text.isdecimal() else text
        found[-1][column] = None if text == "NULL" else number
    return found


def replica(name: str, **changes: Any) -> dict[str, Any]:
    (row,) = rows(name)
    return replica_facts({**row, **changes})


def test_mysql_57_applier_stopped_by_a_duplicate_key() -> None:
    seen = replica("mysql-5.7-stopped")
    assert seen["is_replica"] is True
    assert (seen["replica_io_running"], seen["replica_sql_running"]) == (True, False)
    assert seen["replica_running"] is False
    assert "replica_lag_seconds" not in seen
    assert seen["replica_last_errno"] == seen["replica_sql_errno"] == 1062
    assert "Duplicate entry '4711'" in seen["replica_last_error"]
    assert seen["replica_error_passing"] is False
    assert seen["replica_position"] == "mysql-bin.000070:3713"
    assert seen["replica_received_position"] == "mysql-bin.000071:52318842"
    assert "replica_behind_bytes" not in seen
    assert seen["replica_caught_up"] is False


def test_mysql_80_speaks_of_replica_and_source() -> None:
    seen = replica("mysql-8.0-lagging")
    assert seen["replica_running"] is True
    assert seen["replica_lag_seconds"] == 42
    assert seen["replica_behind_bytes"] == 10_000_000
    assert seen["replica_caught_up"] is False
    assert seen["replica_gtid"].endswith(":1-8000")
    assert seen["replica_sql_state"] == "Waiting for dependent transaction to commit"
    assert seen["channel"] == ""


def test_mysql_84_channels_are_told_apart() -> None:
    orders, stock = (replica_facts(row) for row in rows("mysql-8.4-two-channels"))
    assert (orders["channel"], stock["channel"]) == ("orders", "stock")
    assert (orders["replica_running"], stock["replica_running"]) == (False, True)
    assert stock["replica_delay_seconds"] == 3600


def test_a_receiver_that_is_connecting_does_not_run_and_its_error_may_pass() -> None:
    orders = replica_facts(rows("mysql-8.4-two-channels")[0])
    assert orders["replica_io_running"] is False
    assert orders["replica_last_errno"] == orders["replica_io_errno"] == 2003
    assert orders["replica_error_passing"] is True
    assert orders["replica_caught_up"] is False


@pytest.mark.parametrize("state", ["Connecting", "Preparing", "No", "", None])
def test_only_yes_means_that_the_receiver_runs(state: str | None) -> None:
    assert replica("mariadb-10.11-lock", Slave_IO_Running=state)["replica_io_running"] is False


def test_mariadb_applier_that_waits_for_a_lock() -> None:
    seen = replica("mariadb-10.11-lock")
    assert seen["replica_running"] is True
    assert seen["replica_lag_seconds"] == 7
    assert seen["replica_behind_bytes"] == 149
    assert seen["replica_sql_state"] == "Waiting for table metadata lock"
    assert (seen["gtid_mode"], seen["replica_gtid"]) == ("Slave_Pos", "0-1-3")


@pytest.mark.parametrize("number", sorted(PASSING))
def test_passing_errors_may_be_tried_again(number: int) -> None:
    assert replica("mysql-5.7-stopped", Last_SQL_Errno=number)["replica_error_passing"] is True


@pytest.mark.parametrize("number", [1062, 1032, 1236, 1045, 1146, 1594, 1756, 1950])
def test_errors_that_are_for_a_person_are_not_passing(number: int) -> None:
    assert replica("mysql-5.7-stopped", Last_SQL_Errno=number)["replica_error_passing"] is False


def test_one_error_that_stays_makes_all_of_them_stay() -> None:
    seen = replica("mysql-5.7-stopped", Last_SQL_Errno=1205, Last_IO_Errno=1236)
    assert seen["replica_error_passing"] is False
    assert seen["replica_last_errno"] == 1205


def test_without_an_error_nothing_is_passing() -> None:
    seen = replica("mariadb-10.11-lock")
    assert seen["replica_error_passing"] is False
    assert seen["replica_last_errno"] == 0
    assert "replica_last_error" not in seen


def test_an_idle_primary_is_not_judged_as_not_moving() -> None:
    idle = replica("mariadb-10.11-lock", Exec_Master_Log_Pos=1007)
    assert idle["replica_caught_up"] is True
    twice = with_movement(idle, idle)
    assert twice["replica_position_moves"] is False
    assert twice["replica_moving_or_caught_up"] is True


def test_a_position_that_moves_counts_though_it_is_behind() -> None:
    earlier = replica("mysql-8.0-lagging", Exec_Source_Log_Pos=81_000_000)
    twice = with_movement(replica("mysql-8.0-lagging"), earlier)
    assert twice["replica_position_moves"] is True
    assert twice["replica_moving_or_caught_up"] is True


def test_receiving_alone_does_not_count_as_moving() -> None:
    earlier = replica("mysql-8.0-lagging", Read_Source_Log_Pos=91_000_000)
    twice = with_movement(replica("mysql-8.0-lagging"), earlier)
    assert twice["replica_position_moves"] is False
    assert twice["replica_moving_or_caught_up"] is False


def test_one_look_does_not_tell_movement() -> None:
    once = with_movement(replica("mysql-8.0-lagging"), None)
    assert not {"replica_position_moves", "replica_moving_or_caught_up"} & set(once)
    idle = with_movement(replica("mariadb-10.11-lock", Exec_Master_Log_Pos=1007), None)
    assert idle["replica_moving_or_caught_up"] is True


def test_a_stopped_receiver_has_not_caught_up_whatever_the_lag() -> None:
    seen = replica(
        "mariadb-10.11-lock",
        Slave_IO_Running="No",
        Exec_Master_Log_Pos=1007,
        Seconds_Behind_Master=0,
    )
    assert seen["replica_lag_seconds"] == 0
    assert seen["replica_running"] is False
    assert seen["replica_caught_up"] is False


@pytest.mark.parametrize(
    ("version", "comment", "flavour", "numbers"),
    [
        ("10.11.6-MariaDB-0+deb12u1-log", "Debian 12", "mariadb", (10, 11, 6)),
        ("5.5.5-10.4.32-MariaDB", "", "mariadb", (10, 4, 32)),
        ("11.4.2-MariaDB", "mariadb.org binary distribution", "mariadb", (11, 4, 2)),
        ("8.0.36-28", "Percona Server (GPL), Release 28", "percona", (8, 0, 36)),
        ("5.7.44-log", "MySQL Community Server (GPL)", "mysql", (5, 7, 44)),
        ("8.4.0", "MySQL Community Server - GPL", "mysql", (8, 4, 0)),
        ("nonsense", None, "mysql", ()),
    ],
)
def test_the_flavour_and_version_of_a_server(
    version: str, comment: str | None, flavour: str, numbers: tuple[int, ...]
) -> None:
    assert dialect_of(version, comment) == Dialect(flavour, numbers)


def test_each_dialect_is_asked_in_its_own_words_first() -> None:
    assert statements(MARIADB)[0] == "SHOW ALL SLAVES STATUS"
    assert statements(MYSQL57)[0] == "SHOW SLAVE STATUS"
    assert statements(MYSQL80)[0] == "SHOW REPLICA STATUS"
    assert statements(Dialect("percona", (8, 4, 2)))[0] == "SHOW REPLICA STATUS"


def variables(**values: Any) -> list[dict[str, Any]]:
    return [{"Variable_name": name, "Value": value} for name, value in values.items()]


def test_connections_and_counters_of_the_server() -> None:
    seen = server_facts(
        MYSQL80,
        variables(Threads_connected="120", Threads_running="7", Slow_queries="9", Uptime="3600"),
        variables(max_connections="160", read_only="ON", gtid_mode="ON"),
    )
    assert seen["connections_ratio"] == 0.75
    assert seen["slow_queries"] == 9
    assert seen["uptime_seconds"] == 3600
    assert seen["read_only"] is True
    assert (seen["gtid_mode"], seen["flavour"], seen["version"]) == ("ON", "mysql", "8.0.36")


def test_what_the_server_does_not_tell_is_absent() -> None:
    seen = server_facts(MARIADB, [], variables(max_connections="0", read_only="OFF"))
    assert "connections_ratio" not in seen
    assert "threads_connected" not in seen
    assert seen["read_only"] is False


columns = st.sampled_from(sorted(rows("mysql-8.0-lagging")[0] | rows("mariadb-10.11-lock")[0]))
values = st.none() | st.integers() | st.text() | st.floats() | st.binary()


@given(st.dictionaries(columns, values), st.dictionaries(columns, values))
def test_whatever_a_row_holds_facts_stay_json(row: dict[str, Any], other: dict[str, Any]) -> None:
    seen = with_movement(replica_facts(row), replica_facts(other))
    json.dumps(seen, allow_nan=False)
    assert set(seen) <= set(FACTS)
