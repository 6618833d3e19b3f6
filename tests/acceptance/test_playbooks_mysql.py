"""The shipped MySQL playbooks on a real MariaDB primary and replica: what they do, and never do."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pymysql
import pytest

from autofix.core.runs import Outcome, RunResult
from servers.mariadb import MariaDB, Pair, eventually, mariadb_pair
from servers.shipped import Shipped, shipped

#: Quotes, a blank, a shell variable, a template, backslashes, a comment.
ODD_PASSWORD = 'it\'s "a" $HOME {{ 1 + 1 }} \\n # \\'
SETTINGS = ("slave_parallel_threads", "innodb_flush_log_at_trx_commit", "sync_binlog")
OLD = {"threads": 4, "old_threads": 0, "old_flush": 1, "old_sync": 1}


@pytest.fixture
def pair() -> Iterator[Pair]:
    with mariadb_pair("--sync-binlog=1") as servers:
        servers.primary.query("CREATE TABLE shop.orders (id INT PRIMARY KEY)")
        servers.primary.query("INSERT INTO shop.orders VALUES (1)")
        servers.caught_up()
        yield servers


@pytest.fixture
def run(pair: Pair, tmp_path: Path) -> Shipped:
    return shipped("mysql", pair.replica.variables, tmp_path)


def ok(result: RunResult, run: Shipped) -> dict[str, Any]:
    """The report of a run that went well."""
    assert result.outcome == Outcome.OK, run.texts
    return dict(result.report)


def refused(result: RunResult, *words: str) -> None:
    assert result.outcome == Outcome.FAILED
    for word in words:
        assert word in result.reason


def settings(server: MariaDB) -> tuple[int, ...]:
    return tuple(server.variable(name) for name in SETTINGS)


def test_a_thread_that_was_stopped_is_started_and_again_changes_nothing(
    pair: Pair, tmp_path: Path
) -> None:
    pair.replica.query("SET PASSWORD FOR 'admin'@'%%' = PASSWORD(%s)", ODD_PASSWORD)
    pair.replica.password = ODD_PASSWORD
    run = shipped("mysql", pair.replica.variables, tmp_path)
    pair.replica.query("STOP SLAVE SQL_THREAD")
    pair.primary.query("INSERT INTO shop.orders VALUES (2)")
    rehearsal = ok(run("mysql_start_replica.yml", check=True), run)
    assert rehearsal["sql_running"] == "No"
    assert not pair.replica.replicates()

    report = ok(run("mysql_start_replica.yml"), run)
    assert report["before"]["sql_running"] == "No"
    assert report["sql_running"] == report["io_running"] == "Yes"
    pair.caught_up()
    assert ok(run("mysql_start_replica.yml"), run)["done"].startswith("nothing")
    assert ODD_PASSWORD not in run.texts


def test_a_lock_wait_timeout_passes_and_its_thread_is_started_again(
    pair: Pair, run: Shipped
) -> None:
    replica = pair.replica
    replica.query("SET GLOBAL slave_transaction_retries = 0")
    replica.query("SET GLOBAL innodb_lock_wait_timeout = 1")
    replica.query("STOP SLAVE SQL_THREAD")
    holder = replica.connect()
    with holder.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SELECT * FROM shop.orders WHERE id = 1 FOR UPDATE")
        replica.query("START SLAVE SQL_THREAD")
        pair.primary.query("DELETE FROM shop.orders WHERE id = 1")
        eventually(lambda: replica.replication()["Last_SQL_Errno"] == 1205)
    holder.close()
    report = ok(run("mysql_start_replica.yml"), run)
    assert report["before"]["errno"] == 1205
    pair.caught_up()


def test_a_duplicate_key_is_left_to_a_person(pair: Pair, run: Shipped) -> None:
    pair.replica.query("INSERT INTO shop.orders VALUES (7)")
    pair.primary.query("INSERT INTO shop.orders VALUES (7)")
    eventually(lambda: pair.replica.replication()["Last_SQL_Errno"] == 1062)
    before = pair.replica.replication()["Exec_Master_Log_Pos"]
    result = run("mysql_start_replica.yml")
    refused(result, "1062", "needs a person", "nothing is ever skipped")
    after = pair.replica.replication()
    assert after["Exec_Master_Log_Pos"] == before
    assert after["Skip_Counter"] == 0
    assert after["Slave_SQL_Running"] == "No"
    refused(run("mysql_parallel_apply.yml", OLD), "stands still (error 1062)")


def test_a_select_that_blocks_the_applier_is_ended_and_only_that(pair: Pair, run: Shipped) -> None:
    policy = {"longest_seconds": 1}
    assert "skipped" in ok(run("mysql_end_blocking_query.yml", policy), run)
    with _endless(
        pair.replica, "SELECT id, SLEEP(900) FROM shop.orders -- a\tlong\nreport"
    ) as said:
        pair.primary.query("ALTER TABLE shop.orders ADD COLUMN price INT")
        eventually(lambda: _waits(pair.replica))
        spared = policy | {"spare_users": f"root, {pair.replica.user}"}
        refused(run("mysql_end_blocking_query.yml", spared), "nothing was ended")
        rehearsal = ok(run("mysql_end_blocking_query.yml", policy, check=True), run)
        assert rehearsal["ended"] == []
        assert _waits(pair.replica)

        report = ok(run("mysql_end_blocking_query.yml", policy), run)
        pair.caught_up()
    assert said == [1317]  # the query was interrupted, its connection was not cut
    (ended,) = report["ended"]
    assert ended["user"] == pair.replica.user
    assert ended["statement"] == "SELECT id, SLEEP(900) FROM shop.orders -- a long report"
    assert report["applier_still_waits"] is False


def test_an_idle_connection_that_holds_a_lock_is_not_touched(pair: Pair, run: Shipped) -> None:
    holder = pair.replica.connect()
    with holder.cursor() as cursor:
        cursor.execute("LOCK TABLES shop.orders READ")
        pair.primary.query("INSERT INTO shop.orders VALUES (3)")
        eventually(lambda: _waits(pair.replica))
        refused(run("mysql_end_blocking_query.yml", {"longest_seconds": 1}), "LOCK TABLES")
        cursor.execute("SELECT COUNT(*) AS n FROM shop.orders")
        assert cursor.fetchall() == [{"n": 1}]
    holder.close()
    pair.caught_up()


def test_the_applier_is_helped_and_everything_is_put_back(pair: Pair, run: Shipped) -> None:
    replica = pair.replica
    assert settings(replica) == (0, 1, 1)
    rehearsal = ok(run("mysql_parallel_apply.yml", OLD, check=True), run)
    assert rehearsal["wanted"] == {"threads": 4, "flush": 2, "sync": 1000}
    assert settings(replica) == (0, 1, 1)
    for _ in range(2):
        report = ok(run("mysql_parallel_apply.yml", OLD), run)
        assert report["after"] == {"threads": 4, "flush": 2, "sync": 1000}
        assert settings(replica) == (4, 2, 1000)
    assert replica.replicates()

    # A person has set one of them meanwhile: that one is theirs.
    replica.query("SET GLOBAL sync_binlog = 50")
    assert ok(run("mysql_restore_apply.yml", OLD), run)["as_it_was"] is False
    assert settings(replica) == (0, 1, 50)
    assert replica.replicates()
    refused(run("mysql_parallel_apply.yml", OLD), "somebody is changing them")
    pair.primary.query("INSERT INTO shop.orders VALUES (9)")
    pair.caught_up()


def test_settings_are_put_back_beside_a_standing_applier_which_stays_so(
    pair: Pair, run: Shipped
) -> None:
    replica = pair.replica
    replica.query("STOP SLAVE SQL_THREAD")
    for name, value in zip(SETTINGS, (4, 2, 1000), strict=True):
        replica.query(f"SET GLOBAL {name} = {value}")
    assert ok(run("mysql_restore_apply.yml", OLD), run)["as_it_was"] is True
    assert settings(replica) == (0, 1, 1)
    assert not replica.replicates()


def test_a_primary_and_a_wrong_password_are_told_in_one_sentence(
    pair: Pair, tmp_path: Path
) -> None:
    (tmp_path / "one").mkdir()
    run = shipped("mysql", pair.primary.variables, tmp_path / "one")
    refused(run("mysql_start_replica.yml"), "no replica")
    (tmp_path / "two").mkdir()
    wrong = pair.replica.variables | {"mysql_password": "wr0ng-one"}
    run = shipped("mysql", wrong, tmp_path / "two")
    refused(run("mysql_start_replica.yml"), "could not be asked", "Access denied")
    assert "wr0ng-one" not in run.texts


def _waits(server: MariaDB) -> bool:
    rows = server.query(
        "SELECT ID FROM information_schema.PROCESSLIST"
        " WHERE USER = 'system user' AND STATE LIKE 'Waiting for%%lock%%' AND TIME >= 1"
    )
    return bool(rows)


@contextmanager
def _endless(server: MariaDB, sql: str) -> Iterator[list[int]]:
    """Run this SELECT aside; the numbers of the errors it ended with are gathered."""
    said: list[int] = []
    connection = server.connect()

    def ask() -> None:
        with connection.cursor() as cursor:
            try:
                cursor.execute(sql)
            except pymysql.err.MySQLError as error:
                said.append(error.args[0])

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    eventually(
        lambda: server.query(
            "SELECT ID FROM information_schema.PROCESSLIST WHERE STATE = 'User sleep'"
        )
    )
    yield said
    thread.join(20)
    connection.close()
