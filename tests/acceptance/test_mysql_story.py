"""Stories on a real MariaDB primary and replica: stopped or blocked → healed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pymysql
import pytest

from servers.mariadb import MariaDB, Pair, mariadb_pair
from servers.project import Project

FAST = {
    "mysql-replica-lag": {
        "triggers": {"every": "1s", "for": "1s"},
        "verify": {"within": "20s", "hold": "2s", "every": "500ms"},
        "guards": {"cooldown": "1s"},
    }
}


@pytest.fixture
def pair() -> Iterator[Pair]:
    with mariadb_pair() as servers:
        yield servers


def project_of(tmp_path: Path, replica: MariaDB, **overrides: object) -> Project:
    groups = {"mysql": {"replica1": {"ansible_host": "127.0.0.1", **replica.variables}}}
    book = {**FAST["mysql-replica-lag"], **overrides}
    project = Project(tmp_path, groups, {"overrides": {"mysql-replica-lag": book}})
    project.runbook("mysql-replica-lag")
    return project


def test_a_stopped_replica_is_started_again_and_catches_up(tmp_path: Path, pair: Pair) -> None:
    pair.primary.query("CREATE DATABASE IF NOT EXISTS shop")
    pair.primary.query("CREATE TABLE shop.orders (id INT PRIMARY KEY)")
    pair.caught_up()
    pair.replica.query("STOP SLAVE SQL_THREAD")
    pair.primary.query("INSERT INTO shop.orders VALUES (1)")
    with project_of(tmp_path, pair.replica) as project:
        project.serve()
        found = project.wait_for_state(1, "healed", "escalated")
        assert found["state"] == "healed", found["reason"]
        assert pair.replica.query("SELECT id FROM shop.orders") == [{"id": 1}]
        assert project.autofix("audit", "verify").returncode == 0


def test_a_query_that_blocks_the_replica_is_ended_and_it_catches_up(
    tmp_path: Path, pair: Pair
) -> None:
    pair.primary.query("CREATE DATABASE IF NOT EXISTS shop")
    pair.primary.query("CREATE TABLE shop.orders (id INT PRIMARY KEY)")
    pair.primary.query("INSERT INTO shop.orders VALUES (1)")
    pair.caught_up()
    blocker = _Blocker(pair.replica)
    blocker.start()
    blocker.reads.wait(10)
    # The replica must wait for the reader's metadata lock before it can alter the table.
    pair.primary.query("ALTER TABLE shop.orders ADD COLUMN price INT")
    with project_of(tmp_path, pair.replica, inputs={"longest_query": {"default": 3}}) as project:
        project.serve()
        found = project.wait_for_state(1, "healed", "escalated")
        assert found["state"] == "healed", found["reason"]
        columns = pair.replica.query("SHOW COLUMNS FROM shop.orders")
        assert {row["Field"] for row in columns} == {"id", "price"}
        blocker.join(10)
        assert blocker.ended_by_us
        assert "SLEEP" in project.autofix("incidents", "show", "1", "--json").stdout


class _Blocker(threading.Thread):
    """A user's endless SELECT on the replica."""

    def __init__(self, replica: MariaDB) -> None:
        super().__init__(daemon=True)
        self._replica = replica
        self.reads = threading.Event()
        self.ended_by_us = False

    def run(self) -> None:
        connection = self._replica.connect()
        try:
            with connection.cursor() as cursor:
                self.reads.set()
                cursor.execute("SELECT id, SLEEP(600) FROM shop.orders")
        except pymysql.err.Error:
            self.ended_by_us = True
        finally:
            connection.close()


def test_a_duplicate_key_is_never_skipped_and_a_person_is_paged(tmp_path: Path, pair: Pair) -> None:
    pair.primary.query("CREATE DATABASE IF NOT EXISTS shop")
    pair.primary.query("CREATE TABLE shop.orders (id INT PRIMARY KEY)")
    pair.caught_up()
    pair.replica.query("SET sql_log_bin = 0")
    pair.replica.query("INSERT INTO shop.orders VALUES (1)")
    pair.primary.query("INSERT INTO shop.orders VALUES (1)")
    with project_of(tmp_path, pair.replica) as project:
        project.serve()
        found = project.wait_for_state(1, "healed", "escalated")
        assert found["state"] == "escalated"
        (page,) = project.wait_for(project.sent)
        assert "1062" in page["text"]
        assert pair.replica.replication()["Last_SQL_Errno"] == 1062
