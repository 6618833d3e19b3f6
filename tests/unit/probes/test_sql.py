"""The sql probe on SQLite files, a real PostgreSQL and a real MariaDB."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pymysql
import pytest
from sqlalchemy import make_url, text

from autofix.core.readings import Reading, Target
from autofix.errors import ProbeError
from autofix.probes import sql_places
from autofix.probes.net import Deadline
from autofix.probes.sql import SqlProbe
from autofix.probes.sql_places import Place
from autofix.probes.sql_rows import column_names, value_of
from servers.mariadb import mariadb_server
from servers.postgres import USER, cluster
from servers.redis import free_port
from servers.rude import rude_server

TABLE = (
    "CREATE TABLE jobs (queue varchar(20), depth int, note varchar(50))",
    "INSERT INTO jobs VALUES ('mail', 7, 'a'), ('pdf', 3, NULL), ('h1', 9, 'mine')",
)
COUNT = "SELECT count(*) AS jobs, max(depth) AS deepest FROM jobs"


def sqlite_place(folder: Path) -> dict[str, Any]:
    with sqlite3.connect(folder / "app.db") as made:
        for statement in TABLE:
            made.execute(statement)
    made.close()
    return {"sql_url": f"sqlite:///{folder / 'app.db'}"}


def postgresql_place() -> dict[str, Any]:
    server = cluster()
    url = server.database()
    name = url.rpartition("/")[2]
    for statement in (*TABLE, "CREATE SEQUENCE numbers"):
        server.execute(statement, name)
    return {
        "sql_url": f"postgresql://{USER}@127.0.0.1:{server.port}/{name}",
        "sql_password": server.password,
    }


def mariadb_place(variables: dict[str, Any]) -> dict[str, Any]:
    port, user, password = (variables[f"mysql_{name}"] for name in ("port", "user", "password"))
    with pymysql.connect(
        host="127.0.0.1", port=port, user=user, password=password, autocommit=True
    ) as made, made.cursor() as cursor:  # fmt: skip
        cursor.execute("CREATE DATABASE IF NOT EXISTS app")
        cursor.execute("USE app")
        for statement in TABLE:
            cursor.execute(statement)
    return {"sql_url": f"mysql://{user}@127.0.0.1:{port}/app", "sql_password": password}


@pytest.fixture(scope="module", params=["sqlite", "postgresql", "mysql"])
def place(request: Any, tmp_path_factory: Any) -> Iterator[dict[str, Any]]:
    """The variables of a database that has three jobs."""
    if request.param == "sqlite":
        yield sqlite_place(tmp_path_factory.mktemp("sqlite"))
    elif request.param == "postgresql":
        yield postgresql_place()
    else:
        with mariadb_server() as server:
            yield mariadb_place(server.variables)


def look(
    variables: dict[str, Any], query: str, *, timeout: float = 10.0, **options: Any
) -> list[Reading]:
    target = Target("h1", "10.0.0.1", variables)
    return SqlProbe().look(target, {"query": query, **options}, timeout=timeout, now=1.0)


def facts(variables: dict[str, Any], query: str, **options: Any) -> dict[str, Any]:
    (reading,) = look(variables, query, **options)
    assert reading.error == ""
    return dict(reading.facts)


def error(variables: dict[str, Any], query: str, **options: Any) -> str:
    (reading,) = look(variables, query, **options)
    assert reading.error
    assert reading.error.isprintable()
    assert len(reading.error) < 700
    assert str(variables.get("sql_password") or "no password") not in reading.error
    return reading.error


def test_the_columns_of_one_row_are_facts(place: dict[str, Any]) -> None:
    assert facts(place, COUNT) == {
        "reachable": True, "error": None, "rows": 1, "jobs": 3, "deepest": 9,
    }  # fmt: skip


def test_several_rows_are_readings_told_apart_by_a_column(place: dict[str, Any]) -> None:
    found = look(place, "SELECT queue, depth, note FROM jobs ORDER BY depth", by=["queue"])
    assert [(each.facts["queue"], each.facts["depth"]) for each in found] == [
        ("pdf", 3), ("mail", 7), ("h1", 9),
    ]  # fmt: skip
    assert {each.facts["rows"] for each in found} == {3}
    assert "note" not in found[0].facts


def test_rows_that_cant_be_told_apart_are_an_error(place: dict[str, Any]) -> None:
    assert "3 rows: make the query give one" in error(place, "SELECT * FROM jobs")
    alike = "SELECT queue, 1 AS x FROM jobs"
    assert "3 rows are alike in x" in error(place, alike, by=["x"])
    assert "has no column 'y'" in error(place, alike, by=["y"])


def test_no_row_is_seen_and_has_no_columns(place: dict[str, Any]) -> None:
    found = facts(place, "SELECT * FROM jobs WHERE depth > 100")
    assert found == {"reachable": True, "error": None, "rows": 0}


def test_parameters_are_bound_and_never_text_of_the_query(place: dict[str, Any]) -> None:
    query = "SELECT depth FROM jobs WHERE queue = :name"
    assert facts(place, query, parameters={"name": "host"})["depth"] == 9
    evil = {**place, "queue_name": "' OR 1=1 --"}
    assert facts(evil, query, parameters={"name": "queue_name"})["rows"] == 0
    assert "is not set" in error(place, query, parameters={"name": "queue_name"})


def test_more_rows_than_wanted_are_refused(place: dict[str, Any]) -> None:
    query = "SELECT queue FROM jobs"
    assert "over 2 rows" in error(place, query, by=["queue"], max_rows=2)
    assert len(look(place, query, by=["queue"], max_rows=3)) == 3


def test_a_flood_of_rows_is_neither_waited_for_nor_kept(place: dict[str, Any]) -> None:
    ten = "SELECT depth FROM jobs UNION ALL SELECT depth FROM jobs UNION ALL SELECT 1"
    many = "SELECT a.depth AS d FROM " + ", ".join(f"({ten}) {x}" for x in "abcdefghi")
    began = time.monotonic()
    found = error(place, many, max_rows=5, timeout=5)  # 40 million rows
    assert "over 5 rows" in found or "did not answer" in found
    assert time.monotonic() - began < 100


def test_nothing_can_be_changed(place: dict[str, Any]) -> None:
    for statement in ("DELETE FROM jobs", "DROP TABLE jobs", "UPDATE jobs SET depth = 1"):
        assert "begins with SELECT" in error(place, statement)
    sly = "WITH x AS (SELECT 1) DELETE FROM jobs"
    assert error(place, sly)
    if place["sql_url"].startswith("postgresql"):
        assert "read-only transaction" in error(place, "SELECT nextval('numbers') AS n")
        assert facts(place, "SHOW server_version;")["server_version"]
    assert facts(place, COUNT)["jobs"] == 3


def test_a_query_that_takes_long_is_ended(place: dict[str, Any]) -> None:
    if place["sql_url"].startswith("sqlite"):
        slow = (
            "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)"
            " SELECT max(x) AS m FROM n"
        )
    elif place["sql_url"].startswith("postgresql"):
        slow = "SELECT 1 AS x, pg_sleep(20)"
    else:
        slow = "SELECT count(*) AS n, SLEEP(20) FROM jobs"
    began = time.monotonic()
    assert "did not answer within 1 s" in error(place, slow, timeout=1.0)
    assert time.monotonic() - began < 10


def test_a_wrong_query_is_one_line_of_the_databases_own(place: dict[str, Any]) -> None:
    found = error(place, "SELECT nonsense FROM jobs")
    assert "nonsense" in found
    assert "Background on this error" not in found
    assert "none_such" in error(place, "SELECT * FROM none_such")


def test_another_connection_by_name(place: dict[str, Any]) -> None:
    named = {f"sql_app_{key.removeprefix('sql_')}": value for key, value in place.items()}
    assert facts(named, COUNT, connection="app")["jobs"] == 3
    assert "sql_url is not set for h1" in error(named, COUNT)


def test_a_password_belongs_apart(place: dict[str, Any]) -> None:
    url = "postgresql://u:hush@127.0.0.1/x"
    found = error({"sql_url": url}, COUNT)
    assert found == "sql_url has a password in it: set sql_password"


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"sql_url": "postgresql://127.0.0.1:PORT/x"}, "refused the connection"),
        ({"sql_url": "mysql://u@127.0.0.1:PORT/x"}, "refused the connection"),
        ({"sql_url": "sqlite:////nonexistent/x.db"}, "unable to open database file"),
        ({"sql_url": "sqlite:///relative.db"}, "write the whole path"),
        ({"sql_url": "sqlite://"}, "write the whole path"),
        ({"sql_url": "nonsense hush"}, "sql_url is no URL of a database"),
        ({"sql_url": "nodb://u@127.0.0.1/x"}, "no driver for 'nodb'"),
        ({"sql_url": "oracle://u@127.0.0.1/x"}, "no driver for 'oracle'"),
        ({"sql_url": "mysql://u@127.0.0.1/x?ssl=1"}, "set sql_tls"),
        ({"sql_url": 7}, "no URL of a database"),
    ],
)
def test_where_nothing_is_to_be_asked(variables: dict[str, Any], words: str) -> None:
    variables["sql_url"] = str(variables["sql_url"]).replace("PORT", str(free_port()))
    found = error(variables, COUNT)
    assert words in found
    assert "hush" not in found


@pytest.mark.parametrize("dialect", ["postgresql", "mysql"])
def test_a_server_that_is_silent_is_given_up_in_time(dialect: str) -> None:
    with rude_server() as port:
        began = time.monotonic()
        url = f"{dialect}://u@127.0.0.1:{port}/x"
        assert "did not answer within 0.5 s" in error({"sql_url": url}, COUNT, timeout=0.5)
        assert time.monotonic() - began < 2


def test_any_other_driver_is_left_behind_when_it_does_not_come_back() -> None:
    place = Place(make_url("oracle://u@db/x"))
    with pytest.raises(ProbeError, match=r"did not answer within 0\.1 s"):
        sql_places.in_thread(place, Deadline(0.1), lambda: time.sleep(1))


def test_a_driver_that_never_comes_back_is_not_asked_for_ever() -> None:
    place, over = Place(make_url("oracle://u@silent/x")), threading.Event()
    for _ in range(sql_places.MOST_LEFT):
        with pytest.raises(ProbeError, match="did not answer"):
            sql_places.in_thread(place, Deadline(0.05), over.wait)
    before = threading.active_count()
    with pytest.raises(ProbeError, match="3 questions to it have not come back"):
        sql_places.in_thread(place, Deadline(0.05), over.wait)
    assert threading.active_count() <= before
    assert sql_places.in_thread(Place(make_url("oracle://u@db2/x")), Deadline(5), lambda: 7) == 7
    over.set()
    until = time.monotonic() + 10
    while sql_places._left.count("oracle://u@silent/x") and time.monotonic() < until:
        time.sleep(0.01)
    assert sql_places.in_thread(place, Deadline(5), lambda: 8) == 8


def test_any_other_driver_is_rolled_back(tmp_path: Path) -> None:
    sqlite_place(tmp_path)
    place = Place(make_url(f"sqlite:///{tmp_path / 'app.db'}"))
    with sql_places.other(place) as connection:
        connection.execute(text("DELETE FROM jobs"))
    with sql_places.other(place) as connection:
        assert connection.execute(text("SELECT count(*) FROM jobs")).scalar() == 3


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "'query' is missing"),
        ({"query": "EXEC x"}, "begins with SELECT"),
        ({"query": "SELECT :a"}, ":a stands for nothing"),
        ({"query": "SELECT 1", "parameters": {"a": "host"}}, "'a' is not in the query"),
        ({"query": "SELECT :a", "parameters": {"a": "redis_password"}}, "is a secret"),
        ({"query": "SELECT 1", "by": ["error"]}, "means something else"),
        ({"query": "SELECT 1", "connection": "A b"}, "connection"),
        ({"query": "SELECT 1", "max_rows": 5000}, "max_rows"),
    ],
)
def test_wrong_options(options: dict[str, Any], words: str) -> None:
    found = SqlProbe().check_options(options)
    assert any(words in each for each in found), found


def test_names_of_columns() -> None:
    names = column_names(["Lag", "count(*)", "rows", "1", "", "a b", "a_b", "host", "error"])
    assert names == [
        "Lag", "count", "column_rows", "column_1", "column", "a_b", "a_b_2",
        "column_host", "column_error",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        (Decimal("3"), 3),
        (Decimal("0.93"), 0.93),
        (Decimal("NaN"), None),
        (float("inf"), None),
        (2**60, float(2**60)),
        (2**2000, None),
        (timedelta(minutes=1), 60.0),
        (date(2026, 1, 2), "2026-01-02"),
        (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00+00:00"),
        (b"text", "text"),
        (b"\xff\x00", None),
        ("x" * 20_000, "x" * 10_000),
        ("\ud800", "?"),
        (True, True),
    ],
)
def test_values(value: Any, seen: Any) -> None:
    assert value_of(value) == seen
