"""The mysql probe on a real MariaDB primary and replica, and on servers that are not there."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autofix.core.readings import Reading, Target
from autofix.probes.links import LinkError
from autofix.probes.mysql import MysqlProbe, servers_of
from autofix.probes.mysql_facts import Dialect
from autofix.probes.mysql_session import Server, opened
from autofix.probes.net import Deadline
from servers.http import certificate
from servers.mariadb import MariaDB, Pair, eventually, mariadb_pair, mariadb_server
from servers.rude import rude_server


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    with mariadb_pair() as started:
        started.primary.query("CREATE TABLE shop.t (id INT PRIMARY KEY, v INT) ENGINE=InnoDB")
        started.primary.query("INSERT INTO shop.t VALUES (1, 1), (2, 2)")
        started.replica.query("CREATE USER low@'%' IDENTIFIED BY 'low'")
        started.caught_up()
        yield started


def look(variables: dict[str, Any], *, timeout: float = 10.0, **options: Any) -> list[Reading]:
    target = Target("db1", "127.0.0.1", variables)
    return MysqlProbe().look(target, options, timeout=timeout, now=time.time())


def seen(server: MariaDB, **options: Any) -> dict[str, Any]:
    (reading,) = look(server.variables, **options)
    assert reading.error == ""
    return dict(reading.facts)


def processes(server: MariaDB) -> list[dict[str, Any]]:
    rows = server.query("SHOW PROCESSLIST")
    return [row for row in rows if row["Info"] != "SHOW PROCESSLIST"]


def error(variables: dict[str, Any], **more: Any) -> str:
    (reading,) = look(variables, **more)
    assert reading.facts["reachable"] is False
    return reading.error


def test_a_primary(pair: Pair) -> None:
    facts = seen(pair.primary)
    assert facts["flavour"] == "mariadb"
    assert facts["port"] == pair.primary.port
    assert facts["is_replica"] is False
    assert not {name for name in facts if name.startswith("replica_")}
    assert 0 < facts["connections_ratio"] < 0.5


def test_a_replica_that_has_caught_up(pair: Pair) -> None:
    facts = seen(pair.replica)
    assert facts["replica_running"] is True
    assert facts["replica_lag_seconds"] == 0
    assert facts["replica_caught_up"] is True
    assert facts["replica_moving_or_caught_up"] is True
    assert facts["applier_waiting_for_lock"] is False
    assert "limited" not in facts
    assert "replica_position_moves" not in facts


def test_a_stopped_thread_has_no_lag(pair: Pair) -> None:
    pair.replica.query("STOP SLAVE SQL_THREAD")
    try:
        facts = seen(pair.replica)
    finally:
        pair.replica.query("START SLAVE SQL_THREAD")
    assert facts["replica_running"] is False
    assert facts["replica_sql_running"] is False
    assert facts["replica_io_running"] is True
    assert "replica_lag_seconds" not in facts


def test_a_transaction_that_holds_the_applier_is_found(pair: Pair) -> None:
    holder = pair.replica.connect()
    try:
        with holder.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("SELECT * FROM shop.t")
            pair.primary.query("ALTER TABLE shop.t ADD COLUMN IF NOT EXISTS w INT")
            waits = lambda: seen(pair.replica)["applier_waiting_for_lock"]  # noqa: E731
            eventually(waits, said="the applier waits")
            facts = seen(pair.replica, settle="1s")
    finally:
        holder.close()
    pair.caught_up()
    assert facts["blocking_query_ids"] == [holder.thread_id()]
    assert facts["blocking_query_seconds"] >= 0
    assert facts["waiting_for_metadata_lock"] == 1
    assert facts["replica_position_moves"] is False
    assert facts["replica_moving_or_caught_up"] is False


def test_a_row_lock_names_its_holder(pair: Pair) -> None:
    holder = pair.replica.connect()
    try:
        with holder.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("SELECT * FROM shop.t WHERE id = 1 FOR UPDATE")
            pair.primary.query("UPDATE shop.t SET v = v + 1 WHERE id = 1")
            named = lambda: seen(pair.replica).get("blocking_query_ids")  # noqa: E731
            assert eventually(named, said="the holder is named") == [holder.thread_id()]
    finally:
        holder.close()
    pair.caught_up()


def test_a_user_with_few_rights_sees_what_it_may(pair: Pair) -> None:
    (reading,) = look({**pair.replica.variables, "mysql_user": "low", "mysql_password": "low"})
    assert reading.facts["reachable"] is True
    assert reading.facts["max_connections"] > 0
    assert "replication: " in reading.facts["limited"]
    assert "transactions: " in reading.facts["limited"]
    assert not {"is_replica", "longest_query_seconds"} & set(reading.facts)


def test_a_settling_time_that_does_not_fit_is_said(pair: Pair) -> None:
    facts = seen(pair.replica, timeout=2.0, settle="30s")
    assert "no time to look twice" in facts["limited"]
    assert "replica_position_moves" not in facts


def test_a_unix_socket(pair: Pair) -> None:
    variables = {**pair.primary.variables, "mysql_socket": pair.primary.socket}
    (reading,) = look({**variables, "mysql_host": "unused.invalid"})
    assert reading.facts["reachable"] is True
    assert "port" not in reading.facts


def test_several_ports_are_told_apart(pair: Pair) -> None:
    ports = [pair.primary.port, 1]
    alive, dead = look({**pair.primary.variables, "mysql_port": ports})
    assert alive.facts["reachable"] is True
    assert "refused the connection" in dead.error
    assert dead.facts["port"] == 1


def test_a_wrong_password_is_said_without_showing_it(pair: Pair) -> None:
    said = error({**pair.primary.variables, "mysql_password": "wr0ng"})
    assert "does not accept mysql_user and mysql_password" in said
    assert "wr0ng" not in said


def test_a_missing_password_is_asked_for(pair: Pair) -> None:
    said = error({**pair.primary.variables, "mysql_password": ""})
    assert "none is set" in said


def test_a_server_without_tls(pair: Pair) -> None:
    assert "TLS" in error({**pair.primary.variables, "mysql_tls": True})


def test_tls_with_a_certificate_of_ones_own_authority(tmp_path: Path) -> None:
    made = certificate(tmp_path)
    files = (f"--ssl-cert={made.file}", f"--ssl-key={tmp_path / 'key.pem'}")
    with mariadb_server(*files, "--require-secure-transport=ON") as server:
        variables = {**server.variables, "mysql_tls": True, "mysql_tls_ca": str(made.file)}
        (reading,) = look(variables)
        assert reading.facts["reachable"] is True
        assert "is not trusted" in error({**variables, "mysql_tls_ca": ""})
        assert "or it demands TLS" in error({**variables, "mysql_tls": False})


def test_a_question_that_hangs_ends_on_the_server_too(pair: Pair) -> None:
    server = servers_of(Target("db1", "", pair.primary.variables), {})[0]
    started = time.monotonic()

    def hang() -> None:
        with opened(server, Deadline(1.5)) as session:
            session.bound(Dialect("mariadb", (10, 11)))
            session.ask("SELECT SLEEP(60) AS asleep")

    with pytest.raises(LinkError):
        hang()
    assert time.monotonic() - started < 3

    def over() -> bool:
        return not any("SLEEP" in (row["Info"] or "") for row in processes(pair.primary))

    eventually(over, within=10, said="the server has given up, too")


@pytest.mark.parametrize(
    "behaviour",
    [
        {},
        {"trickle": b"\xff\x00\x00\x00"},
        {"says": b"HTTP/1.1 400 Bad Request\r\n\r\n", "closes": True},
        {"says": b"\x05\x00\x00\x00\x0a8.0.", "closes": True},
        {"says": b"\x03\x00\x00\x00\xff\x10\x04", "closes": True},
        {"closes": True},
    ],
    ids=["silent", "trickle", "http", "half a greeting", "refusal", "closes"],
)
def test_a_rude_server_is_a_clear_error_in_time(behaviour: dict[str, Any]) -> None:
    with rude_server(**behaviour) as port:
        started = time.monotonic()
        said = error({"mysql_port": port, "mysql_user": "x"}, timeout=0.6)
        assert time.monotonic() - started < 1.6
    assert said
    assert "\n" not in said


def test_nobody_listens_and_no_such_host() -> None:
    assert "refused the connection" in error({"mysql_port": 1})
    assert "can't be resolved" in error({"mysql_host": "no-such-host.invalid"})


def test_options_are_checked_in_words() -> None:
    probe = MysqlProbe()
    assert probe.check_options({"long_transaction": "5m", "settle": "1s", "port": 3307}) == []
    assert "did you mean 'settle'" in probe.check_options({"setle": "1s"})[0]
    assert "too long" in probe.check_options({"settle": "2h"})[0]
    assert "duration" in probe.check_options({"long_transaction": "soon"})[0]
    assert "not a port" in error({}, port="x")


def test_a_password_is_nowhere_in_a_repr() -> None:
    assert "s3cr3t" not in repr(Server("h", 1, password="s3cr3t"))
