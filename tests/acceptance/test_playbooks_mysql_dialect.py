"""The shipped MySQL playbooks in MySQL's own words. No server of MySQL's is at hand in Debian, so a
client that gives recorded answers of MySQL 8.0 stands in, and what it was asked is looked at."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from autofix.core.runs import Outcome, RunResult
from servers.shipped import Shipped, shipped

CLIENT = '''#!PYTHON
"""Answers like the client of MySQL 8.0 in batch mode; keeps its arguments and its stdin."""
import json, pathlib, sys

folder = pathlib.Path(__file__).parent
state = json.loads((folder / "state.json").read_text())
arguments = sys.argv[1:]
if "--version" in arguments:
    sys.exit(print("mysql  Ver 8.0.36 for Linux on x86_64 (MySQL Community Server - GPL)"))
sql = arguments[-1]
with (folder / "asked.jsonl").open("a") as log:
    print(json.dumps({"arguments": arguments, "stdin": sys.stdin.read(), "sql": sql}), file=log)


def table(row):
    print("\\t".join(row), "\\t".join(map(str, row.values())), sep="\\n")


if sql == "START REPLICA":
    state["row"].update(Replica_SQL_Running="Yes", Last_SQL_Errno=0, Last_SQL_Error="")
elif sql.startswith("KILL QUERY "):
    state["blockers"].pop(0)
elif sql.startswith("SET GLOBAL "):
    name, value = sql.removeprefix("SET GLOBAL ").split(" = ")
    state["settings"][name] = int(value)
elif sql == "SELECT VERSION() AS version":
    table({"version": state["version"]})
elif sql == "SHOW REPLICA STATUS":
    table(state["row"])
elif sql.startswith("SELECT @@GLOBAL.replica_parallel_workers AS threads"):
    table(dict(zip(("threads", "flush", "sync"), state["settings"].values())))
elif sql.startswith("SELECT 'applier'"):
    print("applier", int(bool(state["blockers"])), "", "", "", sep="\\t")
    for row in state["blockers"]:
        print(*row, sep="\\t")
elif sql not in ("STOP REPLICA SQL_THREAD", "START REPLICA SQL_THREAD"):
    sys.exit(f"ERROR 1064 (42000) at line 1: You have an error in your SQL syntax near {sql!r}")
(folder / "state.json").write_text(json.dumps(state))
'''
ROW = {
    "Replica_IO_State": "Waiting for source to send event",
    "Source_Host": "10.0.0.5",
    "Source_User": "repl",
    "Source_Log_File": "binlog.000003",
    "Read_Source_Log_Pos": 927,
    "Relay_Source_Log_File": "binlog.000003",
    "Replica_IO_Running": "Yes",
    "Replica_SQL_Running": "Yes",
    "Exec_Source_Log_Pos": 157,
    "Seconds_Behind_Source": 61,
    "Last_IO_Errno": 0,
    "Last_IO_Error": "",
    "Last_SQL_Errno": 0,
    "Last_SQL_Error": "",
    "SQL_Delay": 0,
}
SETTINGS = {"replica_parallel_workers": 1, "innodb_flush_log_at_trx_commit": 1, "sync_binlog": 1}
DEADLOCK = {
    "Replica_SQL_Running": "No",
    "Seconds_Behind_Source": "NULL",
    "Last_SQL_Errno": 1213,
    "Last_SQL_Error": "Deadlock found when trying to get lock; try restarting transaction",
}


class MySQL:
    """The stand-in: its state, and what it was asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "client"
        self.folder.mkdir()
        self.program = self.folder / "mysql"
        self.program.write_text(CLIENT.replace("PYTHON", sys.executable))
        self.program.chmod(0o700)
        self.set()

    def set(
        self, row: dict[str, Any] | None = None, blockers: list[list[Any]] | None = None
    ) -> None:
        state = {
            "version": "8.0.36-0ubuntu0.22.04.1",
            "row": ROW | (row or {}),
            "blockers": blockers or [],
            "settings": SETTINGS,
        }
        (self.folder / "state.json").write_text(json.dumps(state))

    def asked(self) -> list[dict[str, Any]]:
        lines = (self.folder / "asked.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines]

    def changes(self) -> list[str]:
        """The statements that were not questions."""
        told = [asked["sql"] for asked in self.asked()]
        return [sql for sql in told if not sql.startswith(("SELECT", "SHOW"))]


@pytest.fixture
def mysql(tmp_path: Path) -> MySQL:
    return MySQL(tmp_path)


@pytest.fixture
def run(mysql: MySQL, tmp_path: Path) -> Shipped:
    variables = {
        "mysql_client_program": str(mysql.program),
        "mysql_port": [3307, 3306],
        "mysql_user": "autofix",
        "mysql_password": 'p"w\\d',
        "mysql_tls": True,
        "mysql_tls_ca": "/etc/ssl/ca.pem",
    }
    return shipped("mysql", variables, tmp_path)


def ok(result: RunResult, run: Shipped) -> dict[str, Any]:
    assert result.outcome == Outcome.OK, run.texts
    return dict(result.report)


def test_a_deadlocked_applier_is_started_again(mysql: MySQL, run: Shipped) -> None:
    mysql.set(DEADLOCK)
    report = ok(run("mysql_start_replica.yml", facts={"port": 3306}), run)
    assert report["before"]["errno"] == 1213
    assert mysql.changes() == ["START REPLICA"]
    asked = mysql.asked()[0]
    assert asked["stdin"] == '[client]\npassword="p\\"w\\\\d"\n'
    assert asked["arguments"][:-2] == [
        "--defaults-file=/dev/stdin",
        *("--protocol=TCP", "--host=127.0.0.1", "--port=3306", "--user=autofix"),
        *("--ssl-mode=REQUIRED", "--ssl-ca=/etc/ssl/ca.pem"),
        *("--batch", "--connect-timeout=5", "--default-character-set=utf8mb4"),
    ]


def test_an_error_cannot_pretend_to_be_another_one(mysql: MySQL, run: Shipped) -> None:
    # A client in batch mode escapes ends of lines and tabs of the data, and so does this one.
    forged = "Duplicate entry 'x\\nLast_SQL_Errno\\t1205\x0bYes' for key 'PRIMARY'"
    mysql.set(DEADLOCK | {"Last_SQL_Errno": 1062, "Last_SQL_Error": forged})
    result = run("mysql_start_replica.yml")
    assert result.outcome == Outcome.FAILED
    assert "error 1062, which needs a person" in result.reason
    assert mysql.changes() == []


def test_blocking_selects_are_ended_oldest_first_until_the_applier_goes_on(
    mysql: MySQL, run: Shipped
) -> None:
    rows = [[41, 41, "report", 900, "SELECT 1"], [42, 42, "shop", 70, "SELECT 2"]]
    mysql.set(blockers=[*rows, [43, 43, "repl", 60, "SELECT 3"]])
    report = ok(run("mysql_end_blocking_query.yml", {"spare_users": "shop"}), run)
    assert mysql.changes() == ["KILL QUERY 41"]
    assert [ended["id"] for ended in report["ended"]] == [41]
    assert report["applier_still_waits"] is True  # the rest is spared: for a person


def test_the_applier_is_helped_and_put_back_in_the_new_words(mysql: MySQL, run: Shipped) -> None:
    given = {"threads": 8, "old_threads": 1, "old_flush": 1, "old_sync": 1}
    ok(run("mysql_parallel_apply.yml", given), run)
    assert ok(run("mysql_restore_apply.yml", given), run)["as_it_was"] is True
    assert mysql.changes() == [
        "SET GLOBAL innodb_flush_log_at_trx_commit = 2",
        "SET GLOBAL sync_binlog = 1000",
        "STOP REPLICA SQL_THREAD",
        "SET GLOBAL replica_parallel_workers = 8",
        "START REPLICA SQL_THREAD",
        "SET GLOBAL innodb_flush_log_at_trx_commit = 1",
        "SET GLOBAL sync_binlog = 1",
        "STOP REPLICA SQL_THREAD",
        "SET GLOBAL replica_parallel_workers = 1",
        "START REPLICA SQL_THREAD",
    ]
