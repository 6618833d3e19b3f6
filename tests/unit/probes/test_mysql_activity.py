"""Lists of processes and transactions, and what they say about long queries and locks."""

from __future__ import annotations

from typing import Any

import pytest

from autofix.probes.mysql_activity import (
    blocking_facts,
    lock_waits,
    query_facts,
    transaction_facts,
)
from autofix.probes.mysql_facts import Dialect

Row = dict[str, Any]
OWN = 20
METADATA = "Waiting for table metadata lock"
FIND_ROW = "Update_rows_log_event::find_row()"


def process(number: int, user: str, command: str, time: Any, state: str = "", **more: Any) -> Row:
    row = {"Id": number, "User": user, "Host": "", "Command": command, "Time": time}
    return {**row, "State": state, "Info": None, **more}


RECEIVER = process(8, "system user", "Slave_IO", 90, "Waiting for master to send event")
OURSELVES = process(OWN, "monitor", "Query", 0, "starting", Info="SHOW PROCESSLIST")


def applier(state: str, command: str = "Slave_SQL") -> Row:
    return process(9, "system user", command, 400, state)


def trx(number: int, seconds: Any, state: str = "RUNNING") -> Row:
    return {"id": number, "state": state, "seconds": seconds}


def test_the_longest_query_is_a_clients() -> None:
    processes = [
        RECEIVER,
        applier("Reading event from the relay log"),
        OURSELVES,
        process(5, "event_scheduler", "Daemon", 99999, "Waiting on empty queue"),
        process(6, "repl", "Binlog Dump", 5000),
        process(7, "repl", "Binlog Dump GTID", 5000),
        process(14, "app", "Sleep", 4000),
        process(15, "report", "Query", 61, "Sending data"),
        process(16, "app", "Execute", 3, "updating"),
    ]
    seen = query_facts(processes, own=OWN)
    assert seen["longest_query_seconds"] == 61
    assert seen["longest_query_id"] == 15
    assert seen["longest_query_user"] == "report"


def test_no_query_at_all() -> None:
    seen = query_facts([RECEIVER, OURSELVES], own=OWN)
    assert seen == {"longest_query_seconds": 0, "waiting_for_metadata_lock": 0}


def test_our_own_look_is_never_the_longest_query() -> None:
    slow = {**OURSELVES, "Time": 30}
    assert query_facts([slow], own=OWN)["longest_query_seconds"] == 0


@pytest.mark.parametrize("time", [None, -1, 4294967295, 18446744073709551615, "x"])
def test_a_time_that_can_not_be_is_not_believed(time: Any) -> None:
    seen = query_facts([process(15, "app", "Query", time)], own=OWN)
    assert seen["longest_query_seconds"] == 0


def test_who_waits_for_a_metadata_lock_is_counted() -> None:
    processes = [applier(METADATA), process(15, "app", "Query", 2, METADATA), OURSELVES]
    assert query_facts(processes, own=OWN)["waiting_for_metadata_lock"] == 2


def test_long_transactions_without_those_of_the_applier() -> None:
    processes = [applier(FIND_ROW), process(14, "app", "Sleep", 100)]
    transactions = [trx(9, 4000), trx(14, 100), trx(15, 61), trx(16, 5), trx(17, None)]
    seen = transaction_facts(transactions, processes, longer_than=60.0)
    assert seen == {"long_transactions": 2, "longest_transaction_seconds": 100}
    assert transaction_facts([], processes, longer_than=60.0) == {
        "long_transactions": 0,
        "longest_transaction_seconds": 0,
    }


def test_a_long_select_that_holds_the_applier_at_a_metadata_lock() -> None:
    processes = [
        RECEIVER,
        applier(METADATA),
        OURSELVES,
        process(14, "report", "Query", 300, "Sending data", Info="SELECT ..."),
        process(15, "app", "Sleep", 10),
        process(16, "app", "Sleep", 10),
        process(17, "app", "Query", 4, METADATA),
    ]
    seen = blocking_facts(processes, [trx(14, 300), trx(15, 700)], [], own=OWN)
    assert seen["applier_waiting_for_lock"] is True
    assert seen["blocking_query_ids"] == [15, 14]
    assert seen["blocking_query_seconds"] == 700


def test_a_worker_of_parallel_replication_waits_as_well() -> None:
    processes = [
        applier("Waiting for room in worker thread event queue"),
        process(10, "system user", "Slave_worker", 3, METADATA),
        process(14, "report", "Query", 30, "Sending data"),
    ]
    assert blocking_facts(processes, [], [], own=OWN)["blocking_query_ids"] == [14]


def test_for_a_row_lock_the_server_names_the_holder() -> None:
    processes = [
        applier(FIND_ROW),
        process(14, "app", "Sleep", 9),
        process(15, "report", "Query", 500, "Sending data"),
    ]
    transactions = [trx(14, 12), trx(9, 11, "LOCK WAIT"), trx(15, 500)]
    waits = [{"waiting": 9, "blocking": 14}, {"waiting": 15, "blocking": 14}]
    seen = blocking_facts(processes, transactions, waits, own=OWN)
    assert seen["applier_waiting_for_lock"] is True
    assert seen["blocking_query_ids"] == [14]
    assert seen["blocking_query_seconds"] == 12


def test_clients_that_wait_for_each_other_do_not_block_the_applier() -> None:
    processes = [
        applier("Slave has read all relay log; waiting for more updates"),
        process(14, "app", "Sleep", 9),
        process(15, "app", "Query", 5, "updating"),
    ]
    transactions = [trx(14, 12), trx(15, 5, "LOCK WAIT")]
    seen = blocking_facts(processes, transactions, [{"waiting": 15, "blocking": 14}], own=OWN)
    assert seen == {"applier_waiting_for_lock": False}


def test_ourselves_and_other_appliers_are_never_named() -> None:
    processes = [applier(METADATA), OURSELVES, process(10, "system user", "Query", 800, "x")]
    seen = blocking_facts(processes, [trx(OWN, 1)], [{"waiting": 9, "blocking": 10}], own=OWN)
    assert seen == {"applier_waiting_for_lock": True}


def test_lock_waits_are_asked_where_the_version_keeps_them() -> None:
    assert "INNODB_LOCK_WAITS" in lock_waits(Dialect("mariadb", (11, 4, 2)))
    assert "INNODB_LOCK_WAITS" in lock_waits(Dialect("mysql", (5, 7, 44)))
    assert "performance_schema.data_lock_waits" in lock_waits(Dialect("mysql", (8, 4, 0)))
