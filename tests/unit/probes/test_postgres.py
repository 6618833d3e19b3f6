"""The postgres probe on a real primary with a real streaming standby."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from autofix.core.readings import Reading, Target
from autofix.probes.postgres import PostgresProbe
from servers.http import certificate
from servers.postgres import USER, Cluster, cluster
from servers.postgres_standby import primary_and_standby
from servers.redis import free_port
from servers.rude import rude_server


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[Cluster, Cluster]]:
    with primary_and_standby() as made:
        yield made


@pytest.fixture(scope="module")
def alone() -> Cluster:
    return cluster()


def target(server: Cluster, **variables: Any) -> Target:
    known = {
        "postgres_port": server.port,
        "postgres_user": USER,
        "postgres_password": server.password,
    }
    return Target("db1", "127.0.0.1", known | variables)


def look(
    server: Cluster, *, timeout: float = 10.0, variables: Any = None, **options: Any
) -> Reading:
    at = target(server, **(variables or {}))
    (reading,) = PostgresProbe().look(at, options, timeout=timeout, now=time.time())
    assert set(reading.facts) <= set(PostgresProbe.facts)
    return reading


def facts(server: Cluster, **more: Any) -> dict[str, Any]:
    reading = look(server, **more)
    assert reading.error == ""
    return dict(reading.facts)


def error(server: Cluster, **more: Any) -> str:
    reading = look(server, **more)
    assert reading.error.isprintable()
    assert server.password not in reading.error
    return reading.error


def until(server: Cluster, good: Callable[[dict[str, Any]], Any], seconds: float = 15) -> Any:
    """The facts, once they are so."""
    deadline = time.monotonic() + seconds
    while not good(found := facts(server)):
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    return found


# -- replication: one story, in the order of the file --------------------------------------------


def test_a_primary_and_its_standby_that_keeps_up(pair: Any) -> None:
    primary, standby = pair
    found = until(primary, lambda seen: seen["standby_count"] == 1 and seen["standbys"][0]["sync"])
    assert found["is_replica"] is False
    assert found["standbys"][0]["state"] == "streaming"
    assert "replica_running" not in found
    primary.execute("CREATE TABLE t AS SELECT generate_series(1, 100) AS n")
    found = until(primary, lambda seen: seen.get("replica_lag_bytes") == 0)
    assert found["replica_lag_seconds"] < 5
    found = until(standby, lambda seen: seen.get("replica_lag_bytes") == 0)
    assert (found["is_replica"], found["replica_running"], found["replica_paused"]) == (
        True, True, False,
    )  # fmt: skip
    assert found["replica_lag_seconds"] == 0
    assert found["standby_count"] == 0


def test_a_standby_that_falls_behind_is_seen_from_both_sides(pair: Any) -> None:
    primary, standby = pair
    standby.execute("SELECT pg_wal_replay_pause()")
    primary.execute("INSERT INTO t SELECT generate_series(1, 20000)")
    mine = until(standby, lambda seen: seen.get("replica_lag_bytes", 0) > 100_000)
    assert mine["replica_paused"] is True
    assert mine["replica_lag_seconds"] > 0
    theirs = until(primary, lambda seen: seen.get("replica_lag_bytes", 0) > 100_000)
    assert theirs["standbys"][0]["lag_bytes"] == theirs["replica_lag_bytes"]
    standby.execute("SELECT pg_wal_replay_resume()")
    until(standby, lambda seen: seen.get("replica_lag_bytes") == 0)


def test_a_slot_that_nobody_reads_keeps_wal(pair: Any) -> None:
    primary, _ = pair
    primary.execute("SELECT pg_create_physical_replication_slot('forgotten', true)")
    primary.execute("INSERT INTO t SELECT generate_series(1, 5000)")
    found = facts(primary)
    assert (found["slots"], found["slots_inactive"]) == (1, 1)
    assert found["slot_retained_name"] == "forgotten"
    assert found["slot_retained_bytes"] > 100_000
    assert found["wal_bytes"] >= 16 * 1024 * 1024
    primary.execute("SELECT pg_drop_replication_slot('forgotten')")
    assert facts(primary)["slot_retained_bytes"] == 0


def test_a_standby_without_its_primary_does_not_call_itself_up_to_date(pair: Any) -> None:
    primary, standby = pair
    primary.stop()
    found = until(standby, lambda seen: not seen["replica_running"])
    assert "replica_lag_bytes" not in found
    assert found["replica_lag_seconds"] > 0
    assert "refused the connection: is the service up?" in error(primary)


# -- one server alone ---------------------------------------------------------------------------


def test_the_server_itself(alone: Cluster) -> None:
    found = until(alone, lambda seen: seen["uptime_seconds"] > 0)
    assert found["version"].split(".")[0].isdigit()
    assert found["max_connections"] == 100
    assert found["database_bytes"] > 1_000_000
    assert 0 < found["xid_age"] < 2**31
    assert found["xid_ratio"] < 0.01
    assert found["port"] == alone.port
    assert "limited" not in found
    assert "bloat_bytes" not in found


def test_sessions_by_what_they_do(alone: Cluster) -> None:
    alone.execute("CREATE TABLE IF NOT EXISTS locked (n int)")
    with alone.connect() as holder, alone.connect() as waiter, alone.connect():
        holder.execute("BEGIN")
        holder.execute("LOCK TABLE locked")
        work = threading.Thread(target=lambda: waiter.execute("SELECT * FROM locked"))
        work.start()
        found = until(
            alone,
            lambda seen: (
                seen["waiting_for_lock"] == 1 and seen["longest_idle_in_transaction_seconds"] > 0.3
            ),
        )
        holder.execute("ROLLBACK")
        work.join(10)
    assert found["connections"] >= 3
    assert found["connections_ratio"] == round(found["connections"] / 100, 4)
    assert (found["idle_in_transaction"], found["active"]) == (1, 1)
    assert found["longest_transaction_seconds"] >= found["longest_idle_in_transaction_seconds"]
    assert found["longest_query_seconds"] > 0


def test_a_deadlock_is_counted(alone: Cluster) -> None:
    alone.execute("CREATE TABLE IF NOT EXISTS pairs (n int)")
    alone.execute("INSERT INTO pairs VALUES (1), (2)")
    before = facts(alone)["deadlocks"]
    with alone.connect() as one, alone.connect() as two:
        for each, mine in ((one, 1), (two, 2)):
            each.execute("SET deadlock_timeout = '50ms'")
            each.execute("BEGIN")
            each.execute("UPDATE pairs SET n = n WHERE n = %s", (mine,))
        failed: list[str] = []

        def take(connection: Any, other: int) -> None:
            try:
                connection.execute("UPDATE pairs SET n = n WHERE n = %s", (other,))
                connection.execute("ROLLBACK")
            except psycopg.errors.DeadlockDetected as caught:
                failed.append(str(caught))
                connection.execute("ROLLBACK")

        threads = [threading.Thread(target=take, args=each) for each in ((one, 2), (two, 1))]
        for each in threads:
            each.start()
        for each in threads:
            each.join(10)
    assert failed
    until(alone, lambda seen: seen["deadlocks"] > before)


def test_dead_rows_and_bloat_of_the_worst_table(alone: Cluster) -> None:
    url = alone.database()
    name = url.rpartition("/")[2]
    with alone.connect(name) as connection:
        connection.execute("CREATE TABLE good AS SELECT n, 'x' || n AS t"
                           " FROM generate_series(1, 30000) AS n")  # fmt: skip
        connection.execute("CREATE TABLE bad AS SELECT * FROM good")
        connection.execute("ALTER TABLE bad SET (fillfactor = 90)")
        connection.execute("DELETE FROM bad WHERE n > 6000")
        connection.execute("SELECT pg_stat_force_next_flush()")
        connection.execute("ANALYZE")
        connection.execute("SELECT pg_stat_force_next_flush()")
    try:
        found = facts(alone, database=name, bloat=True)
        assert found["dead_tuples_table"] == found["bloat_table"] == "public.bad"
        assert found["dead_tuples"] == 24000
        assert found["dead_tuples_ratio"] == 0.8
        assert 0.7 < found["bloat_ratio"] < 0.85
        assert found["bloat_bytes"] > 500_000
        with alone.connect(name) as connection:
            connection.execute("VACUUM FULL ANALYZE bad")
            connection.execute("SELECT pg_stat_force_next_flush()")
        found = facts(alone, database=name, bloat=True)
        assert found["bloat_ratio"] < 0.15
    finally:
        alone.drop(url)


def test_an_ordinary_user_sees_less_and_says_so(alone: Cluster) -> None:
    alone.execute("DROP ROLE IF EXISTS watcher")
    alone.execute("CREATE ROLE watcher LOGIN PASSWORD 'w4tch'")
    who = {"postgres_user": "watcher", "postgres_password": "w4tch"}
    found = facts(alone, variables=who)
    assert "GRANT pg_monitor" in found["limited"]
    assert "WAL files: permission denied" in found["limited"]
    hidden = {"longest_transaction_seconds", "standbys", "wal_bytes", "idle"}
    assert not hidden & set(found)
    assert found["connections"] >= 0
    alone.execute("GRANT pg_monitor TO watcher")
    assert "limited" not in facts(alone, variables=who)


def test_looking_changes_nothing_and_is_over_in_time(alone: Cluster) -> None:
    with alone.connect() as holder:
        holder.execute("BEGIN")
        holder.execute("LOCK TABLE pg_database IN ACCESS EXCLUSIVE MODE")
        began = time.monotonic()
        assert "did not answer within 0.7 s" in error(alone, timeout=0.7)
        assert time.monotonic() - began < 10
        holder.execute("ROLLBACK")
    assert facts(alone)["reachable"]


def test_wrong_passwords_users_and_databases_are_said(alone: Cluster) -> None:
    assert "does not accept postgres_user and postgres_password" in error(
        alone, variables={"postgres_password": "hush"}
    )
    assert "set postgres_password" in error(alone, variables={"postgres_password": ""})
    assert 'database "none" does not exist' in error(alone, database="none")
    unknown = {"postgres_host": "no.such.host.invalid"}
    assert "no.such.host.invalid" in error(alone, variables=unknown)


def test_tls_is_checked_when_it_is_asked_for(alone: Cluster, tmp_path: Path) -> None:
    assert "SSL" in error(alone, variables={"postgres_tls": True})
    made = certificate(tmp_path)
    files = {"ssl_cert_file": made.file, "ssl_key_file": tmp_path / "key.pem"}
    for name, path in files.items():
        copy = alone.folder / "data" / path.name
        copy.write_bytes(path.read_bytes())
        copy.chmod(0o600)
        owner = (alone.folder / "data" / "PG_VERSION").stat()
        os.chown(copy, owner.st_uid, owner.st_gid)
        alone.execute(f"ALTER SYSTEM SET {name} = '{path.name}'")
    alone.execute("ALTER SYSTEM SET ssl = on")
    alone.execute("SELECT pg_reload_conf()")
    try:
        known = {"postgres_tls": True, "postgres_tls_ca": str(made.file)}
        deadline = time.monotonic() + 10
        while look(alone, variables=known).error and time.monotonic() < deadline:
            time.sleep(0.05)
        assert facts(alone, variables=known)["reachable"]
        assert "is not trusted" in error(alone, variables={"postgres_tls": True})
        missing = {"postgres_tls": True, "postgres_tls_ca": "/none"}
        assert error(alone, variables=missing) == "TLS: can't use /none: No such file or directory"
    finally:
        alone.execute("ALTER SYSTEM RESET ALL")
        alone.execute("SELECT pg_reload_conf()")


def test_a_unix_socket(alone: Cluster) -> None:
    where = {"postgres_socket": str(alone.folder), "postgres_password": ""}
    assert facts(alone, variables=where)["is_replica"] is False
    nowhere = {"postgres_socket": "/nonexistent"}
    assert "No such file" in error(alone, variables=nowhere)


@pytest.mark.parametrize(
    "rude", [{}, {"trickle": b"R"}, {"says": b"HTTP/1.1 200 OK\r\n\r\n", "closes": True}]
)
def test_what_is_no_postgresql_is_said_in_time(alone: Cluster, rude: dict[str, Any]) -> None:
    with rude_server(**rude) as port:
        began = time.monotonic()
        assert error(alone, timeout=0.5, variables={"postgres_port": port})
        assert time.monotonic() - began < 10


def test_several_ports_are_looked_at_at_once(alone: Cluster) -> None:
    dead = free_port()
    at = target(alone, postgres_port=[alone.port, dead])
    first, second = PostgresProbe().look(at, {}, timeout=5, now=time.time())
    assert (first.facts["port"], first.error) == (alone.port, "")
    assert second.facts["port"] == dead
    assert "refused" in second.error
